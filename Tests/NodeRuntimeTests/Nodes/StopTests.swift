import AllianceModel
import Foundation
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport
import Synchronization
import Testing

/// How a node ends, in the middle of whatever it does.
struct StopTests {
    @Test func `a stop while many write answers everybody, and keeps what was acknowledged`()
        async throws
    {
        var two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        let node = two.nodes[0].node
        let acknowledged = Acknowledged()
        let writers = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        while true {
                            do {
                                let id = try await TwoNodeTests.create(
                                    digest,
                                    at: node,
                                    home: "350300"
                                )
                                acknowledged.add(id)
                            } catch {
                                #expect(error as? StoreError == .stopped)
                                return
                            }
                        }
                    }
                }
            }
        }
        try await two.nodes[0].eventually("the writers are at it") { _ in
            acknowledged.all.count > 50
        }
        let start = ContinuousClock.now
        try await two.nodes[0].stop()
        await writers.value
        #expect(ContinuousClock.now - start < .seconds(60))

        two.nodes[0] = try await two.alliance.start("350100")
        let ids = acknowledged.all
        for id in ids { #expect(try await two.nodes[0].node.record(id) != nil) }
        try await two.settle()
        let there = try await two.nodes[1].node.verify(with: nil)
        #expect(there.map(\.equal) == [true])
        #expect(there[0].records >= ids.count)
        try await two.stop()
    }

    @Test func `a node that has stopped refuses and keeps nobody waiting`() async throws {
        let alliance = try TestAlliance(["350100", "350300"])
        defer { alliance.remove() }
        let running = try await alliance.start("350100")
        let node = running.node
        let position = try #require(await node.observe().lastPosition)
        let waiting = Task {
            try await node.changes(after: position, limit: 10, waitMilliseconds: 60_000)
        }
        try await running.stop()
        // Ended by the stop: either empty, or refused because it came too late.
        let page = try? await waiting.value
        #expect(page?.changes.isEmpty != false)
        await #expect(throws: StoreError.stopped) {
            try await TwoNodeTests.create(SHA256.hash([1]), at: node, home: "350300")
        }
        // An observation after the end does not wait for a writer that is gone, and makes nothing
        // up: what cannot be known any more is unknown.
        let end = await node.observe()
        #expect(end.lastPosition == nil && end.commits == nil && end.writes == nil)
        #expect(!node.hasFailed)
    }

    @Test func `a store that fails is said everywhere, and nothing unanswered is kept`()
        async throws
    {
        var two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        let id = try await TwoNodeTests.create(digest, at: two.nodes[0].node, home: "350300")
        try await two.settle()
        let node = two.nodes[0].node

        // Another connection takes the write lock and keeps it: SQLite gives up as it would on a
        // disk that hangs.
        let intruder = try Intruder(two.alliance.dataFolder("350100"))
        try intruder.block()
        await #expect(throws: StoreError.self) {
            try await TwoNodeTests.create(digest, at: node, home: "350300")
        }
        #expect(node.hasFailed)
        let observation = await node.observe()
        #expect(observation.storeProblem?.code == .storeStopped)
        #expect(await node.whyNotReady()?.code == .storeStopped)
        // Reads go on; the peers are told and do not wait for acknowledgements.
        #expect(try await node.record(id) != nil)
        try await two.nodes[1].eventually("the session is over, and the peer knows why") { node in
            let link = await node.observe().links[0]
            return !link.session.isConnected && link.reason == "store_stopped"
        }
        intruder.release()
        await #expect(throws: StoreError.self) {
            try await TwoNodeTests.create(digest, at: node, home: "350300")
        }
        try await two.nodes[0].stop()
        two.nodes[0] = try await two.alliance.start("350100")
        #expect(try await two.nodes[0].node.records(RecordQuery(limit: 10)).records.count == 1)
        try await two.settle()
        try await two.stop()
    }
}

/// What writers were answered.
private final class Acknowledged: Sendable {
    private let ids = Mutex<[RecordIdentifier]>([])

    var all: [RecordIdentifier] { ids.withLock { $0 } }
    func add(_ id: RecordIdentifier) { ids.withLock { $0.append(id) } }
}

/// A second connection to a running node's database.
final class Intruder {
    private let folder: URL
    private let store: SQLiteStore

    init(_ data: String) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "citysync-intruder-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A folder of its own, for the lock; the file is the node's.
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/citysync.sqlite",
            withDestinationPath: "\(data)/citysync.sqlite"
        )
        store = try SQLiteStore(
            DataFolder(folder.path),
            StoreSettings(
                hash: SHA256.function,
                random: { SecureRandom.bytes($0) },
                terms: { _, _ in nil }
            )
        )
    }

    func block() throws { try store.begin() }
    func release() { store.rollback() }

    deinit { try? FileManager.default.removeItem(at: folder) }
}
