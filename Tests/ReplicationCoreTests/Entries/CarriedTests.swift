import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct CarriedTests {
    private let identity: FeedIdentity
    /// The origin's feed: the third of five entries is the changeset.
    private let entry: EntryBytes
    private let leaves: [Digest]
    private let hash = TestHash.quick

    init() throws {
        let writer = try EntrySamples.writer()
        let others = [writer.member, try CaseSamples.member("350128")]
        identity = FeedIdentity(
            writer: writer,
            audience: .members(others.sorted()),
            deliveryClass: .normal,
            roster: TestHash.quick([7])
        )
        let changeset = try Self.changeset()
        entry = EntryCoding.encode(changeset, salt: EntrySamples.salt)
        var leaves = (0..<5).map { TestHash.quick([$0]) }
        leaves[2] = EntryCoding.leaf(of: entry, hash: TestHash.quick)
        self.leaves = leaves
    }

    private static func changeset() throws -> Changeset {
        var changeset = try EntrySamples.changeset()
        let header = try #require(changeset.header)
        changeset.key = RecordKey(
            identifier: changeset.key.identifier,
            header: header,
            hash: TestHash.quick
        )
        return changeset
    }

    private func carried(_ content: Carried.Content? = nil, at sequence: UInt64 = 3) -> Carried {
        Carried(
            identity: identity,
            sequence: sequence,
            path: MerkleTree.path(of: sequence, leaves: leaves, hash: hash),
            head: SignedHead(
                head: FeedHead(
                    feed: identity.digest(hash: hash),
                    size: 5,
                    root: MerkleTree.root(of: leaves, hash: hash)
                ),
                key: TestHash.quick([8]),
                signature: Bytes(0..<64)
            ),
            content: content ?? .entry(entry)
        )
    }

    private var creation: Carried.Content {
        .creation(
            opening: entry.opening,
            writes: entry.writes.withUnsafeBytes { hash($0) },
            body: Bytes(entry.salt + entry.body).withUnsafeBytes { hash($0) }
        )
    }

    private func decode(_ carried: Carried) -> CarriedCoding.Decoded {
        CarriedCoding.decode(CarriedCoding.encode(carried)[...], hash: hash)
    }

    private func isMalformed(_ carried: Carried) -> Bool {
        if case .malformed = decode(carried) { true } else { false }
    }

    @Test func `a changeset is carried verbatim and read in its writer's name`() throws {
        let carried = carried()
        #expect(decode(carried) == .carried(carried))
        #expect(carried.verifiedLeaf(hash: hash) == leaves[2])
        #expect(carried.entry == .changeset(try Self.changeset()))
        // In an entry of whoever carries it.
        let time = HybridTimestamp(milliseconds: 5, counter: 1)
        let bytes = EntryCoding.encode(carried, timestamp: time, salt: EntrySamples.salt)
        let opening = try #require(EntryCoding.opening(bytes.opening))
        #expect(opening.kind == EntryCoding.Kind.carried && opening.timestamp == time)
        #expect(CarriedCoding.decode(bytes.body, hash: hash) == .carried(carried))
    }

    @Test func `a creation proof leads to the same leaf and holds nothing of what was written`() {
        let carried = carried(creation)
        #expect(decode(carried) == .carried(carried))
        #expect(carried.verifiedLeaf(hash: hash) == leaves[2])
        #expect(carried.entry == nil)
        let bytes = CarriedCoding.encode(carried)
        for part in [entry.writes, entry.salt, entry.body] {
            #expect(!bytes.indices.contains { bytes[$0...].starts(with: part) })
        }
    }

    @Test func `what does not lead to its head is malformed`() throws {
        let good = carried()
        let other = TestHash.quick([99])
        let changes: [(inout Carried) -> Void] = [
            { $0.sequence = 2 }, { $0.sequence = 0 }, { $0.sequence = 6 }, { $0.path[0] = other },
            { $0.path.removeLast() }, { $0.path.append(other) }, { $0.head.head.size = 4 },
            { $0.head.head.size = 9 }, { $0.head.head.root = other }, { $0.head.signature = [] },
            { $0.head.signature.append(0) }, { $0.path = Array(repeating: other, count: 64) },
        ]
        for (index, change) in changes.enumerated() {
            var carried = good
            change(&carried)
            #expect(isMalformed(carried), "\(index)")
        }
        // Another feed's head: the digest is not sent, so it is compared where both are at hand.
        var carried = good
        carried.head.head.feed = other
        #expect(carried.verifiedLeaf(hash: hash) == nil)
        let parts = [\EntryBytes.opening, \EntryBytes.writes, \EntryBytes.salt, \EntryBytes.body]
        for part in parts {
            let bytes = Bytes(entry[keyPath: part])
            for damaged in EntrySamples.flipped(bytes) {
                let forged = EntrySamples.replacing(entry, part, damaged)
                #expect(isMalformed(self.carried(.entry(forged))))
            }
        }
    }

    @Test func `changesets and statements are carried, and a creation begins a record`() throws {
        let statement = EntryCoding.encode(
            statement: [1],
            timestamp: HybridTimestamp(rawValue: 5),
            salt: EntrySamples.salt
        )
        #expect(!isMalformed(alone(statement, creation: false)))
        #expect(isMalformed(alone(statement, creation: true)))
        let again = EntryCoding.encode(
            carried(),
            timestamp: HybridTimestamp(rawValue: 6),
            salt: EntrySamples.salt
        )
        #expect(isMalformed(alone(again, creation: false)))
        #expect(!isMalformed(alone(entry, creation: false)))
        #expect(!isMalformed(alone(entry, creation: true)))
        var headless = try Self.changeset()
        headless.header = nil
        let bare = EntryCoding.encode(headless, salt: EntrySamples.salt)
        #expect(!isMalformed(alone(bare, creation: false)))
        #expect(isMalformed(alone(bare, creation: true)))
        var borrowed = try Self.changeset()
        borrowed.header?.item = "GJJ-08"
        let lie = EntryCoding.encode(borrowed, salt: EntrySamples.salt)
        #expect(isMalformed(alone(lie, creation: true)))
        var abroad = try Self.changeset()
        abroad.key.identifier.origin = try CaseSamples.member("350128")
        let stolen = EntryCoding.encode(abroad, salt: EntrySamples.salt)
        #expect(isMalformed(alone(stolen, creation: true)))
    }

    /// Carried out of a feed of one entry.
    private func alone(_ entry: EntryBytes, creation: Bool) -> Carried {
        let leaf = EntryCoding.leaf(of: entry, hash: hash)
        var carried = carried()
        carried.sequence = 1
        carried.path = []
        carried.head.head.size = 1
        carried.head.head.root = leaf
        carried.content =
            creation
            ? .creation(
                opening: entry.opening,
                writes: entry.writes.withUnsafeBytes { hash($0) },
                body: Bytes(entry.salt + entry.body).withUnsafeBytes { hash($0) }
            ) : .entry(entry)
        return carried
    }

    @Test func `cut anywhere it is malformed`() {
        for content in [nil, creation] {
            for bytes in EntrySamples.truncated(CarriedCoding.encode(carried(content))) {
                guard case .malformed = CarriedCoding.decode(bytes[...], hash: hash) else {
                    Issue.record("\(bytes.count) bytes")
                    continue
                }
            }
        }
    }

    @Test func `damaged bytes are malformed, or lead to their head all the same`() {
        let samples = [nil, creation].map { CarriedCoding.encode(carried($0)) }
        var random = SplitMix(seed: 3)
        var damaged = samples.flatMap { EntrySamples.flipped($0) }
        for index in 0..<5_000 {
            damaged.append(EntrySamples.damaged(samples[index % 2], &random))
        }
        for bytes in damaged {
            guard case .carried(let carried) = CarriedCoding.decode(bytes[...], hash: hash) else {
                continue
            }
            #expect(carried.verifiedLeaf(hash: hash) == leaves[2])
            #expect(
                CarriedCoding.decode(CarriedCoding.encode(carried)[...], hash: hash)
                    == .carried(carried)
            )
        }
    }
}
