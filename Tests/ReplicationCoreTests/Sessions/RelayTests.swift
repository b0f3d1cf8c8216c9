import AllianceModel
import Testing

@testable import ReplicationCore

/// Feeds had of others than their member, in a whole alliance.
@Suite struct RelayTests {
    private func feed(
        _ alliance: ToyAlliance,
        _ index: Int,
        _ audience: Audience = .alliance
    ) -> FeedIdentity {
        Stage.feed(
            of: alliance.codes[index],
            incarnation: alliance.nodes[index].incarnation,
            audience
        )
    }

    private func size(_ alliance: ToyAlliance, _ node: Int, _ identity: FeedIdentity) -> Int {
        alliance.nodes[node].log.feeds[identity.digest(hash: TestHash.quick)]?.entries.count ?? 0
    }

    /// The first member has written, and only the second has heard of it.
    private func halfHeard(
        seed: UInt64 = 1,
        _ audience: Audience = .alliance,
        count: Int = 30
    ) throws -> (alliance: ToyAlliance, feed: FeedIdentity) {
        var alliance = try ToyAlliance(3, seed: seed)
        alliance.cutPairs = [[0, 2]]
        let identity = feed(alliance, 0, audience)
        for _ in 0..<3 {
            alliance.append(count / 3, to: identity, at: 0)
            alliance.reconnect()
            let isSettled = alliance.settle()
            #expect(isSettled)
        }
        #expect(size(alliance, 1, identity) == count)
        return (alliance, identity)
    }

    @Test(arguments: 0..<5 as Range<UInt64>)
    func `the feeds of a member that is gone for ever are had of those who have them`(
        seed: UInt64
    ) throws {
        var (alliance, identity) = try halfHeard(seed: seed)
        alliance.leave(0)
        let isHealed = alliance.heal()
        #expect(isHealed)
        #expect(size(alliance, 2, identity) == 30)
        alliance.expectConverged("seed \(seed)")
        // All of it is acknowledged to who pushed it, and the session lasts.
        let isQuiet = alliance.pass(seconds: 60)
        #expect(isQuiet)
        #expect(alliance.timeouts == 0)
        for session in alliance.nodes[1].replica.sessions.values {
            #expect(session.isIdle && session.normal.relayed.isEmpty)
        }
    }

    @Test func `what its member is about to deliver is wanted of nobody else`() throws {
        var alliance = try ToyAlliance(3, seed: 3)
        let isHealed = alliance.heal()
        #expect(isHealed)
        let identity = feed(alliance, 0)
        for _ in 0..<20 { alliance.append(3, to: identity, at: 0) }
        let isQuiet = alliance.pass(seconds: 60)
        #expect(isQuiet)
        #expect(
            alliance.nodes.allSatisfy { $0.replica.sessions.values.allSatisfy(\.wanting.isEmpty) }
        )
        alliance.expectConverged("live")
    }

    @Test func `a feed that its member withholds is had of another`() throws {
        var alliance = try ToyAlliance(3, seed: 4)
        let isHealed = alliance.heal()
        #expect(isHealed)
        let identity = feed(alliance, 0)
        // It goes to the second member, then to nobody.
        alliance.cutPairs = [[0, 2]]
        alliance.disconnect(2)
        alliance.append(12, to: identity, at: 0)
        alliance.reconnect()
        let isSettled = alliance.settle()
        #expect(isSettled)
        alliance.cutPairs = []
        alliance.withheld[0] = [identity.digest(hash: TestHash.quick)]
        let isTold = alliance.heal()
        #expect(isTold)
        #expect(size(alliance, 2, identity) == 12)
        #expect(alliance.violations.isEmpty)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a restored member regains what it had told anybody, and writes on`(
        seed: UInt64
    ) throws {
        var alliance = try ToyAlliance(3, seed: seed)
        let first = feed(alliance, 0)
        alliance.append(5, to: first, at: 0)
        let backup = alliance.nodes[0].log
        let second = feed(alliance, 0, .members(alliance.codes))
        alliance.append(7, to: first, at: 0)
        alliance.append(4, to: second, at: 0)
        let isHealed = alliance.heal()
        #expect(isHealed)
        try alliance.restart(0, from: backup)
        #expect(size(alliance, 0, first) == 5)
        alliance.append(2, to: feed(alliance, 0), at: 0)
        let isRegained = alliance.heal()
        #expect(isRegained)
        #expect(size(alliance, 0, first) == 12)
        #expect(size(alliance, 0, second) == 4)
        alliance.expectConverged("seed \(seed)")
    }

    /// Its tail went to one member only, which hands it on to nobody: the restored member does.
    @Test func `what a restored member regains it pushes to those who lacked it`() throws {
        var (alliance, identity) = try halfHeard()
        let empty = ToyLog()
        try alliance.restart(0, from: empty)
        alliance.cutPairs = [[1, 2]]
        alliance.disconnect(2)
        let isHealed = alliance.heal()
        #expect(isHealed)
        #expect(size(alliance, 2, identity) == 30)
        alliance.expectConverged("regained")
    }

    @Test func `nobody is named, served or pushed a feed that is not for it`() throws {
        var (alliance, _) = try halfHeard()
        let pair = Audience.members([alliance.codes[0], alliance.codes[1]].sorted())
        let secret = feed(alliance, 0, pair)
        alliance.append(6, to: secret, at: 0)
        alliance.reconnect()
        let isSettled = alliance.settle()
        #expect(isSettled)
        #expect(size(alliance, 1, secret) == 6)
        alliance.leave(0)
        let isHealed = alliance.heal()
        #expect(isHealed)
        #expect(size(alliance, 2, secret) == 0)
        alliance.expectConverged("secret")
        // Wanted all the same, and asked for a path, it is refused.
        let digest = secret.digest(hash: TestHash.quick)
        for message in [
            Message.want(Want(feed: digest, from: 1)), .prove(Prove(feed: digest, sequence: 1)),
        ] {
            var replica = alliance.nodes[1].replica
            let link = try #require(replica.used[alliance.codes[2]])
            replica.handle(.received(link, message, wallMilliseconds: 0), now: alliance.now)
            var outputs: [ReplicaOutput] = []
            while let output = replica.nextOutput() { outputs.append(output) }
            #expect(outputs.faults == [.feedForeign])
            #expect(outputs.reads.isEmpty)
        }
    }

    // MARK: A relay that lies

    private static let lies: [(name: String, lie: @Sendable (inout Push) -> Void)] = [
        ("a forged head", { $0.parts[0].head.signature[0] ^= 1 }),
        (
            "a head of its own",
            { push in
                push.parts[0].head = ToyLog.sign(push.parts[0].head.head, by: Stage.codes[1])
            }
        ),
        ("an entry left out", { $0.items.removeLast() }),
        ("an entry changed", { $0.items[0].leaf = TestHash.quick([9]) }),
        ("an older head", { $0.parts[0].head.head.size -= 1 }),
        ("another feed", { $0.parts[0].identity.deliveryClass = .urgent }),
    ]

    @Test(arguments: 0..<6)
    func `a relay that lies gets nothing stored, and its session ends`(index: Int) throws {
        let (name, lie) = Self.lies[index]
        var (alliance, identity) = try halfHeard()
        alliance.leave(0)
        let victim = alliance.codes[0]
        alliance.forge[1] = { message in
            guard case .push(var push) = message, push.parts[0].identity.member == victim else {
                return message
            }
            lie(&push)
            return .push(push)
        }
        for _ in 0..<60 {
            alliance.reconnect()
            let isSettled = alliance.settle()
            #expect(isSettled)
            alliance.pass(1_000)
        }
        #expect(size(alliance, 2, identity) == 0, "\(name)")
        #expect(!alliance.violations.isEmpty, "\(name)")
        // Once it is honest again all comes.
        alliance.forge = [:]
        let isHealed = alliance.heal()
        #expect(isHealed, "\(name)")
        #expect(size(alliance, 2, identity) == 30, "\(name)")
    }

    @Test func `a relay that names and does not deliver is left for another`() throws {
        var alliance = try ToyAlliance(4, seed: 9)
        alliance.cutPairs = [[0, 3]]
        let identity = feed(alliance, 0)
        alliance.append(10, to: identity, at: 0)
        alliance.reconnect()
        let isSettled = alliance.settle()
        #expect(isSettled)
        alliance.leave(0)
        alliance.withheld[1] = [identity.digest(hash: TestHash.quick)]
        let isHealed = alliance.heal()
        #expect(isHealed)
        #expect(size(alliance, 3, identity) == 10)
        #expect(alliance.violations.isEmpty)
    }

    // MARK: What nobody has

    @Test func `an incarnation is unavailable once all who are there were asked`() throws {
        var alliance = try ToyAlliance(3, seed: 5)
        let old = feed(alliance, 0)
        alliance.append(5, to: old, at: 0)
        let isHealed = alliance.heal()
        #expect(isHealed)
        let backup = alliance.nodes[0].log
        alliance.append(3, to: old, at: 0)
        // Nobody heard of the last three.
        alliance.disconnect(0)
        try alliance.restart(0, from: backup)
        #expect(!alliance.nodes[0].replica.isUnavailable(old.writer))
        alliance.cutPairs = [[0, 2]]
        let isThere = alliance.heal()
        #expect(isThere)
        let availability = alliance.nodes[0].replica.availability(of: old.writer)
        #expect(availability.asked == [alliance.codes[1]])
        #expect(availability.unreached == [alliance.codes[2]])
        #expect(alliance.nodes[0].replica.isUnavailable(old.writer))
        #expect(alliance.nodes[1].replica.isUnavailable(old.writer))
        let later = alliance.now.advanced(byMilliseconds: 1)
        #expect(!alliance.nodes[0].replica.isUnavailable(old.writer, since: later))
        let isCompared = alliance.pass(seconds: 20)
        #expect(isCompared)
        #expect(alliance.nodes[0].replica.isUnavailable(old.writer, since: later))
    }

    @Test func `while anybody offers more of an incarnation it is not unavailable`() throws {
        var (alliance, identity) = try halfHeard()
        alliance.leave(0)
        alliance.withheld[1] = [identity.digest(hash: TestHash.quick)]
        let start = alliance.now
        for second in 0..<20 {
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
            let replica = alliance.nodes[2].replica
            let since = start.advanced(byMilliseconds: 1)
            let isUnavailable = replica.isUnavailable(identity.writer, since: since)
            let availability = replica.availability(of: identity.writer, since: since)
            #expect(!isUnavailable, "\(second): \(availability)")
        }
    }

    // MARK: Any history

    /// As in ConvergenceTests, with older copies of logs put back.
    @Test(arguments: [2, 3, 4], 0..<6 as Range<UInt64>)
    func `after any history with restores every member has all that anybody has`(
        count: Int,
        seed: UInt64
    ) throws {
        var alliance = try ToyAlliance(count, seed: seed)
        alliance.hasBackups = true
        for _ in 0..<500 { try alliance.step() }
        let isHealed = alliance.heal()
        #expect(isHealed, "seed \(seed), \(count) nodes: \(alliance.differences)")
        alliance.expectConverged("seed \(seed), \(count) nodes")
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `after any history without one member the others have all that any of them has`(
        seed: UInt64
    ) throws {
        var alliance = try ToyAlliance(4, seed: seed)
        alliance.hasBackups = seed % 2 == 0
        for _ in 0..<500 { try alliance.step() }
        alliance.leave(Int(seed) % 4)
        let isHealed = alliance.heal()
        #expect(isHealed, "seed \(seed): \(alliance.differences)")
        alliance.expectConverged("seed \(seed)")
    }
}
