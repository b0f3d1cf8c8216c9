import AllianceModel
import Foundation
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// Idempotency keys of requests that answer with no record, at a running node.
struct RepeatedRequestTests {
    private func caller(_ key: String?, _ request: String) -> Caller {
        Caller(
            actor: "test",
            route: "POST /",
            idempotencyKey: key,
            request: SHA256.hash(Bytes(request.utf8)),
            status: 200
        )
    }

    @Test func `a backup asked for twice under one key is made once, also at once`() async throws {
        let alliance = try TestAlliance(["350100"])
        defer { alliance.remove() }
        let running = try await alliance.start("350100")
        let node = running.node
        let path = "\(alliance.folder.path)/copy 7 (1 bytes).sqlite"
        let caller = caller("key", path)
        async let one = node.backup(to: path, caller)
        async let other = node.backup(to: path, caller)
        let (first, second) = (try await one.get(), try await other.get())
        #expect(first == second)
        #expect(first.bytes > 0 && FileManager.default.fileExists(atPath: path))
        // Also once the file is gone, and after a restart.
        try FileManager.default.removeItem(atPath: path)
        try await running.stop()
        let again = try await alliance.start("350100")
        #expect(try await again.node.backup(to: path, caller).get() == first)
        #expect(!FileManager.default.fileExists(atPath: path))
        let reused = try await again.node.backup(to: path, self.caller("key", "another request"))
        #expect(throws: Refusal.keyReused) { try reused.get() }
        // What was refused is not remembered.
        let refused = self.caller("other key", "\(path)/")
        for _ in 0..<2 {
            let result = try await again.node.backup(to: "\(path)/", refused)
            #expect(throws: Refusal.self) { try result.get() }
        }
        try await again.stop()
    }

    @Test func `a key that wrote a record is refused for a backup, and the other way round`()
        async throws
    {
        let two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        let node = two.nodes[0].node
        let creation = TwoNodeTests.creation(digest, home: "350300")
        _ = try await node.create(creation, caller("a key", "creation")).get()
        let path = "\(two.alliance.folder.path)/copy.sqlite"
        let reused = try await node.backup(to: path, caller("a key", "backup"))
        #expect(throws: Refusal.keyReused) { try reused.get() }
        _ = try await node.backup(to: path, caller("another", "backup")).get()
        let created = try await node.create(creation, caller("another", "creation"))
        #expect(throws: Refusal.keyReused) { try created.get() }
        // A reissue with nothing to issue is a success, and its key is used up too.
        let page = try await node.reissue(ReissueQuery(limit: 10), caller("third", "reissue")).get()
        #expect(page == ReissuePage(reissues: [], lookedAt: 0, next: nil))
        let third = try await node.backup(to: path, caller("third", "backup"))
        #expect(throws: Refusal.keyReused) { try third.get() }
        try await two.stop()
    }
}
