import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct AskingTests {
    private func keys(_ numbers: some Sequence<UInt64>) -> [RecordKey] {
        numbers.map {
            RecordKey(
                identifier: RecordIdentifier(
                    origin: Stage.codes[0],
                    uuid: UUIDBytes(high: 1, low: $0)
                ),
                headerDigest: UUIDBytes(high: 2, low: 2)
            )
        }
    }

    @Test func `records are asked for in order, each once, a thousand at a time`() throws {
        var stage = try Stage()
        let wanted = keys((1...2_500).reversed())
        #expect(stage.handle(.ask(wanted, of: stage.peer)).isEmpty)
        _ = stage.inform()
        let asks = stage.handle(.ask(wanted + wanted.prefix(3), of: stage.peer)).messages
        let sorted = keys(1...2_500)
        #expect(
            asks
                == [0..<1_000, 1_000..<2_000, 2_000..<2_500].map {
                    .ask(Ask(records: Array(sorted[$0])))
                }
        )
        #expect(stage.handle(.ask(wanted, of: Stage.codes[2])).isEmpty)
    }

    @Test func `what a peer asks for is handed on`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let wanted = keys(1...3)
        #expect(
            stage.hear(.ask(Ask(records: wanted))) == [.asked(Stage.link, stage.peer, wanted)]
        )
    }

    @Test(arguments: [0, 1, 2, 3])
    func `what cannot be asked for ends the session`(index: Int) throws {
        var stage = try Stage()
        _ = stage.inform()
        let lists = [
            [], keys([2, 1]), keys([1, 1]), keys(1...1_001),
        ]
        #expect(stage.hear(.ask(Ask(records: lists[index]))).faults == [.frameMalformed])
    }

    @Test func `asking over and over ends the session`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let ask = Message.ask(Ask(records: keys(1...1_000)))
        for _ in 0..<10 { #expect(stage.hear(ask).faults.isEmpty) }
        _ = stage.pass(10_000)
        for _ in 0..<10 { #expect(stage.hear(ask).faults.isEmpty) }
        #expect(stage.hear(ask).faults == [.limitExceeded])
    }

    @Test func `who was heard on the same session since it was asked had its chance`() throws {
        var stage = try Stage()
        #expect(!stage.replica.isAcquainted(with: stage.peer))
        _ = stage.inform()
        #expect(stage.replica.isAcquainted(with: stage.peer))
        #expect(!stage.replica.isAcquainted(with: Stage.codes[2]))
        _ = stage.pass(1_000)
        let asked = stage.now
        #expect(!stage.replica.stands(stage.peer, since: asked))
        _ = stage.pass(1_000)
        _ = stage.hear(.ask(Ask(records: keys(1...1))))
        #expect(stage.replica.stands(stage.peer, since: asked))
        #expect(!stage.replica.stands(Stage.codes[2], since: asked))
        // A session that began later tells nothing.
        #expect(!stage.replica.stands(stage.peer, since: Monotonic(milliseconds: 0)))
        _ = stage.handle(.disconnected(Stage.link))
        #expect(!stage.replica.stands(stage.peer, since: asked))
    }
}

@Suite struct SlowingTests {
    private func held(_ count: UInt64, bytes: UInt64 = 0) -> HeldSummary {
        HeldSummary(count: count, oldest: HybridTimestamp(rawValue: 9), bytes: bytes)
    }

    @Test(arguments: [(100_000, 0), (1, 256 << 20)] as [(UInt64, UInt64)])
    func `an author of whom too much waits is told, named, and heard again when it is less`(
        count: UInt64,
        bytes: UInt64
    ) throws {
        var stage = try Stage()
        _ = stage.inform()
        #expect(stage.status?.isSlowed == false)
        let told = stage.handle(.heldChanged(stage.peer, held(count, bytes: bytes)))
        #expect(told.acks.map(\.isFull) == [true])
        #expect(stage.status?.isSlowed == true)
        let other = stage.handle(.heldChanged(Stage.codes[2], held(5)))
        #expect(other.acks.isEmpty)
        let freed = stage.handle(.heldChanged(stage.peer, held(3)))
        #expect(freed.acks.map(\.isFull) == [false])
        #expect(stage.status?.isSlowed == false)
    }

    @Test func `nothing more of an author is wanted of anybody while too much of it waits`() throws
    {
        let gone = Stage.codes[2]
        var stage = try Stage { $0.relayMilliseconds = 0 }
        _ = stage.acquaint()
        _ = stage.handle(.heldChanged(gone, held(100_000)))
        let offered = Stage.feed(of: gone)
        let size = Have.FeedSize(identity: offered, size: 4, root: TestHash.quick([1]))
        #expect(stage.hear(.have(.feeds(of: offered.writer, [size]))).wants.isEmpty)
        #expect(stage.replica.availability(of: offered.writer).offering == [stage.peer])
        let freed = stage.handle(.heldChanged(gone, held(0)))
        let feed = offered.digest(hash: TestHash.quick)
        #expect(freed.wants == [Want(feed: feed, from: 1)])
    }

    @Test func `no more feeds of an author are wanted than it may have`() throws {
        let gone = Stage.codes[2]
        var stage = try Stage(stored: Stage.log(Stage.feed(of: gone), 2)) { settings in
            settings.relayMilliseconds = 0
            settings.feedsPerAuthorMaximum = 1
        }
        _ = stage.acquaint()
        for (incarnation, count) in [(1, 1), (2, 0)] as [(UInt64, Int)] {
            let offered = Stage.feed(of: gone, incarnation: incarnation)
            let size = Have.FeedSize(identity: offered, size: 4, root: TestHash.quick([1]))
            let outputs = stage.hear(.have(.feeds(of: offered.writer, [size])))
            #expect(outputs.wants.count == count)
        }
    }

    @Test func `who is told pauses without losing the session, and goes on`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let first = stage.answerReads(stage.write(to: stage.ownFeed))
        #expect(first.pushes.count == 1)
        _ = stage.hear(.ack(Ack(stored: [], held: 9, oldestHeld: nil, isFull: true)))
        #expect(stage.status?.isSlowing == true)
        #expect(stage.write(to: stage.ownFeed).reads.isEmpty)
        // No acknowledgement is late while nothing may be sent.
        #expect(stage.pass(12_000).faults.isEmpty)
        let feed = stage.ownFeed.digest(hash: TestHash.quick)
        let stored = [Ack.Stored(feed: feed, upTo: 1)]
        let more = stage.hear(.ack(Ack(stored: stored, held: 0, oldestHeld: nil)))
        #expect(more.reads.count == 1)
        #expect(stage.status?.isSlowing == false)
    }

    @Test func `who goes on all the same ends its session`() throws {
        var stage = try Stage { settings in
            settings.normalWindowBytes = 2_000
            settings.urgentWindowBytes = 1_000
        }
        _ = stage.inform()
        stage.theirs = Stage.log(stage.theirFeed, 40)
        _ = stage.handle(.heldChanged(stage.peer, held(200_000)))
        var faults: [FaultCode] = []
        var frames: UInt64 = 0
        while faults.isEmpty, frames < 20 {
            frames += 1
            let outputs = stage.hear(
                .push(stage.theirs.push(stage.theirFeed, from: frames, to: frames))
            )
            faults = outputs.faults
            for batch in outputs.batches {
                let tips = batch.parts.map {
                    FeedTip(
                        identity: $0.identity,
                        digest: $0.feed,
                        frontier: $0.frontier,
                        latest: .zero
                    )
                }
                _ = stage.handle(
                    .persisted(
                        Stage.link,
                        batch: batch.number,
                        tips: tips,
                        held: held(200_000)
                    )
                )
            }
        }
        #expect(faults == [.limitExceeded])
        // Frames of 1,000 bytes, six thousand of them after it was told.
        #expect(frames == 7)
    }

    // MARK: Whose turn it is

    /// The peer names a third member's feed, which that member has not delivered.
    private func named(connected: Bool) throws -> (stage: Stage, want: Want, have: Message) {
        let third = Stage.codes[2]
        var stage = try Stage()
        _ = stage.inform()
        if connected {
            let link = LinkID(rawValue: 9)
            _ = stage.handle(
                .connected(link, peer: third, dialled: true, wallMilliseconds: stage.wall)
            )
            _ = stage.hear(stage.hello(third), on: link)
        }
        _ = stage.pass(5_000)
        let offered = Stage.feed(of: third)
        let size = Have.FeedSize(identity: offered, size: 4, root: TestHash.quick([1]))
        let want = Want(feed: offered.digest(hash: TestHash.quick), from: 1)
        return (stage, want, .have(.feeds(of: offered.writer, [size])))
    }

    @Test func `a member that is connected has five seconds to deliver what another has named`()
        throws
    {
        var (stage, want, have) = try named(connected: true)
        #expect(stage.hear(have).wants.isEmpty)
        #expect(stage.pass(4_999).wants.isEmpty)
        #expect(stage.pass(1).wants == [want])
    }

    @Test func `of a member that is not connected it is wanted at once`() throws {
        var (stage, want, have) = try named(connected: false)
        #expect(stage.hear(have).wants == [want])
        // Once, however often it is named.
        #expect(stage.hear(have).wants.isEmpty)
    }

    @Test func `the age of what is relayed is no lag of ours`() throws {
        let third = Stage.feed(of: Stage.codes[2])
        var log = Stage.log(third, 5)
        log.keepHead(of: third)
        var stage = try Stage(own: log)
        _ = stage.inform()
        let want = Want(feed: third.digest(hash: TestHash.quick), from: 1)
        let relayed = stage.answerReads(stage.hear(.want(want)))
        #expect(relayed.pushes.map(\.items.count) == [5])
        #expect(relayed.pushes.first?.parts.first?.head != nil)
        #expect(stage.status?.toSend == PeerStatus.Lag(count: 0, oldest: nil))
        _ = stage.answerReads(stage.write(to: stage.ownFeed))
        let written = HybridTimestamp(milliseconds: UInt64(stage.wall), counter: 0)
        #expect(stage.status?.toSend == PeerStatus.Lag(count: 1, oldest: written))
    }

    // MARK: Clocks

    @Test func `a clock is doubtful when most that are heard disagree, confirmed by most of all`()
        throws
    {
        var stage = try Stage()
        #expect(
            stage.agreement
                == ClockAgreement(members: 3, skewsMilliseconds: [], boundMilliseconds: 60_000)
        )
        #expect(!stage.agreement.isConfirmed)
        #expect(!stage.agreement.isDoubtful)
        _ = stage.inform()
        for (skew, doubtful, confirmed) in [
            (0, false, true), (30_000, false, true), (-30_001, false, false),
            (60_000, false, false), (-60_001, true, false),
        ] as [(Int64, Bool, Bool)] {
            let ping = Ping(
                clock: stage.wall + skew,
                common: stage.common([stage.own, stage.theirs]),
                wantsAnswer: false
            )
            _ = stage.hear(.ping(ping))
            #expect(stage.agreement.isDoubtful == doubtful, "\(skew)")
            #expect(stage.agreement.isConfirmed == confirmed, "\(skew)")
        }
        // Who is not heard any more has no say.
        _ = stage.handle(.disconnected(Stage.link))
        #expect(stage.agreement.heard == 0)
    }

    @Test func `a clock that was set since it was compared is compared anew`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let ping = Ping(
            clock: stage.wall,
            common: stage.common([stage.own, stage.theirs]),
            wantsAnswer: false
        )
        _ = stage.hear(.ping(ping))
        let wall = stage.wall
        let later = stage.now.advanced(byMilliseconds: 10_000)
        for (set, doubtful, confirmed) in [
            (0, false, true), (-30_000, false, true), (-30_001, false, false),
            (-60_001, true, false), (-86_400_000, true, false), (60_001, true, false),
        ] as [(Int64, Bool, Bool)] {
            (stage.wall, stage.now) = (wall + 10_000 + set, later)
            #expect(stage.agreement.isDoubtful == doubtful, "\(set)")
            #expect(stage.agreement.isConfirmed == confirmed, "\(set)")
        }
        // What a peer claims overflows nothing.
        for clock in [Int64.max, .min] {
            _ = stage.hear(.ping(Ping(clock: clock, common: ping.common, wantsAnswer: false)))
            stage.now = stage.now.advanced(byMilliseconds: 1)
            stage.wall = clock == .max ? -1 : 1
            #expect(stage.agreement.isDoubtful)
        }
    }
}

extension Stage {
    fileprivate var agreement: ClockAgreement {
        replica.clockAgreement(boundMilliseconds: 60_000, wallMilliseconds: wall, now: now)
    }
}
