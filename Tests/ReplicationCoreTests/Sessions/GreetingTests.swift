import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct GreetingTests {
    @Test func `Hello, Ping and what is held go out at once`() throws {
        var stage = try Stage()
        let outputs = stage.connect()
        #expect(outputs.messages.count == 3)
        guard case .hello(let hello) = outputs.messages.first else {
            Issue.record("the first frame is no Hello")
            return
        }
        #expect(hello.member == stage.me)
        #expect(hello.clock == stage.wall)
        #expect(outputs.pings.count == 1)
        #expect(outputs.acks == [Ack(stored: [], held: 0, oldestHeld: nil)])
    }

    // MARK: One line per transition

    @Test func `unacquainted becomes acquainted by Hello`() throws {
        var stage = try Stage()
        _ = stage.connect()
        #expect(stage.state() == .unacquainted)
        #expect(stage.hear(stage.hello()).faults.isEmpty)
        #expect(stage.state() == .acquainted)
        #expect(stage.status?.isConnected == true)
    }

    static let refusals: [(FaultCode, @Sendable (inout Hello) -> Void)] = [
        (.allianceDiffers, { $0.alliance = "other" }),
        (.rosterDiffers, { $0.firstRoster = TestHash.quick([1]) }),
        (.memberDiffers, { $0.member = Stage.codes[2] }),
        (.versionUnsupported, { $0.versions = 2...9 }),
        (.featureMissing, { $0.features = ["!carbon"] }),
    ]

    @Test(arguments: refusals.indices)
    func `unacquainted is closed by a Hello that is refused`(index: Int) throws {
        let (code, change) = Self.refusals[index]
        var stage = try Stage()
        _ = stage.connect()
        #expect(stage.hear(stage.hello(change: change)).faults == [code])
        #expect(stage.state() == nil)
        #expect(stage.status?.lastFault?.code == code)
    }

    @Test func `a feature that is required here and unknown there is refused too`() throws {
        var stage = try Stage { $0.features = ["!carbon", "silk"] }
        _ = stage.connect()
        #expect(stage.hear(stage.hello()).faults == [.featureMissing])
        stage = try Stage { $0.features = ["!carbon"] }
        _ = stage.connect()
        #expect(stage.hear(stage.hello { $0.features = ["carbon", "silk"] }).faults.isEmpty)
    }

    static func early(_ stage: Stage) -> [Message] {
        [
            stage.ping(TestHash.quick([])),
            .have(.members([])),
            .want(Want(feed: TestHash.quick([]), from: 1)),
            .push(Push(parts: [], items: [], frameBytes: 0)),
            .ack(Ack(stored: [], held: 0, oldestHeld: nil)),
            .check(Check(number: 1, bucket: nil)),
            .checked(Checked(number: 1, content: .records([]))),
            .unknown,
        ]
    }

    @Test(arguments: 0..<8) func `unacquainted is closed by anything but Hello`(index: Int) throws {
        var stage = try Stage()
        _ = stage.connect()
        #expect(stage.hear(Self.early(stage)[index]).faults == [.frameOutOfOrder])
        #expect(stage.state() == nil)
    }

    @Test func `unacquainted is closed by silence`() throws {
        var stage = try Stage()
        _ = stage.connect()
        #expect(stage.pass(9_999).isEmpty)
        #expect(stage.pass(1).faults == [.timeout])
    }

    @Test func `acquainted becomes informed by an equal Ping`() throws {
        var stage = try Stage()
        _ = stage.inform()
        #expect(stage.state() == .informed)
        #expect(stage.status?.isCaughtUp == true)
        #expect(stage.status?.reachedHeads == true)
    }

    @Test func `acquainted is closed by a second Hello`() throws {
        var stage = try Stage()
        _ = stage.acquaint()
        #expect(stage.hear(stage.hello()).faults == [.frameOutOfOrder])
    }

    @Test func `informed is closed by silence after a Ping`() throws {
        var stage = try Stage()
        _ = stage.inform()
        #expect(stage.pass(14_999).isEmpty)
        let pings = stage.pass(1).pings
        #expect(pings.map(\.wantsAnswer) == [true])
        #expect(stage.pass(29_999).isEmpty)
        #expect(stage.pass(1).faults == [.timeout])
    }

    @Test func `an answer ends the waiting`() throws {
        var stage = try Stage()
        _ = stage.inform()
        #expect(stage.pass(15_000).pings.count == 1)
        _ = stage.hear(stage.ping(stage.common([])))
        #expect(stage.pass(14_999).isEmpty)
        #expect(stage.pass(1).pings.count == 1)
    }

    @Test func `a Ping that wants an answer gets one, the answer gets none`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let answer = stage.hear(stage.ping(stage.common([]), wantsAnswer: true))
        #expect(answer.pings.map(\.wantsAnswer) == [false])
        #expect(stage.hear(stage.ping(stage.common([]))).isEmpty)
    }

    @Test func `a Fault from the peer closes without one of our own`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.hear(.fault(Fault(.storeStopped, "disk")))
        #expect(outputs == [.close(Stage.link, nil)])
        #expect(stage.status?.lastFault?.code == .storeStopped)
        #expect(stage.status?.isConnected == false)
    }

    @Test func `stopping says farewell to everybody and takes no more connections`() throws {
        var stage = try Stage()
        _ = stage.inform()
        #expect(stage.handle(.stopping).faults == [.shuttingDown])
        #expect(stage.connect(LinkID(rawValue: 2)).faults == [.shuttingDown])
    }

    @Test func `check, checked and what is unknown are left to others`() throws {
        var stage = try Stage()
        _ = stage.inform()
        for message in Self.early(stage).suffix(3) { #expect(stage.hear(message).isEmpty) }
        #expect(stage.state() == .informed)
    }

    @Test func `neither itself nor a stranger is a peer`() throws {
        var stage = try Stage()
        let stranger = try #require(MemberCode("430100"))
        for peer in [stage.me, stranger] {
            let outputs = stage.handle(
                .connected(Stage.link, peer: peer, dialled: false, wallMilliseconds: 0)
            )
            #expect(outputs.faults == [.memberDiffers])
        }
        #expect(stage.replica.peers.map(\.member) == [Stage.codes[1], Stage.codes[2]])
    }

    @Test func `skew is the peer's clock minus ours and never overflows`() throws {
        var stage = try Stage()
        _ = stage.connect()
        let wall = stage.wall
        _ = stage.hear(stage.hello { $0.clock = wall + 800 })
        #expect(stage.status?.skewMilliseconds == 800)
        stage.wall = -2
        _ = stage.hear(.ping(Ping(clock: .max, common: stage.common([]), wantsAnswer: false)))
        #expect(stage.status?.skewMilliseconds == .max)
    }

    // MARK: Two connections

    /// The replica is the lower code: what it dialled stays.
    @Test(arguments: [true, false])
    func `of two connections the one dialled by the lower code stays`(lowerFirst: Bool) throws {
        var stage = try Stage()
        let dialled = LinkID(rawValue: 1)
        let accepted = LinkID(rawValue: 2)
        _ = stage.connect(dialled, dialled: true)
        _ = stage.connect(accepted, dialled: false)
        let order = lowerFirst ? [dialled, accepted] : [accepted, dialled]
        let first = stage.hear(stage.hello(), on: order[0])
        // The other is closed only once the kept one has exchanged Hello.
        #expect(first.closed == (lowerFirst ? [accepted] : []))
        let second = stage.hear(stage.hello(), on: order[1])
        #expect(second.closed == (lowerFirst ? [] : [accepted]))
        #expect((first + second).faults == [.duplicateConnection])
        #expect(stage.replica.used[stage.peer] == dialled)
        #expect(stage.status?.lastFault == nil)
    }

    @Test func `the newer of two connections that one side dialled stays`() throws {
        var stage = try Stage()
        _ = stage.inform(LinkID(rawValue: 1))
        _ = stage.connect(LinkID(rawValue: 2), dialled: true)
        let outputs = stage.hear(stage.hello(), on: LinkID(rawValue: 2))
        #expect(outputs.closed == [LinkID(rawValue: 1)])
        #expect(stage.replica.used[stage.peer] == LinkID(rawValue: 2))
    }

    @Test func `what is no longer held is said on the connection that takes over, too`() throws {
        var stage = try Stage()
        _ = stage.inform(LinkID(rawValue: 1))
        _ = stage.handle(.heldChanged(stage.peer, HeldSummary(count: 2, oldest: nil)))
        // The second one begins while something is held, and is used when nothing is any more.
        let begun = stage.connect(LinkID(rawValue: 2), dialled: true)
        #expect(begun.acks.map(\.held) == [2])
        let released = stage.handle(.heldChanged(stage.peer, .none))
        #expect(released.acks.map(\.held) == [0])
        let used = stage.hear(stage.hello(), on: LinkID(rawValue: 2))
        #expect(used.acks.map(\.held) == [0])
    }

    @Test func `a connection that falls away leaves the peer to the other one`() throws {
        var stage = try Stage()
        _ = stage.connect(LinkID(rawValue: 1), dialled: true)
        _ = stage.connect(LinkID(rawValue: 2), dialled: false)
        _ = stage.hear(stage.hello(), on: LinkID(rawValue: 2))
        #expect(stage.replica.used[stage.peer] == LinkID(rawValue: 2))
        _ = stage.handle(.disconnected(LinkID(rawValue: 1)))
        #expect(stage.status?.isConnected == true)
        _ = stage.handle(.disconnected(LinkID(rawValue: 2)))
        #expect(stage.status?.isConnected == false)
    }

    @Test func `one member cannot hold any number of connections`() throws {
        var stage = try Stage()
        for number in 1...4 {
            #expect(stage.connect(LinkID(rawValue: UInt64(number))).faults.isEmpty)
        }
        #expect(stage.connect(LinkID(rawValue: 5)).faults == [.limitExceeded])
    }
}
