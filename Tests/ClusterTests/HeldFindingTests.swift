import ClusterHarness
import Testing

/// What waits for too long is said until somebody has acted, whoever is there meanwhile.
@Suite(.tags(.slow))
struct HeldFindingTests {
    private func findings(_ node: NodeProcess) async throws -> [JSON] {
        try await node.client.status()["health"]["findings"].elements
            .filter { $0["code"] == "held" }
    }

    @Test func `what is held for more than a day is critical, also while its member is away`()
        async throws
    {
        var random = SeededGenerator(seed: SeededGenerator.seed(for: "held"))
        try await withAbsentPutian { cluster, node in
            let peer = try await HandmadeNode(cluster, &random)
            let entries = [23, 25].map { hours in
                peer.creation(
                    random.uuid7(),
                    mark: "\(hours) h",
                    definition: sha256([UInt8(hours)]),
                    secondsAgo: hours * 3_600
                )
            }
            // Younger than a day: counted, and nothing to find yet.
            let young = try peer.push([entries[0]], of: peer.feed())
            let putian = try await Strangers.Stranger.putian(cluster)
            let port = node.place.peerPort
            _ = try await putian.call(port: port, sending: peer.hello() + young + peer.farewell())
            try await waitUntil("one is held") { try await held(node) == 1 }
            #expect(try await findings(node) == [])

            let old = try peer.push([entries[1]], of: peer.feed(), first: 2, after: [entries[0]])
            _ = try await putian.call(port: port, sending: peer.hello() + old + peer.farewell())
            try await waitUntil("two are held") { try await held(node) == 2 }
            let row = try await row(node)
            #expect(row["state"] != "current" && row["toApply"]["count"].isNull)
            let finding = try #require(try await findings(node).first)
            #expect(finding["severity"] == "critical" && finding["subject"].string == peer.member)
            #expect(finding["text"].string?.contains("oldest for 1d") == true, "\(finding)")
            // It is in the store, not in the process.
            await node.stop()
            try await node.start()
            #expect(try await findings(node).first?["severity"] == "critical")
            #expect(try await node.citysync(["status"]).exit == .code(2))
        }
    }

    private func row(_ node: NodeProcess) async throws -> JSON {
        try await node.client.peers()["peers"].elements
            .first { $0["member"].string == Strangers.impersonated.code } ?? .null
    }

    private func held(_ node: NodeProcess) async throws -> Int {
        try await row(node)["held"].members.values.reduce(0) { $0 + ($1.integer ?? 0) }
    }
}
