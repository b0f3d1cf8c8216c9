import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// Nodes whose clocks do not agree.
struct ClockTests {
    private static let aheadMilliseconds: Int64 = 5 * 60_000

    private func finding(_ code: String, at node: Node) async -> StatusDocument.Finding? {
        await node.observe().findings.first { $0.code == code }
    }

    @Test
    func `a clock ahead of all others is doubted by its node, named by the others, and healed`()
        async throws
    {
        var three = try await ManyNodes(["350100", "350300", "350700"])
        let digest = try await three.agree()
        try await three.settle()
        let (fuzhou, putian) = (three.nodes[0], three.nodes[1])
        try await three.nodes[2].stop()
        let ahead = NodeClocks(wallAheadMilliseconds: Self.aheadMilliseconds)
        three.nodes[2] = try await three.alliance.start("350700", clocks: ahead)
        try await three.settle()

        // It says so itself; those that agree with most do not.
        try await three.nodes[2].eventually("its own clock is doubted") { node in
            let finding = await finding("own_clock_doubtful", at: node)
            return finding?.severity == .critical
                && finding?.text.hasPrefix("2 of 2 connected peers") == true
                && finding?.text.contains("ahead of") == true
        }
        #expect(await finding("own_clock_doubtful", at: fuzhou.node) == nil)
        #expect(await finding("skew", at: fuzhou.node)?.subject == "350700")

        // What it writes is held, and it is named for it: in the finding, its row and the list.
        let id = try await TwoNodeTests.create(digest, at: three.nodes[2].node, home: "350100")
        try await fuzhou.eventually("it is held") { node in
            await finding("clock_ahead", at: node)?.subject == "350700"
        }
        let observation = await fuzhou.node.observe()
        let row = try #require(observation.links.first { $0.member.string == "350700" })
        #expect(row.held == [.clockAhead: 1])
        let peer = StatusDocument.Peer(row, in: observation)
        #expect(peer.reason?.code == "clock_ahead" && peer.reason?.owner == "350700")
        let held = try await fuzhou.node.held(after: 0, limit: 10).rows
        #expect(held.map(\.reason) == [.clockAhead])
        #expect(held.first?.owners.map(\.string) == ["350700"])
        #expect(held.first?.nextTry != nil)
        #expect(try await fuzhou.node.record(id) == nil)
        // Nobody else is hindered.
        let other = try await TwoNodeTests.create(digest, at: putian.node, home: "350100")
        try await fuzhou.eventually("others' work flows") { try await $0.record(other) != nil }

        // Once it is set right, its node says that it ran ahead, and nobody waits any more.
        try await three.nodes[2].stop()
        three.nodes[2] = try await three.alliance.start("350700")
        try await fuzhou.eventually("what was held is released") { node in
            try await node.record(id) != nil
        }
        #expect(await finding("clock_ahead", at: fuzhou.node) == nil)
        try await three.nodes[2].eventually("it is trusted and writes") { node in
            let isDoubted = await finding("own_clock_doubtful", at: node) != nil
            let isBehind = await finding("clock", at: node) != nil
            return !isDoubted && !isBehind
        }
        _ = try await TwoNodeTests.create(digest, at: three.nodes[2].node, home: "350100")
        try await three.stop()
    }
}
