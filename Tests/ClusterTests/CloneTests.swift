import ClusterHarness
import Foundation
import Testing

/// A machine that was copied while it ran, memory and all: both copies write under one incarnation.
@Suite(.tags(.slow))
struct CloneTests {
    @Test
    func `a live clone is detected, proved and shown, and its writes are issued again once`()
        async throws
    {
        var random = SeededGenerator(seed: SeededGenerator.seed(for: "clone"))
        try await withAbsentPutian { cluster, fuzhou in
            let ningde = cluster.node(.ningde)
            let putian = cluster.node(Strangers.impersonated)
            let ids = try await fork(cluster, [fuzhou, ningde], &random)

            // Detected and proved: everybody says so.
            for node in [fuzhou, ningde] {
                try await waitUntil("\(node.place.folder) knows of the fork") {
                    try await findings("fork", node).first?["subject"].string
                        == Strangers.impersonated.code
                }
            }

            // The member's own node comes back, and learns what both copies wrote and that it is void.
            try await putian.start()
            try await waitUntil("Putian has its forked writes", within: .seconds(90)) {
                let shown = try await marks(putian)
                return try await !forked(putian).isEmpty && shown.contains("before")
            }
            try await cluster.waitUntilCaughtUp()
            let known = Set(try await forked(putian))
            #expect(known.isSubset(of: Set(ids)))
            #expect(try await !marks(fuzhou).contains { $0.hasPrefix("of the ") })

            // One row of the list is restored as any value of the journal is, the rest at once.
            let trial = try await reissue(putian, "--dry-run")
            #expect(
                trial["issued"].integer == 0
                    && results(trial) == known.map { _ in "would_be_issued" }
            )
            let first = try await reissue(putian)
            #expect(first["issued"].integer == known.count, "\(first)")
            let second = try await reissue(putian)
            #expect(second["issued"].integer == 0)
            #expect(reasons(second) == known.map { _ in "issued_before" }, "\(second)")
            for node in [fuzhou, ningde, putian] {
                try await waitUntil("\(node.place.folder) shows what was issued") {
                    try await marks(node).count { $0.hasPrefix("of the ") } == known.count
                }
            }
            try await cluster.waitUntilCaughtUp()
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }

    /// Putian writes one record, is copied, and each copy writes another, of which one city hears.
    ///
    /// Returns the ids of the two.
    private func fork(
        _ cluster: Cluster,
        _ nodes: [NodeProcess],
        _ random: inout SeededGenerator
    ) async throws -> [String] {
        let peer = try await HandmadeNode(cluster, &random)
        let stranger = try await Strangers.Stranger.putian(cluster)
        let before = peer.creation(random.uuid7(), mark: "before", secondsAgo: 20)
        var ids: [String] = []
        for (node, copy) in zip(nodes, ["first", "second"]) {
            let uuid = random.uuid7()
            ids.append("\(peer.member).\(uuid)")
            let after = peer.creation(uuid, mark: "of the \(copy)", secondsAgo: 10)
            let said =
                peer.hello() + (try peer.push([before, after], of: peer.feed())) + peer.farewell()
            let port = node.place.peerPort
            let outcome = try await stranger.call(port: port, sending: said, seconds: 5)
            #expect(HandmadeNode.fault(in: outcome.output) == nil)
        }
        return ids
    }

    private func findings(_ code: String, _ node: NodeProcess) async throws -> [JSON] {
        try await node.client.status()["health"]["findings"].elements
            .filter { $0["code"].string == code }
    }

    /// The records of which a write of this node's member is forked.
    private func forked(_ node: NodeProcess) async throws -> [String] {
        let run = try await node.citysync(["conflicts", "list", "--kind", "forked", "-o", "json"])
        #expect(run.exit == .code(0), "\(run)")
        let page = try JSON(parsing: run.output)
        return page["conflicts"].elements.compactMap { $0["record"].string }
    }

    private func reissue(_ node: NodeProcess, _ options: String...) async throws -> JSON {
        let run = try await node.citysync(["conflicts", "reissue", "-o", "json"] + options)
        #expect(run.exit == .code(0), "\(run)")
        return try JSON(parsing: run.output)
    }

    private func results(_ document: JSON) -> [String] {
        document["writes"].elements.compactMap { $0["result"].string }
    }

    private func reasons(_ document: JSON) -> [String] {
        document["writes"].elements.compactMap { $0["reason"].string }
    }

    private func marks(_ node: NodeProcess) async throws -> Set<String> {
        let page = try await node.client.records()
        return Set(page.compactMap { $0["fields"]["mark"].string })
    }
}
