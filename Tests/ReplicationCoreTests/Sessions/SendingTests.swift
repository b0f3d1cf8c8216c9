import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct SendingTests {
    private func ack(_ identity: FeedIdentity, _ size: UInt64, held: UInt64 = 0) -> Message {
        .ack(
            Ack(
                stored: [
                    Ack.Stored(feed: identity.digest(hash: TestHash.quick), upTo: size)
                ],
                held: held,
                oldestHeld: held > 0 ? HybridTimestamp(rawValue: 77) : nil
            )
        )
    }

    @Test func `a write to a peer that is caught up is read for it at once`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.write(to: stage.ownFeed)
        #expect(outputs.count == 1)
        #expect(outputs.reads.first?.ranges.map(\.from) == [1])
        let pushed = stage.answerReads(outputs)
        #expect(pushed.count == 1)
        #expect(pushed.pushes.map(\.items.count) == [1])
    }

    @Test func `a peer outside the audience is told nothing`() throws {
        var stage = try Stage()
        _ = stage.inform()
        for audience in [Audience.private, .members([stage.me, Stage.codes[2]])] {
            #expect(stage.write(to: Stage.feed(of: stage.me, audience)).isEmpty)
        }
        #expect(stage.status?.isCaughtUp == true)
    }

    @Test func `what is written while a read is out waits for its answer`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let first = stage.write(to: stage.ownFeed)
        #expect(stage.write(to: stage.ownFeed).isEmpty)
        #expect(stage.answerReads(first).pushes.map(\.items.count) == [2])
    }

    @Test func `urgent feeds have a lane of their own and are asked for first`() throws {
        let urgent = Stage.feed(of: Stage.codes[0], .alliance, .urgent)
        var own = Stage.log(Stage.feed(of: Stage.codes[0]), 4)
        own.append(to: urgent, [1], at: HybridTimestamp(rawValue: 1 << 60))
        var stage = try Stage(own: own)
        _ = stage.acquaint()
        let outputs = stage.hear(.have(.members([])))
        #expect(outputs.reads.map(\.deliveryClass) == [.urgent, .normal])
        let pushes = stage.answerReads(outputs).pushes
        #expect(pushes.map(\.deliveryClass) == [.urgent, .normal])
    }

    @Test func `no more than the window is under way, and an Ack opens it`() throws {
        var stage = try Stage {
            $0.normalWindowBytes = 1_000
            $0.frameBytes = 200
        }
        _ = stage.inform()
        let outputs = stage.write(100, to: stage.ownFeed, bytes: 50)
        let pushes = stage.answerReads(outputs).pushes
        let sent = pushes.reduce(0) { $0 + $1.items.count }
        #expect(sent < 20)
        #expect(stage.replica.sessions[Stage.link]?.normal.inFlightBytes ?? 0 >= 1_000)
        let first = UInt64(pushes[0].items.count)
        let more = stage.hear(ack(stage.ownFeed, first))
        #expect(stage.answerReads(more).pushes.count == 1)
        #expect(stage.status?.toSend?.count == 100 - first)
    }

    @Test func `half a frame acknowledged frees nothing`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.write(4, to: stage.ownFeed)
        _ = stage.answerReads(outputs)
        _ = stage.hear(ack(stage.ownFeed, 3))
        #expect(stage.replica.sessions[Stage.link]?.normal.inFlight.count == 1)
        _ = stage.hear(ack(stage.ownFeed, 4))
        #expect(stage.replica.sessions[Stage.link]?.normal.inFlight.isEmpty == true)
        #expect(stage.replica.sessions[Stage.link]?.normal.inFlightBytes == 0)
    }

    @Test func `no Ack within the time since the last progress ends the session`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.write(2, to: stage.ownFeed)
        _ = stage.answerReads(outputs)
        #expect(stage.pass(9_999).faults.isEmpty)
        _ = stage.hear(ack(stage.ownFeed, 1))
        #expect(stage.pass(9_999).faults.isEmpty)
        #expect(stage.pass(1).faults == [.timeout])
    }

    @Test func `an Ack of everything leaves nothing to time out`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.write(2, to: stage.ownFeed)
        _ = stage.answerReads(outputs)
        _ = stage.hear(ack(stage.ownFeed, 2))
        #expect(stage.pass(14_000).faults.isEmpty)
        #expect(stage.status?.isCaughtUp == true)
    }

    @Test func `a Want is answered from where it asks`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.write(5, to: stage.ownFeed)
        _ = stage.answerReads(outputs)
        let feed = stage.ownFeed.digest(hash: TestHash.quick)
        let again = stage.hear(.want(Want(feed: feed, from: 3)))
        #expect(stage.replica.sessions[Stage.link]?.normal.inFlightBytes == 0)
        #expect(again.reads.first?.ranges == [FeedRange(feed: feed, from: 3)])
        #expect(stage.answerReads(again).pushes.map(\.parts.first?.first) == [3])
        _ = stage.hear(ack(stage.ownFeed, 5))
        #expect(stage.replica.sessions[Stage.link]?.isIdle == true)
    }

    @Test func `an answer from before a Want is read once more, not pushed`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let first = stage.write(5, to: stage.ownFeed)
        _ = stage.answerReads(first)
        let second = stage.write(to: stage.ownFeed)
        let feed = stage.ownFeed.digest(hash: TestHash.quick)
        #expect(stage.hear(.want(Want(feed: feed, from: 1))).isEmpty)
        let pushes = stage.answerReads(second).pushes
        #expect(pushes.map(\.parts.first?.first) == [1])
        #expect(pushes.map(\.items.count) == [6])
    }

    @Test func `a store that has nothing is not asked again until something is appended`() throws {
        var stage = try Stage()
        _ = stage.inform()
        _ = stage.write(to: stage.ownFeed)
        let empty = ReadEntries(deliveryClass: .normal, parts: [], items: [], hasMore: false)
        #expect(stage.handle(.read(Stage.link, empty)).isEmpty)
        #expect(stage.write(to: stage.ownFeed).reads.count == 1)
    }

    @Test func `thousands of feeds are asked for a thousand at a time, oldest first`() throws {
        var own = ToyLog()
        for incarnation in 1...20 as ClosedRange<UInt64> {
            own.append(
                to: Stage.feed(of: Stage.codes[0], incarnation: incarnation),
                [1],
                at: HybridTimestamp(rawValue: incarnation)
            )
        }
        var stage = try Stage(own: own) { $0.rangesMaximum = 8 }
        _ = stage.acquaint()
        let outputs = stage.hear(.have(.members([])))
        let oldest = (1...8).map {
            Stage.feed(of: Stage.codes[0], incarnation: $0).digest(hash: TestHash.quick)
        }
        #expect(outputs.reads.first?.ranges.map(\.feed) == oldest.sorted())
        #expect(stage.answerReads(outputs).pushes.reduce(0) { $0 + $1.items.count } == 20)
    }

    // MARK: Nonsense

    @Test func `an Ack of more than there is has to be proven`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let outputs = stage.write(to: stage.ownFeed)
        _ = stage.answerReads(outputs)
        let feed = stage.ownFeed.digest(hash: TestHash.quick)
        #expect(stage.hear(ack(stage.ownFeed, 2)).proves == [Prove(feed: feed, sequence: 1)])
        #expect(stage.pass(5_000).faults == [.feedForked])
    }

    static let foreign: [@Sendable (Stage) -> FeedIdentity] = [
        { Stage.feed(of: $0.peer, .members([$0.peer, Stage.codes[2]])) },
        { Stage.feed(of: $0.me, .private) },
        { Stage.feed(of: $0.me, .members([$0.me, Stage.codes[2]])) },
        { Stage.feed(of: $0.me, .alliance, .urgent) },
    ]

    @Test(arguments: 0..<4)
    func `neither Ack nor Want may name a feed that is not served to the peer`(index: Int) throws {
        for isWant in [true, false] {
            var stage = try Stage(
                own: Stage.log(Stage.feed(of: Stage.codes[0], .private), 2),
                stored: Stage.log(Stage.feed(of: Stage.codes[1]), 2)
            )
            _ = stage.inform()
            _ = stage.write(to: Stage.feed(of: stage.me, .members([stage.me, Stage.codes[2]])))
            let feed = Self.foreign[index](stage)
            let message: Message =
                isWant
                ? .want(Want(feed: feed.digest(hash: TestHash.quick), from: 1)) : ack(feed, 1)
            #expect(stage.hear(message).faults == [.feedForeign])
        }
    }

    @Test(arguments: [0, 3, .max] as [UInt64])
    func `a Want of a sequence that cannot be ends the session`(from: UInt64) throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 1))
        _ = stage.inform()
        let want = Want(feed: stage.ownFeed.digest(hash: TestHash.quick), from: from)
        #expect(stage.hear(.want(want)).faults == [.frameMalformed])
    }

    @Test func `Wants without end and without an Ack end the session`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 1))
        _ = stage.inform()
        let want = Want(feed: stage.ownFeed.digest(hash: TestHash.quick), from: 1)
        for _ in 0..<64 { #expect(stage.hear(.want(want)).faults.isEmpty) }
        #expect(stage.hear(.want(want)).faults == [.limitExceeded])
    }
}

@Suite struct StatusTests {
    @Test func `counts are unknown until the heads are announced on this session`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        #expect(stage.status?.toSend == nil)
        _ = stage.connect()
        _ = stage.hear(stage.hello())
        #expect(stage.status?.toSend == nil)
        #expect(stage.status?.toApply == nil)
        // What the peer holds belongs to the count.
        _ = stage.hear(stage.ping(stage.common([stage.own])))
        #expect(stage.status?.toSend == nil)
        _ = stage.hear(.ack(Ack(stored: [], held: 2, oldestHeld: HybridTimestamp(rawValue: 5))))
        #expect(
            stage.status?.toSend
                == PeerStatus.Lag(count: 2, oldest: HybridTimestamp(rawValue: 5))
        )
        #expect(stage.status?.toApply == PeerStatus.Lag(count: 0, oldest: nil))
        #expect(stage.status?.isCaughtUp == false)
    }

    @Test func `a local write is counted as soon as it is durable`() throws {
        var stage = try Stage()
        _ = stage.inform()
        _ = stage.write(to: stage.ownFeed)
        let latest = HybridTimestamp(milliseconds: UInt64(stage.wall), counter: 0)
        #expect(stage.status?.toSend == PeerStatus.Lag(count: 1, oldest: latest))
    }

    @Test func `what is out of reach stays counted, unknown is what it announces`() throws {
        var stage = try Stage()
        _ = stage.inform()
        _ = stage.handle(.disconnected(Stage.link))
        _ = stage.write(to: stage.ownFeed)
        let oldest = HybridTimestamp(milliseconds: UInt64(stage.wall), counter: 0)
        _ = stage.write(3, to: stage.ownFeed)
        #expect(stage.status?.toSend == PeerStatus.Lag(count: 4, oldest: oldest))
        #expect(stage.status?.toApply == nil)
        #expect(stage.status?.isConnected == false)
        #expect(stage.status?.reachedHeads == true)
        _ = stage.connect(LinkID(rawValue: 2))
        _ = stage.hear(stage.hello(), on: LinkID(rawValue: 2))
        #expect(stage.status?.toSend == nil)
        #expect(stage.status?.reachedHeads == false)
    }

    /// A lag is shown longer than it is, never shorter.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the oldest is never later than the oldest entry not acknowledged`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var stage = try Stage {
            $0.normalWindowBytes = 400
            $0.frameBytes = 100
        }
        _ = stage.inform()
        let feeds = [stage.ownFeed, Stage.feed(of: stage.me, .members([stage.me, stage.peer]))]
        var acknowledged: [Digest: UInt64] = [:]
        for _ in 0..<100 {
            stage.wall += Int64.random(in: 0...1_000, using: &random)
            let outputs: [ReplicaOutput]
            if Bool.random(using: &random) {
                let feed = feeds[Int.random(in: 0...1, using: &random)]
                outputs = stage.write(Int.random(in: 1...3, using: &random), to: feed)
            } else {
                let feed = feeds[Int.random(in: 0...1, using: &random)]
                    .digest(hash: TestHash.quick)
                let sent = stage.replica.sessions[Stage.link]?.sent[feed] ?? 0
                let upTo = UInt64.random(in: (acknowledged[feed] ?? 0)...sent, using: &random)
                guard upTo > 0 else { continue }
                acknowledged[feed] = upTo
                outputs = stage.hear(
                    .ack(
                        Ack(
                            stored: [Ack.Stored(feed: feed, upTo: upTo)],
                            held: 0,
                            oldestHeld: nil
                        )
                    )
                )
            }
            _ = stage.answerReads(outputs)
            let missing = stage.own.feeds.values.flatMap { feed in
                feed.entries.dropFirst(Int(acknowledged[feed.digest] ?? 0))
            }
            let toSend = try #require(stage.status?.toSend)
            #expect(toSend.count == UInt64(missing.count))
            let truth = missing.map(\.timestamp).min()
            if let truth, let oldest = toSend.oldest { #expect(oldest <= truth) }
            #expect(missing.isEmpty == (toSend.oldest == nil))
        }
    }

    @Test func `held changesets of a peer count as to be applied, with the oldest`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let summary = HeldSummary(count: 3, oldest: HybridTimestamp(rawValue: 9))
        let outputs = stage.handle(.heldChanged(stage.peer, summary))
        #expect(
            outputs.acks == [Ack(stored: [], held: 3, oldestHeld: HybridTimestamp(rawValue: 9))]
        )
        #expect(
            stage.status?.toApply
                == PeerStatus.Lag(count: 3, oldest: HybridTimestamp(rawValue: 9))
        )
        #expect(stage.handle(.heldChanged(stage.peer, summary)).isEmpty)
    }

    @Test func `counts that a peer claims do not run over`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let feeds = [DeliveryClass.normal, .urgent].map {
            Have.FeedSize(
                identity: Stage.feed(of: stage.peer, .alliance, $0),
                size: MerkleFrontier.sizeMaximum,
                root: TestHash.quick([])
            )
        }.sorted {
            $0.identity.digest(hash: TestHash.quick) < $1.identity.digest(hash: TestHash.quick)
        }
        #expect(stage.hear(.have(.feeds(of: stage.theirFeed.writer, feeds))).faults.isEmpty)
        _ = stage.handle(.heldChanged(stage.peer, HeldSummary(count: .max, oldest: nil)))
        #expect(stage.status?.toApply?.count == .max)
    }
}
