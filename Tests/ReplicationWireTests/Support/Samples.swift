import AllianceModel
import ReplicationCore
import ReplicationWire
import SwiftProtobuf
import Synchronization
import Testing

/// Values that the tests share: fixed, so that their bytes can stand in the protocol's text.
enum Samples {
    /// SHA-256 that remembers: damaged messages mostly hash what undamaged ones did.
    static let hash: HashFunction = { raw in
        let bytes = Bytes(raw)
        if let known = known.withLock({ $0[bytes] }) { return known }
        let digest = SHA256.hash(bytes)
        known.withLock { $0[bytes] = digest }
        return digest
    }
    private static let known = Mutex<[Bytes: Digest]>([:])

    static func member(_ code: String) throws -> MemberCode { try #require(MemberCode(code)) }

    static func digest(_ byte: UInt8) throws -> Digest {
        try #require(Digest(bytes: Bytes(repeating: byte, count: 32)))
    }

    static func writer(_ code: String = "350100") throws -> Writer {
        Writer(
            member: try member(code),
            incarnation: Incarnation(rawValue: 0x0123_4567_89ab_cdef)
        )
    }

    static func identity(_ audience: Audience = .alliance) throws -> FeedIdentity {
        FeedIdentity(
            writer: try writer(),
            audience: audience,
            deliveryClass: .normal,
            roster: try digest(0x33)
        )
    }

    static func parties() throws -> FeedIdentity {
        try identity(.members([try member("350100"), try member("350300-07")]))
    }

    static func head(_ identity: FeedIdentity, size: UInt64) throws -> SignedHead {
        SignedHead(
            head: FeedHead(feed: identity.digest(hash: hash), size: size, root: try digest(0x44)),
            key: try digest(0x55),
            signature: Bytes(repeating: 0x66, count: 64)
        )
    }

    static func hello() throws -> Hello {
        Hello(
            alliance: "fuzhou-metro",
            firstRoster: try digest(0x11),
            presentRoster: try digest(0x22),
            member: try member("350100"),
            incarnation: Incarnation(rawValue: 0x0123_4567_89ab_cdef),
            versions: 1...2,
            features: ["!carry", "bundles"],
            clock: 1_780_000_000_123,
            certificates: [[0x30, 0x01], [0x30, 0x02]],
            software: "1.0.0"
        )
    }

    static func push() throws -> Push {
        let alliance = try identity()
        let parties = try parties()
        return Push(
            parts: [
                Push.Part(identity: alliance, first: 7, head: try head(alliance, size: 7)),
                Push.Part(identity: parties, first: 1, head: try head(parties, size: 2)),
            ],
            items: [
                try item(1, changeset(1), alliance),
                try item(0, statement(2), parties),
                try item(1, changeset(3), alliance),
            ],
            certificates: [[0x30, 0x01, 0x07], [0x30, 0x01, 0x08]],
            frameBytes: 0
        )
    }

    static func changeset(_ number: UInt64) throws -> EntryBytes {
        let uuid = try #require(UUIDBytes(bytes: Bytes(0x70..<0x80)))
        let header = RecordHeader(
            item: "GJJ-07",
            definition: try digest(0x77),
            home: try member("350300")
        )
        let key = RecordKey(
            identifier: RecordIdentifier(origin: try member("350100"), uuid: uuid),
            header: header,
            hash: hash
        )
        let dot = Dot(writer: try writer(), number: number)
        var context = CausalContext()
        if number > 1 { context.insert(Dot(writer: try writer("350300"), number: 5)) }
        let write = Write(
            field: "monthlyRent",
            dot: dot,
            context: context,
            lost: number > 1 ? [Dot(writer: try writer("350300"), number: 4)] : [],
            ground: number > 1 ? Dot(writer: try writer(), number: 9) : nil,
            requestID: number > 1 ? Bytes(repeating: 0xaa, count: 16) : nil,
            value: try amount()[...]
        )
        let changeset = Changeset(
            timestamp: HybridTimestamp(milliseconds: 1_780_000_000_000 + number, counter: 3),
            key: key,
            header: number == 1 ? header : nil,
            writes: [write]
        )
        return EntryCoding.encode(changeset, salt: Bytes(repeating: 0x5a, count: 16))
    }

    /// 1234.56, by way of the generated code.
    static func amount() throws -> Bytes {
        var value = SchemaValue()
        value.decimal.units = 123_456
        value.decimal.scale = 2
        return try value.serializedBytes()
    }

    static func statement(_ number: UInt64) throws -> EntryBytes {
        EntryCoding.encode(
            statement: StatementCoding.encode(approval: try approval()),
            timestamp: HybridTimestamp(milliseconds: 1_780_000_000_000 + number, counter: 0),
            salt: Bytes(repeating: 0x5b, count: 16)
        )
    }

    static func item(_ part: Int, _ bytes: EntryBytes, _ identity: FeedIdentity) throws -> Push.Item
    {
        Push.Item(
            part: part,
            bytes: bytes,
            leaf: EntryCoding.leaf(of: bytes, hash: hash),
            content: EntryContent(bytes, writer: identity.writer, hash: hash)
        )
    }

    static func approval() throws -> Approval {
        Approval(
            proposal: try digest(0x88),
            member: try member("350700"),
            key: try digest(0x99),
            signature: Bytes(0..<64)
        )
    }

    /// A refusal, a declaration that an incarnation is gone, and a ceiling.
    static func ownStatements() throws -> [ReplicationCore.Statement] {
        let earlier = Writer(
            member: try member("350100"),
            incarnation: Incarnation(rawValue: 0x1122_3344_5566_7788)
        )
        let time = HybridTimestamp(milliseconds: 1_780_000_000_000, counter: 7)
        return [
            .refusal(ProposalRefusal(proposal: try digest(0x88), reason: "no such form here")),
            .gone(earlier),
            .ceiling(earlier, time),
        ]
    }

    /// The third of three entries is another one in a history of five.
    static func forkProof() throws -> ForkProof {
        let feed = try parties().digest(hash: hash)
        let histories: [[UInt8]] = [[1, 2, 3], [1, 2, 4, 5, 6]]
        let branches = try histories.map { numbers in
            let leaves = try numbers.map { try digest($0) }
            let head = FeedHead(
                feed: feed,
                size: UInt64(leaves.count),
                root: MerkleTree.root(of: leaves, hash: hash)
            )
            return ForkProof.Branch(
                leaf: leaves[2],
                path: MerkleTree.path(of: 3, leaves: leaves, hash: hash),
                head: SignedHead(head: head, key: try digest(0x55), signature: Bytes(0..<64))
            )
        }
        let member = try member("350100")
        let proof = ForkProof(
            of: member,
            feed: feed,
            sequence: 3,
            branches[0],
            branches[1],
            hash: hash
        )
        return try #require(proof)
    }

    /// The first changeset, out of a feed of three.
    static func carried() throws -> Carried {
        let entry = try changeset(1)
        let leaves = [EntryCoding.leaf(of: entry, hash: hash), try digest(1), try digest(2)]
        let identity = try parties()
        let head = FeedHead(
            feed: identity.digest(hash: hash),
            size: 3,
            root: MerkleTree.root(of: leaves, hash: hash)
        )
        return Carried(
            identity: identity,
            sequence: 1,
            path: MerkleTree.path(of: 1, leaves: leaves, hash: hash),
            head: SignedHead(head: head, key: try digest(0x55), signature: Bytes(0..<64)),
            content: .entry(entry)
        )
    }

    /// The same without what was written.
    static func creation() throws -> Carried {
        var carried = try carried()
        let entry = try changeset(1)
        carried.content = .creation(
            opening: entry.opening,
            writes: SHA256.hash(Bytes(entry.writes)),
            body: SHA256.hash(Bytes(entry.salt + entry.body))
        )
        return carried
    }

    static func recordKeys() throws -> [RecordKey] {
        try [1, 2].map { number in
            RecordKey(
                identifier: RecordIdentifier(
                    origin: try member("350100"),
                    uuid: UUIDBytes(high: 5, low: number)
                ),
                headerDigest: UUIDBytes(high: 7, low: 8)
            )
        }
    }

    static func proved() throws -> Proved {
        let branch = try forkProof().first
        return Proved(
            member: try member("350100"),
            sequence: 3,
            leaf: branch.leaf,
            path: branch.path,
            head: branch.head,
            certificate: [0x30, 0x03, 0x02, 0x01, 0x07]
        )
    }

    static func feedSizes() throws -> [Have.FeedSize] {
        try [identity(), parties(), identity(.private)]
            .sorted { $0.digest(hash: hash) < $1.digest(hash: hash) }
            .map { Have.FeedSize(identity: $0, size: 300, root: try digest(0x44)) }
    }

    /// One of every message, and of every variant of it.
    static func messages() throws -> [(name: String, message: ReplicationCore.Message)] {
        let groups = [
            Have.Group(name: try member("350100"), digest: try digest(1)),
            Have.Group(name: try member("350300"), digest: try digest(2)),
        ]
        let incarnations = [
            Have.Group(name: Incarnation(rawValue: 1), digest: try digest(1)),
            Have.Group(name: Incarnation(rawValue: 0x8000_0000_0000_0000), digest: try digest(2)),
        ]
        let stored = Ack.Stored(feed: try digest(0x11), upTo: 300)
        let oldest = HybridTimestamp(milliseconds: 1_780_000_000_000, counter: 7)
        let record = Checked.Record(key: [1, 2, 3], digest: try digest(9))
        let buckets = try (0..<256).map { try digest(UInt8($0)) }
        return [
            ("hello", .hello(try hello())),
            ("ping", .ping(Ping(clock: -5, common: try digest(0x12), wantsAnswer: true))),
            ("have members", .have(.members(groups))),
            ("have nothing", .have(.members([]))),
            ("have incarnations", .have(.incarnations(of: try member("350100"), incarnations))),
            ("have feeds", .have(.feeds(of: try writer(), try feedSizes()))),
            ("want", .want(Want(feed: try digest(0x11), from: 301))),
            ("push", .push(try push())),
            ("ack", .ack(Ack(stored: [stored], held: 2, oldestHeld: oldest))),
            ("ack of nothing", .ack(Ack(stored: [], held: 0, oldestHeld: nil))),
            ("ask", .ask(Ask(records: try recordKeys()))),
            ("prove", .prove(Prove(feed: try digest(0x11), sequence: 300))),
            ("proved", .proved(try proved())),
            ("ack full", .ack(Ack(stored: [], held: 9, oldestHeld: nil, isFull: true))),
            ("check", .check(Check(number: 1, bucket: nil))),
            ("check bucket", .check(Check(number: 2, bucket: 0))),
            ("buckets", .checked(Checked(number: 1, content: .buckets(buckets, records: 9)))),
            ("records", .checked(Checked(number: 2, content: .records([record])))),
            ("fault", .fault(Fault(.storeStopped, "the disk is full", retryMilliseconds: 60_000))),
        ]
    }

    static func frame(_ message: ReplicationCore.Message) -> Bytes {
        Bytes(Wire.encode(message).dropFirst(4))
    }
}
