import AllianceModel

@testable import ReplicationCore

/// One replica on a stage: whoever tests plays everybody else.
struct Stage {
    static let codes = ["350100", "350300", "350900", "351000"].compactMap { MemberCode($0) }
    static let roster = TestHash.quick(Bytes("roster".utf8))
    static let link = LinkID(rawValue: 1)

    let me: MemberCode
    let peer: MemberCode
    var replica: Replica
    /// What the replica under test has written.
    var own = ToyLog()
    /// What the peer has written.
    var theirs = ToyLog()
    var now = Monotonic(milliseconds: 1_000)
    var wall: Int64 = 1_700_000_000_000

    static func settings(
        _ member: MemberCode,
        incarnation: UInt64 = 1,
        members: [MemberCode] = Array(codes.prefix(3))
    ) throws -> ReplicaSettings {
        ReplicaSettings(
            member: member,
            incarnation: Incarnation(rawValue: incarnation),
            roster: try Roster(
                alliance: "fuzhou-metro",
                trustDomain: "fuzhou-metro.example",
                agreement: .all,
                members: members.map {
                    RosterMember(code: $0, names: LocalizedName(zh: "城市", en: "City"))
                }
            ),
            firstRoster: roster,
            presentRoster: roster,
            software: "1.0.0"
        )
    }

    init(
        own: ToyLog = ToyLog(),
        stored: ToyLog = ToyLog(),
        change: (inout ReplicaSettings) -> Void = { _ in }
    ) throws {
        me = Stage.codes[0]
        peer = Stage.codes[1]
        self.own = own
        theirs = stored
        var settings = try Stage.settings(me)
        change(&settings)
        replica = Replica(
            settings,
            feeds: own.tips + stored.tips,
            held: [:],
            hash: TestHash.quick
        )
    }

    // MARK: Feeds

    static func feed(
        of member: MemberCode,
        incarnation: UInt64 = 1,
        _ audience: Audience = .alliance,
        _ deliveryClass: DeliveryClass = .normal
    ) -> FeedIdentity {
        FeedIdentity(
            writer: Writer(member: member, incarnation: Incarnation(rawValue: incarnation)),
            audience: audience,
            deliveryClass: deliveryClass,
            roster: roster
        )
    }

    var ownFeed: FeedIdentity { Stage.feed(of: me) }
    var theirFeed: FeedIdentity { Stage.feed(of: peer) }

    static func log(_ identity: FeedIdentity, _ count: Int, bytes: Int = 10) -> ToyLog {
        var log = ToyLog()
        for index in 0..<count {
            log.append(
                to: identity,
                Bytes(repeating: UInt8(truncatingIfNeeded: index), count: bytes),
                at: HybridTimestamp(milliseconds: UInt64(1_000 + index), counter: 0)
            )
        }
        return log
    }

    // MARK: Acting

    /// Everything but wakes.
    mutating func handle(_ input: ReplicaInput) -> [ReplicaOutput] {
        replica.handle(input, now: now)
        var outputs: [ReplicaOutput] = []
        while let output = replica.nextOutput() {
            if case .wake = output { continue }
            outputs.append(output)
        }
        return outputs
    }

    mutating func connect(_ link: LinkID = link, dialled: Bool = true) -> [ReplicaOutput] {
        handle(.connected(link, peer: peer, dialled: dialled, wallMilliseconds: wall))
    }

    mutating func hear(_ message: Message, on link: LinkID = link) -> [ReplicaOutput] {
        handle(.received(link, message, wallMilliseconds: wall))
    }

    func hello(
        _ member: MemberCode? = nil,
        change: (inout Hello) -> Void = { _ in }
    ) -> Message {
        var hello = Hello(
            alliance: "fuzhou-metro",
            firstRoster: Stage.roster,
            presentRoster: Stage.roster,
            member: member ?? peer,
            incarnation: Incarnation(rawValue: 1),
            versions: 1...1,
            features: [],
            clock: wall,
            certificates: [],
            software: "1.0.0"
        )
        change(&hello)
        return .hello(hello)
    }

    /// The common digest over these logs.
    func common(_ logs: [ToyLog]) -> Digest {
        var table = FeedTable(logs.flatMap(\.tips), hash: TestHash.quick)
        return table.commonDigest(with: peer)
    }

    func ping(_ common: Digest, wantsAnswer: Bool = false) -> Message {
        .ping(Ping(clock: wall, common: common, wantsAnswer: wantsAnswer))
    }

    /// Hellos exchanged.
    mutating func acquaint(_ link: LinkID = link) -> [ReplicaOutput] {
        connect(link) + hear(hello(), on: link)
            + hear(.ack(Ack(stored: [], held: 0, oldestHeld: nil)), on: link)
    }

    /// Acquainted, and equal in what both have.
    mutating func inform(_ link: LinkID = link) -> [ReplicaOutput] {
        acquaint(link) + hear(ping(common([own, theirs])), on: link)
    }

    /// The node writes; the replica is told.
    mutating func write(
        _ count: Int = 1,
        to identity: FeedIdentity,
        bytes: Int = 10
    ) -> [ReplicaOutput] {
        var tip: FeedTip?
        for _ in 0..<count {
            wall += 1
            tip = own.append(
                to: identity,
                Bytes(repeating: 7, count: bytes),
                at: HybridTimestamp(milliseconds: UInt64(wall), counter: 0)
            )
        }
        return handle(.appended([tip].compactMap(\.self)))
    }

    /// Answers every read among the outputs from the node's log, and those that follow.
    mutating func answerReads(_ outputs: [ReplicaOutput]) -> [ReplicaOutput] {
        var all: [ReplicaOutput] = []
        var open = outputs
        while !open.isEmpty {
            let output = open.removeFirst()
            guard case .read(let link, let deliveryClass, let ranges, let maximum) = output else {
                all.append(output)
                continue
            }
            let entries = own.read(deliveryClass, ranges, bytesMaximum: maximum)
            open += handle(.read(link, entries))
        }
        return all
    }

    func state(of link: LinkID = link) -> PeerSession.State? { replica.sessions[link]?.state }

    var status: PeerStatus? { replica.status(of: peer) }

    mutating func pass(_ milliseconds: Int64) -> [ReplicaOutput] {
        now = now.advanced(byMilliseconds: milliseconds)
        wall += milliseconds
        return handle(.timeout(wallMilliseconds: wall))
    }
}

extension [ReplicaOutput] {
    var faults: [FaultCode] {
        compactMap {
            if case .close(_, let fault?) = $0 { return fault.code }
            return nil
        }
    }

    /// Feeds whose forks are to be told of again.
    var unheard: [Digest] {
        compactMap {
            if case .forkUnheard(let feed) = $0 { return feed }
            return nil
        }
    }

    var closed: [LinkID] {
        compactMap {
            if case .close(let link, _) = $0 { return link }
            return nil
        }
    }

    var messages: [Message] {
        compactMap {
            if case .send(_, let message) = $0 { return message }
            return nil
        }
    }

    var batches: [ReceivedBatch] {
        compactMap {
            if case .persist(_, let batch) = $0 { return batch }
            return nil
        }
    }

    var pushes: [ReadEntries] {
        compactMap {
            if case .push(_, let entries) = $0 { return entries }
            return nil
        }
    }

    var reads: [(deliveryClass: DeliveryClass, ranges: [FeedRange])] {
        compactMap {
            if case .read(_, let deliveryClass, let ranges, _) = $0 {
                return (deliveryClass, ranges)
            }
            return nil
        }
    }

    var acks: [Ack] {
        messages.compactMap {
            if case .ack(let ack) = $0 { return ack }
            return nil
        }
    }

    var haves: [Have] {
        messages.compactMap {
            if case .have(let have) = $0 { return have }
            return nil
        }
    }

    var wants: [Want] {
        messages.compactMap {
            if case .want(let want) = $0 { return want }
            return nil
        }
    }

    var proves: [Prove] {
        messages.compactMap {
            if case .prove(let prove) = $0 { return prove }
            return nil
        }
    }

    var pings: [Ping] {
        messages.compactMap {
            if case .ping(let ping) = $0 { return ping }
            return nil
        }
    }
}
