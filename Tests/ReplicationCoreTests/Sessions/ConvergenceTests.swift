import Testing

@testable import ReplicationCore

@Suite struct ConvergenceTests {
    /// Links lost and late, restarts in the middle of anything, several links at once; then heal and
    /// demand convergence.
    @Test(arguments: [2, 3], 0..<30 as Range<UInt64>)
    func `after any history every member has what was written for it`(
        count: Int,
        seed: UInt64
    )
        throws
    {
        var alliance = try ToyAlliance(count, seed: seed)
        for _ in 0..<600 { try alliance.step() }
        let isHealed = alliance.heal()
        #expect(isHealed, "seed \(seed)")
        alliance.expectConverged("seed \(seed), \(count) nodes")
    }

    @Test func `an idle alliance says little and stays together`() throws {
        var alliance = try ToyAlliance(2, seed: 1)
        alliance.write()
        let isHealed = alliance.heal()
        #expect(isHealed)
        var frames = 0
        // A minute, a second at a time.
        for _ in 0..<60 {
            alliance.pass(1_000)
            while let link = alliance.links.first, link.underWay.contains(where: { !$0.isEmpty }) {
                frames += 1
                alliance.deliver()
            }
        }
        #expect(alliance.nodes.allSatisfy { $0.replica.peers.allSatisfy(\.isCaughtUp) })
        // One Ping and its answer for every quarter of a minute: the lower code speaks first.
        #expect((6...8).contains(frames))
    }

    @Test func `reconnecting with nothing to do takes one round trip`() throws {
        var alliance = try ToyAlliance(2, seed: 2)
        for _ in 0..<20 { alliance.write() }
        _ = alliance.heal()
        alliance.cut()
        alliance.connect(0, 1)
        var frames = 0
        while alliance.links[0].underWay.contains(where: { !$0.isEmpty }) {
            frames += 1
            alliance.deliver()
        }
        // Hello, Ping and Ack from each side.
        #expect(frames == 6)
        #expect(alliance.nodes.allSatisfy { $0.replica.peers.allSatisfy(\.isCaughtUp) })
    }
}
