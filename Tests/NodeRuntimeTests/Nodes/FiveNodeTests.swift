import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// A whole alliance in one process.
struct FiveNodeTests {
    private static let codes = ["350100", "350128", "350300", "350700", "350900"]

    @Test func `five cities exchange everything, one comes back as another incarnation`()
        async throws
    {
        var five = try await ManyNodes(Self.codes)
        let digest = try await five.agree()
        try await write(digest, at: five.nodes)
        try await five.settle()
        try await expectEqual(five, records: 8)

        // One is away while the others go on.
        let incarnation = await five.nodes[2].node.observe().incarnation
        try await five.nodes[2].stop()
        try await write(digest, at: [five.nodes[0], five.nodes[1], five.nodes[3], five.nodes[4]])
        five.nodes[2] = try await five.alliance.start(Self.codes[2])
        #expect(await five.nodes[2].node.observe().incarnation != incarnation)
        try await write(digest, at: [five.nodes[2]])
        try await five.settle()
        // Two records of each pair and city; of the second round too, and the returned one's own.
        try await expectEqual(five, records: 16)
        try await five.stop()
    }

    /// One record for every other city.
    private func write(_ digest: Digest, at nodes: [RunningNode]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for running in nodes {
                for home in Self.codes where home != running.node.member.string {
                    group.addTask {
                        _ = try await TwoNodeTests.create(digest, at: running.node, home: home)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func expectEqual(_ five: ManyNodes, records: Int) async throws {
        for running in five.nodes {
            let page = try await running.node.records(RecordQuery(limit: 1_000))
            #expect(page.records.count == records, "\(running.node.member)")
            let checks = try await running.node.verify(with: nil)
            #expect(checks.map(\.equal) == [true, true, true, true], "\(checks)")
        }
    }
}
