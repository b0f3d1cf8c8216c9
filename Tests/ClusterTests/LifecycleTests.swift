import ClusterHarness
import Foundation
import Testing

/// Signals, restarts, and what survives them.
struct LifecycleTests {
    @Test
    func `SIGTERM under load drains and exits 0 within 10 s, and what it acknowledged is there`()
        async throws
    {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.notice, TestItems.file])
            let node = cluster.node(.fuzhou)
            let workload = Workload([.init(member: .fuzhou, client: node.client)])
            let seed = SeededGenerator.seed(for: "SIGTERM")
            // One who waits for a change must not hold the node up.
            let waiting = Task { try? await node.client.changes(after: "999999999", wait: 60) }
            try await workload.run(writersPerSite: 8, seed: seed) {
                while workload.acknowledgedCount < 200, !workload.hasStopped {
                    try await Task.sleep(for: .milliseconds(5))
                }
                let start = ContinuousClock.now
                let exit = await node.stop()
                #expect(exit == .code(0))
                #expect(ContinuousClock.now - start < .seconds(10))
                try await node.start()
            }
            waiting.cancel()
            #expect(workload.unexpected == [])
            let findings = try await workload.judge()
            #expect(findings.isEmpty, "\(findings.prefix(5))")
        }
    }

    @Test func `an idempotency key holds across SIGKILL`() async throws {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.notice])
            let node = cluster.node(.fuzhou)
            let fields: JSON = ["mark": "one"]
            let made = try await node.client.create("T-NOTICE", fields: fields, key: "k-1")
            let patched = try await node.client.patch(made.id, fields: ["phone": "1"], key: "k-2")
            _ = try await node.client.patch(made.id, fields: ["phone": "2"])
            await node.kill()
            try await node.start()
            let again = try await node.client.create("T-NOTICE", fields: fields, key: "k-1")
            #expect(again.id == made.id)
            // The answer is the record as it is now; the old write is not done again.
            let repeated = try await node.client.patch(made.id, fields: ["phone": "1"], key: "k-2")
            #expect(repeated.id == patched.id)
            #expect(repeated.fields["phone"] == "2")
            #expect(try await node.client.records().count == 1)
            let error = await #expect(throws: NodeClient.Failure.self) {
                _ = try await node.client.create("T-NOTICE", fields: ["mark": "two"], key: "k-1")
            }
            #expect(error?.code == "key_reused")
            // The token of before the kill still says what its writer had seen.
            let late = try await node.client.patch(
                made.id,
                fields: ["phone": "3"],
                ifMatch: patched.etag
            )
            #expect(late.fields["phone"] == "3")
        }
    }

    @Test func `a revoked peer is closed on SIGHUP and no other`() async throws {
        let members: [Member] = [.fuzhou, .putian, .ningde]
        try await withTestCluster(members, configure: { $0.authority = nil }) { cluster in
            try await cluster.waitUntilCaughtUp()
            let node = cluster.node(.fuzhou)
            let ended = "session with 350300 ended"
            func endings() -> Int { node.log().components(separatedBy: ended).count }
            // Both dialled at once: the connection too many goes first.
            var before = -1
            try await waitUntil("the sessions are settled", every: .milliseconds(500)) {
                defer { before = endings() }
                return endings() == before ? nil : "one ended just now"
            }
            try await cluster.authority.revoke("350900")
            try await cluster.authority.writeRevocations(to: node.place.revocations)
            node.reload()
            try await waitUntil("Ningde is refused") {
                let ningde = try await peer("350900", at: node)
                return ningde["state"].string == "refused" ? nil : "\(ningde)"
            }
            let putian = try await peer("350300", at: node)
            #expect(putian["state"] == "current")
            // The same session as before: nothing of it was begun anew.
            #expect(endings() == before)
            #expect(node.log().contains("session with 350900 ended"))
            #expect(try await peer("350900", at: node)["reason"]["code"] == "revoked")
            #expect(node.log().contains("revoked"))
            #expect(try await node.client.isReady())
        }
    }

    private func peer(_ code: String, at node: NodeProcess) async throws -> JSON {
        try await node.client.peers()["peers"].elements
            .first { $0["member"].string == code } ?? .null
    }

    @Test func `tokens are taken up on SIGHUP, and roles hold over TCP`() async throws {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.notice])
            let node = cluster.node(.fuzhou)
            let clerk = try await node.makeToken(named: "counter", role: "clerk")
            let reader = try await node.makeToken(named: "screen", role: "reader")
            node.reload()
            try await waitUntil("the token is taken") {
                try await node.client(token: clerk).records().isEmpty
            }
            let made = try await node.client(token: clerk).create(
                "T-NOTICE",
                fields: ["mark": "one"]
            )
            #expect(try await node.client(token: reader).record(made.id).id == made.id)
            let refused = await #expect(throws: NodeClient.Failure.self) {
                _ = try await node.client(token: reader).patch(made.id, fields: ["phone": "1"])
            }
            #expect(refused?.code == "role_insufficient")
            let unknown = await #expect(throws: NodeClient.Failure.self) {
                _ = try await node.client(token: clerk + "x").records()
            }
            #expect(unknown?.code == "token_invalid")
        }
    }

    @Test func `a second node on the same data folder is refused, a dead one's lock is not`()
        async throws
    {
        try await withTestCluster { cluster in
            let node = cluster.node(.fuzhou)
            let other = try await Command(
                cluster.installation.daemon,
                ["--config", node.place.configuration]
            ).run()
            #expect(other.exit != .code(0))
            let pid = try #require(node.process).pid
            #expect(other.errorText.contains("\(pid)"))
            #expect(try await node.client.isReady())
            await node.kill()
            try await node.start()
        }
    }
}
