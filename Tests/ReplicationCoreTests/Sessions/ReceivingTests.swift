import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct ReceivingTests {
    /// A session in which the peer goes on after `stored` entries that are here already.
    private func informed(
        _ stored: Int = 0,
        change: (inout ReplicaSettings) -> Void = { _ in }
    )
        throws -> Stage
    {
        var stage = try Stage(
            stored: Stage.log(Stage.feed(of: Stage.codes[1]), stored),
            change: change
        )
        _ = stage.inform()
        stage.theirs = Stage.log(stage.theirFeed, stored + 10)
        return stage
    }

    private func push(_ stage: Stage, _ first: UInt64, _ last: UInt64) -> Push {
        stage.theirs.push(stage.theirFeed, from: first, to: last)
    }

    /// Reports a batch as durable.
    private func persist(
        _ batch: ReceivedBatch,
        in stage: inout Stage,
        on link: LinkID = Stage.link
    )
        -> [ReplicaOutput]
    {
        let tips = batch.parts.map {
            FeedTip(
                identity: $0.identity,
                digest: $0.feed,
                frontier: $0.frontier,
                latest: .zero
            )
        }
        return stage.handle(.persisted(link, batch: batch.number, tips: tips, held: .none))
    }

    @Test func `what somebody else's push released is said to its author`() throws {
        var stage = try Stage()
        _ = stage.inform()
        let held = stage.handle(.heldChanged(stage.peer, HeldSummary(count: 2, oldest: nil)))
        #expect(held.acks.map(\.held) == [2])
        let log = Stage.log(stage.theirFeed, 3)
        let tip = try #require(log.tip(stage.theirFeed.digest(hash: TestHash.quick)))
        let relayed = stage.handle(
            .persisted(LinkID(rawValue: 99), batch: 99, tips: [tip], held: .none)
        )
        #expect(relayed.acks == [Ack(stored: [], held: 0, oldestHeld: nil)])
    }

    @Test func `a frame that its head covers is stored, and acknowledged once durable`() throws {
        var stage = try informed(3)
        let outputs = stage.hear(.push(push(stage, 4, 6)))
        let batch = try #require(outputs.batches.first)
        #expect(outputs.count == 1)
        #expect(batch.parts.map(\.first) == [4])
        #expect(batch.parts.first?.frontier.size == 6)
        #expect(batch.items.count == 3)
        #expect(stage.status?.toApply?.count == 3)
        let acks = persist(batch, in: &stage).acks
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        #expect(acks.map(\.stored) == [[Ack.Stored(feed: feed, upTo: 6)]])
        #expect(stage.status?.toApply?.count == 0)
    }

    @Test func `frames are verified one on the other before any is durable`() throws {
        var stage = try informed()
        let batches =
            stage.hear(.push(push(stage, 1, 2))).batches
            + stage.hear(.push(push(stage, 3, 5))).batches
        #expect(batches.map(\.number) == [1, 2])
        #expect(persist(batches[0], in: &stage).acks.first?.stored.first?.upTo == 2)
        #expect(persist(batches[1], in: &stage).acks.first?.stored.first?.upTo == 5)
    }

    @Test func `what was received before is left out`() throws {
        var stage = try informed()
        let first = try #require(stage.hear(.push(push(stage, 1, 4))).batches.first)
        _ = persist(first, in: &stage)
        _ = stage.handle(.disconnected(Stage.link))
        stage.theirs = Stage.log(stage.theirFeed, 4)
        // The peer knows of nothing and begins anew.
        var late = try Stage()
        late.replica = stage.replica
        _ = late.acquaint(LinkID(rawValue: 2))
        late.theirs = Stage.log(stage.theirFeed, 10)
        let outputs = late.hear(.push(push(late, 3, 6)), on: LinkID(rawValue: 2))
        #expect(outputs.batches.first?.items.count == 2)
        #expect(outputs.batches.first?.parts.first?.first == 5)
    }

    @Test func `a duplicate of what is durable is acknowledged at once and not stored`() throws {
        var stage = try informed()
        let batch = try #require(stage.hear(.push(push(stage, 1, 4))).batches.first)
        _ = persist(batch, in: &stage)
        let again = stage.hear(.push(push(stage, 1, 4)))
        #expect(again.batches.isEmpty)
        #expect(again.acks.first?.stored.first?.upTo == 4)
    }

    /// The batch was handed to the store over a link that is gone by now.
    @Test func `a duplicate of what is on its way to the disk is acknowledged after it`() throws {
        var stage = try informed()
        let batch = try #require(stage.hear(.push(push(stage, 1, 4))).batches.first)
        _ = stage.handle(.disconnected(Stage.link))
        let link = LinkID(rawValue: 2)
        _ = stage.acquaint(link)
        let again = stage.hear(.push(push(stage, 1, 4)), on: link)
        #expect(again.isEmpty)
        let acks = persist(batch, in: &stage).acks
        #expect(acks.first?.stored.first?.upTo == 4)
        #expect(stage.hear(.push(push(stage, 5, 6)), on: link).batches.count == 1)
    }

    @Test func `two feeds in one frame each go on by themselves`() throws {
        var stage = try informed()
        let other = Stage.feed(of: stage.peer, .members([stage.me, stage.peer]))
        stage.theirs.append(to: other, [1], at: .zero)
        let first = push(stage, 1, 2)
        let second = stage.theirs.push(other, from: 1, to: 1)
        let both = Push(
            parts: first.parts + second.parts,
            items: [first.items[0]]
                + second.items.map { item in
                    var item = item
                    item.part = 1
                    return item
                } + [first.items[1]],
            frameBytes: 100
        )
        let batch = try #require(stage.hear(.push(both)).batches.first)
        #expect(batch.items.map(\.part) == [0, 1, 0])
        // Only the other one is new now: places move up.
        stage = try informed()
        stage.theirs.append(to: other, [1], at: .zero)
        _ = stage.hear(.push(first))
        let rest = try #require(stage.hear(.push(both)).batches.first)
        #expect(rest.parts.map(\.identity) == [other])
        #expect(rest.items.map(\.part) == [0])
    }

    // MARK: Gaps

    @Test func `a gap is asked for once, and nothing of the frame is stored`() throws {
        var stage = try informed(3)
        let outputs = stage.hear(.push(push(stage, 6, 7)))
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        #expect(outputs.wants == [Want(feed: feed, from: 4)])
        #expect(outputs.batches.isEmpty)
        #expect(stage.hear(.push(push(stage, 8, 8))).isEmpty)
        #expect(stage.hear(.push(push(stage, 4, 8))).batches.count == 1)
    }

    @Test func `a peer that leaves the gap open is given up`() throws {
        var stage = try informed { $0.framesInFlightMaximum = 4 }
        var faults: [FaultCode] = []
        var frames = 0
        while faults.isEmpty, frames < 100 {
            faults = stage.hear(.push(push(stage, 3, 4))).faults
            frames += 1
        }
        #expect(faults == [.sequenceGap])
        #expect(frames == 9)
    }

    // MARK: Nothing stored

    private typealias Forgery = @Sendable (inout Push, Stage) -> Void

    private static let forgeries: [(name: String, code: FaultCode, forge: Forgery)] = [
        (
            "another root", .headNotCovering,
            { push, _ in push.parts[0].head.head.root = TestHash.quick([9]) }
        ),
        ("a head too large", .headNotCovering, { push, _ in push.parts[0].head.head.size = 9 }),
        ("a head too small", .headNotCovering, { push, _ in push.parts[0].head.head.size = 5 }),
        (
            "the largest head", .headNotCovering,
            { push, _ in push.parts[0].head.head.size = .max }
        ),
        (
            "another feed's head", .headNotCovering,
            { push, _ in push.parts[0].head.head.feed = TestHash.quick([9]) }
        ),
        (
            "a changed leaf", .headNotCovering,
            { push, _ in push.items[1].leaf = TestHash.quick([9]) }
        ),
        ("entries swapped", .headNotCovering, { push, _ in push.items.swapAt(0, 2) }),
        ("an entry too few", .headNotCovering, { push, _ in push.items.removeLast() }),
        ("first 0", .headNotCovering, { push, _ in push.parts[0].first = 0 }),
        (
            "the last sequence there is", .headNotCovering,
            { push, _ in push.parts[0].first = .max }
        ),
        (
            "another member's feed", .feedForeign,
            { push, _ in push.parts[0].identity.writer.member = Stage.codes[2] }
        ),
        (
            "our own feed", .feedForeign,
            { push, stage in push.parts[0].identity.writer.member = stage.me }
        ),
        (
            "an audience without the receiver", .audienceExcludesReceiver,
            { push, stage in
                push.parts[0].identity.audience = .members([stage.peer, Stage.codes[2]])
            }
        ),
        (
            "a private feed", .audienceExcludesReceiver,
            { push, _ in push.parts[0].identity.audience = .private }
        ),
        (
            "an audience unsorted", .frameMalformed,
            { push, stage in push.parts[0].identity.audience = .members([stage.peer, stage.me]) }
        ),
        (
            "an unknown roster", .rosterDiffers,
            { push, _ in push.parts[0].identity.roster = TestHash.quick([9]) }
        ),
        (
            "nothing", .frameMalformed,
            { push, _ in push = Push(parts: [], items: [], frameBytes: 0) }
        ),
        ("no entries", .frameMalformed, { push, _ in push.items = [] }),
        ("a place beyond the parts", .frameMalformed, { push, _ in push.items[0].part = 1 }),
        ("a place before the parts", .frameMalformed, { push, _ in push.items[0].part = -1 }),
        (
            "a feed twice", .frameMalformed,
            { push, _ in
                push.parts.append(push.parts[0])
                push.items[2].part = 1
            }
        ),
        (
            "a feed without entries", .frameMalformed,
            { push, stage in
                push.parts.append(
                    ToyLog.part(
                        Stage.feed(of: stage.peer, .members([stage.me, stage.peer])),
                        first: 1,
                        size: 1,
                        root: TestHash.quick([])
                    )
                )
            }
        ),
        (
            "two classes", .frameMalformed,
            { push, stage in
                push.parts.append(
                    ToyLog.part(
                        Stage.feed(of: stage.peer, .alliance, .urgent),
                        first: 1,
                        size: 1,
                        root: TestHash.quick([])
                    )
                )
                push.items[2].part = 1
            }
        ),
        ("a negative size", .frameMalformed, { push, _ in push.frameBytes = -1 }),
        ("more than twice the window", .limitExceeded, { push, _ in push.frameBytes = 8_388_609 }),
        ("the largest frame", .limitExceeded, { push, _ in push.frameBytes = .max }),
    ]

    @Test(arguments: 0..<26)
    func `what is not genuine ends the session and nothing is stored`(index: Int) throws {
        let forgery = Self.forgeries[index]
        var stage = try informed(3)
        var push = push(stage, 4, 6)
        forgery.forge(&push, stage)
        var outputs = stage.hear(.push(push))
        if outputs.faults.isEmpty {
            // Its member may have signed two histories: paths are to show it, and none come.
            let feed = stage.theirFeed.digest(hash: TestHash.quick)
            #expect(["another root", "a changed leaf", "entries swapped"].contains(forgery.name))
            #expect(outputs.proves == [Prove(feed: feed, sequence: 1)])
            #expect(outputs.count == 1)
            outputs = stage.pass(5_000)
        }
        #expect(outputs.faults == [forgery.code], "\(forgery.name)")
        #expect(outputs.count == 1)
        #expect(stage.state() == nil)
        // An honest frame goes through afterwards, from where it was.
        let link = LinkID(rawValue: 2)
        _ = stage.acquaint(link)
        #expect(
            stage.hear(.push(self.push(stage, 4, 6)), on: link).batches.first?.items.count == 3
        )
    }

    @Test func `every forgery is tried`() { #expect(Self.forgeries.count == 26) }

    @Test func `a head behind what the peer was told of is a shrunken head`() throws {
        var stage = try informed(3)
        #expect(stage.hear(.push(push(stage, 1, 2))).faults == [.headShrunken])
    }

    @Test func `a head behind the one pushed before is a shrunken head`() throws {
        var stage = try informed()
        _ = stage.hear(.push(push(stage, 1, 4)))
        #expect(stage.hear(.push(push(stage, 1, 3))).faults == [.headShrunken])
    }

    @Test func `the same size under another root is no duplicate`() throws {
        var stage = try informed(3)
        var other = ToyLog()
        for index in 0..<3 as Range<UInt8> {
            other.append(to: stage.theirFeed, [99, index], at: .zero)
        }
        let push = other.push(stage.theirFeed, from: 1, to: 3)
        let outputs = stage.hear(.push(push))
        #expect(outputs.batches.isEmpty && outputs.acks.isEmpty)
        #expect(outputs.proves.map(\.sequence) == [1])
    }

    @Test func `twice the window received and not durable ends the session`() throws {
        var stage = try informed { $0.normalWindowBytes = 1_000 }
        #expect(stage.hear(.push(push(stage, 1, 1))).faults.isEmpty)
        let second = try #require(stage.hear(.push(push(stage, 2, 2))).batches.first)
        _ = persist(second, in: &stage)
        #expect(stage.hear(.push(push(stage, 3, 3))).faults.isEmpty)
        #expect(stage.hear(.push(push(stage, 4, 4))).faults == [.limitExceeded])
    }

    @Test func `more feeds than one author may have end the session`() throws {
        var stage = try informed(3) { $0.feedsPerAuthorMaximum = 2 }
        for (incarnation, faults) in [(11, []), (12, [FaultCode.limitExceeded])] {
            let feed = Stage.feed(of: stage.peer, incarnation: UInt64(incarnation))
            let push = Stage.log(feed, 1).push(feed, from: 1, to: 1)
            #expect(stage.hear(.push(push)).faults == faults)
        }
    }
}
