import AllianceModel
import Testing

@testable import ReplicationCore

/// Frames that decode and make no sense: whatever a peer says in whatever order, a node goes on.
@Suite struct RandomMessageTests {
    /// Numbers that are likely to hurt.
    private static let numbers: [UInt64] = [
        0, 1, 2, 3, 4, 5, UInt64(Int64.max), UInt64(Int64.max) + 1, .max - 1, .max,
    ]

    private struct Speaker {
        var random: SplitMix
        let stage: Stage
        let log: ToyLog

        mutating func number() -> UInt64 {
            RandomMessageTests.numbers.randomElement(using: &random) ?? 0
        }

        mutating func digest() -> Digest {
            let feeds = [stage.ownFeed, stage.theirFeed, Stage.feed(of: stage.me, .private)]
            return feeds.randomElement(using: &random)?.digest(hash: TestHash.quick)
                ?? TestHash.quick([])
        }

        mutating func identity() -> FeedIdentity {
            let codes = Stage.codes
            let audiences: [Audience] = [
                .private, .alliance, .members([]), .members([codes[0], codes[1]]),
                .members([codes[1], codes[0]]), .members([codes[1], codes[2]]),
            ]
            return Stage.feed(
                of: codes.randomElement(using: &random) ?? codes[0],
                incarnation: number(),
                audiences.randomElement(using: &random) ?? .alliance,
                Bool.random(using: &random) ? .urgent : .normal
            )
        }

        mutating func message() -> Message {
            switch Int.random(in: 0..<13, using: &random) {
            case 10:
                let key = RecordKey(
                    identifier: RecordIdentifier(
                        origin: stage.peer,
                        uuid: UUIDBytes(high: number(), low: number())
                    ),
                    headerDigest: UUIDBytes(high: 1, low: 1)
                )
                let count = Int.random(in: 0...2, using: &random)
                return .ask(Ask(records: Array(repeating: key, count: count)))
            case 11: return .prove(Prove(feed: digest(), sequence: number()))
            case 12: return .proved(proved())
            case 0:
                let member = Stage.codes.randomElement(using: &random)
                let clock = Int64(bitPattern: number())
                return stage.hello(member) { $0.clock = clock }
            case 1:
                return .ping(
                    Ping(
                        clock: Int64(bitPattern: number()),
                        common: digest(),
                        wantsAnswer: Bool.random(using: &random)
                    )
                )
            case 2, 3: return .have(have())
            case 4: return .want(Want(feed: digest(), from: number()))
            case 5, 6, 7: return .push(push())
            case 8:
                let stored = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Ack.Stored(feed: digest(), upTo: number())
                }
                return .ack(
                    Ack(
                        stored: stored,
                        held: number(),
                        oldestHeld: HybridTimestamp(rawValue: number())
                    )
                )
            default: return .unknown
            }
        }

        /// Sometimes what was asked for, with one thing changed.
        mutating func proved() -> Proved {
            let sequence = UInt64.random(in: 1...3, using: &random)
            let prove = Prove(
                feed: stage.theirFeed.digest(hash: TestHash.quick),
                sequence: sequence
            )
            let head = FeedHead(feed: digest(), size: number(), root: digest())
            var proved =
                log.prove(prove, by: stage.peer)
                ?? Proved(
                    member: stage.peer,
                    sequence: number(),
                    leaf: digest(),
                    path: [],
                    head: ToyLog.sign(head, by: stage.peer)
                )
            switch Int.random(in: 0..<5, using: &random) {
            case 0: proved.sequence = number()
            case 1: proved.path = []
            case 2: proved.head.head = head
            case 3: proved.member = Stage.codes.randomElement(using: &random) ?? stage.peer
            default: break
            }
            return proved
        }

        mutating func have() -> Have {
            let count = Int.random(in: 0...2, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                return .members(
                    Stage.codes.prefix(count).map { Have.Group(name: $0, digest: digest()) }
                )
            case 1:
                let member = Stage.codes.randomElement(using: &random) ?? Stage.codes[0]
                let groups = (0..<count).map { _ in
                    Have.Group(name: Incarnation(rawValue: number()), digest: digest())
                }
                return .incarnations(of: member, groups.sorted { $0.name < $1.name })
            default:
                let identity = identity()
                let sizes = (0..<count).map { _ in
                    Have.FeedSize(identity: identity, size: number(), root: digest())
                }
                return .feeds(of: identity.writer, sizes)
            }
        }

        /// Sometimes a genuine frame with one thing changed, sometimes anything.
        mutating func push() -> Push {
            let first = UInt64.random(in: 1...8, using: &random)
            var push = log.push(stage.theirFeed, from: first, to: first + 2)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: push.parts[0].first = number()
            case 1: push.parts[0].head.head.size = number()
            case 2: push.items[0].part = Int(truncatingIfNeeded: number())
            case 3: push.frameBytes = Int(truncatingIfNeeded: number())
            case 4: push.parts[0].identity = identity()
            case 5: push.parts.append(push.parts[0])
            default: break
            }
            return push
        }
    }

    /// 10,000 sequences in 20 tests of 500.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `no sequence of frames stops a node or gets anything unverified stored`(
        batch: UInt64
    )
        throws
    {
        let blank = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        let log = Stage.log(blank.theirFeed, 12)
        let genuine = log.feeds[blank.theirFeed.digest(hash: TestHash.quick)]
        for seed in (batch * 500)..<(batch * 500 + 500) {
            var stage = blank
            var speaker = Speaker(random: SplitMix(seed: seed), stage: blank, log: log)
            var link: UInt64 = 1
            _ = stage.connect(LinkID(rawValue: link))
            _ = stage.hear(stage.hello(), on: LinkID(rawValue: link))
            for _ in 0..<12 {
                let outputs = stage.hear(speaker.message(), on: LinkID(rawValue: link))
                try store(outputs, in: &stage, genuine, random: &speaker.random)
                _ = stage.answerReads(outputs)
                guard !outputs.closed.isEmpty else { continue }
                link += 1
                _ = stage.connect(LinkID(rawValue: link))
                if Bool.random(using: &speaker.random) {
                    _ = stage.hear(stage.hello(), on: LinkID(rawValue: link))
                }
            }
            _ = stage.pass(Int64.random(in: 0...60_000, using: &speaker.random))
            #expect(stage.replica.peers.count == 2)
        }
    }

    /// Everything that is to be stored is the peer's own, leaf by leaf.
    private func store(
        _ outputs: [ReplicaOutput],
        in stage: inout Stage,
        _ genuine: ToyLog.Feed?,
        random: inout SplitMix
    ) throws {
        for batch in outputs.batches {
            let part = try #require(batch.parts.first)
            #expect(batch.parts.count == 1)
            #expect(part.identity == genuine?.identity)
            let entries = genuine?.entries[Int(part.first - 1)..<Int(part.frontier.size)]
            #expect(batch.items.map(\.leaf) == entries?.map(\.leaf))
            guard Bool.random(using: &random) else { continue }
            let tip = FeedTip(
                identity: part.identity,
                digest: part.feed,
                frontier: part.frontier,
                latest: .zero
            )
            _ = stage.handle(
                .persisted(
                    LinkID(rawValue: 1),
                    batch: batch.number,
                    tips: [tip],
                    held: .none
                )
            )
        }
    }
}
