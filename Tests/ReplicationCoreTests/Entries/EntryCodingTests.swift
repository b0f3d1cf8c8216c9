import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct EntryCodingTests {
    private let changeset: Changeset
    private let entry: EntryBytes
    private let writer: Writer
    private static var parts: [WritableKeyPath<EntryBytes, ArraySlice<UInt8>>] {
        [\.opening, \.writes, \.body]
    }

    init() throws {
        changeset = try EntrySamples.changeset()
        entry = EntryCoding.encode(changeset, salt: EntrySamples.salt)
        writer = try EntrySamples.writer()
    }

    private func isMalformed(_ entry: EntryBytes) -> Bool {
        if case .malformed = EntryCoding.decode(entry, writer: writer) { true } else { false }
    }

    @Test func `the bytes of a changeset are these`() {
        #expect(
            Hexadecimal.encode(entry.opening)
                == "0801110700008844709e011a2c0a0633353031303012100192f0c47abc7def8123456789abcd"
                + "ef1a10257ccd3d65e7baf68d37b609e4823eb122320a06474a4a2d3037122000010203040506"
                + "0708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1a06333530313238"
        )
        #expect(
            Hexadecimal.encode(entry.writes)
                == "0a91010a06616d6f756e7410ad021a160a093333303131312d30371102000000000000001803"
                + "1a140a0633353031303011efcdab896745230118ac0222160a093333303131312d3037110200"
                + "000000000000180222140a0633353031303011efcdab896745230118ab022a160a0933333031"
                + "31312d303711020000000000000018013210a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0a060a04"
                + "6e616d65"
        )
        #expect(Hexadecimal.encode(entry.body) == "0a081a0608ff880f10020a0b0a09e99988e5b08fe6988e")
        #expect(
            EntryCoding.leaf(of: entry, hash: TestHash.sha256).hex
                == "19efdf5bea2f511e5888a6d2e29aa49775511cc7094b8e3f420de4b7a07e10f5"
        )
    }

    @Test func `a changeset comes back as it was`() {
        #expect(EntryCoding.decode(entry, writer: writer) == .changeset(changeset))
    }

    @Test func `a statement is passed on with its time`() {
        let time = CaseSamples.time(5)
        let entry = EntryCoding.encode(
            statement: [1, 2, 3],
            timestamp: time,
            salt: EntrySamples.salt
        )
        #expect(EntryCoding.decode(entry, writer: writer) == .unknown(kind: 3, timestamp: time))
        #expect(entry.body == [1, 2, 3])
    }

    @Test func `an entry of a later kind is known to be one`() {
        var opening = ProtobufWriter()
        opening.varint(1, 77)
        opening.fixed64(2, 9)
        let later = EntrySamples.replacing(entry, \.opening, opening.bytes)
        #expect(
            EntryCoding.decode(later, writer: writer)
                == .unknown(kind: 77, timestamp: HybridTimestamp(rawValue: 9))
        )
    }

    @Test func `fields of a later version are passed over`() {
        var extended = entry
        var more = ProtobufWriter()
        more.bytes(100, [1, 2, 3])
        more.varint(101, 7)
        extended.opening += more.bytes
        extended.writes += more.bytes
        extended.body += more.bytes
        #expect(EntryCoding.decode(extended, writer: writer) == .changeset(changeset))
    }

    // MARK: Damage

    @Test func `an entry cut anywhere is malformed`() {
        for part in Self.parts {
            for bytes in EntrySamples.truncated(Bytes(entry[keyPath: part])) {
                let damaged = EntrySamples.replacing(entry, part, bytes)
                // Cut behind its key, an opening is one without a header.
                if case .changeset(let other) = EntryCoding.decode(damaged, writer: writer) {
                    #expect(part == \EntryBytes.opening && other.header == nil)
                }
            }
        }
    }

    @Test func `with any bit flipped an entry is another or malformed, and never read twice`() {
        for part in Self.parts {
            for bytes in EntrySamples.flipped(Bytes(entry[keyPath: part])) {
                checkCanonical(EntrySamples.replacing(entry, part, bytes))
            }
        }
    }

    @Test(arguments: [0, 1, 2])
    func `ten thousand damaged entries are read in one way or not at all`(part: Int) {
        var random = SplitMix(seed: UInt64(part))
        let part = Self.parts[part]
        for _ in 0..<10_000 {
            let bytes = EntrySamples.damaged(Bytes(entry[keyPath: part]), &random)
            checkCanonical(EntrySamples.replacing(entry, part, bytes))
        }
    }

    /// What decodes and holds nothing unknown is exactly what is encoded.
    private func checkCanonical(_ damaged: EntryBytes) {
        guard case .changeset(let other) = EntryCoding.decode(damaged, writer: writer),
            !EntrySamples.hasUnknownFields(damaged)
        else { return }
        #expect(EntryCoding.encode(other, salt: EntrySamples.salt) == damaged)
    }

    // MARK: Well-formed, and yet not

    private func changed(_ change: (inout Changeset) -> Void) -> EntryBytes {
        var changeset = changeset
        change(&changeset)
        return EntryCoding.encode(changeset, salt: EntrySamples.salt)
    }

    @Test func `what a writer cannot honestly say is malformed`() throws {
        let other = try CaseSamples.writer("350900", 1)
        #expect(isMalformed(changed { $0.writes = [] }))
        #expect(isMalformed(changed { $0.writes[1].field = "amount" }))
        #expect(isMalformed(changed { $0.writes[1].field = "" }))
        #expect(isMalformed(changed { $0.writes[1].dot.number = 0 }))
        // It claims to have seen itself.
        #expect(isMalformed(changed { $0.writes[0].dot.number = 300 }))
        // It lost what it had not seen.
        #expect(isMalformed(changed { $0.writes[0].lost.append(Dot(writer: other, number: 1)) }))
        #expect(isMalformed(changed { $0.writes[0].lost.reverse() }))
        #expect(isMalformed(changed { $0.writes[0].requestID = [1] }))
        #expect(isMalformed(changed { $0.timestamp = .zero }))
        #expect(isMalformed(EntrySamples.replacing(entry, \.salt, [1])))
    }

    @Test func `writes of one field are found wherever they stand`() {
        let fields: [Text] = ["b", "a", "c", "a"]
        let entry = changed { changeset in
            let write = changeset.writes[1]
            changeset.writes = fields.map {
                var write = write
                write.field = $0
                return write
            }
        }
        #expect(isMalformed(entry))
    }

    @Test func `values and writes are as many`() {
        var body = ProtobufWriter()
        body.bytes(1, changeset.writes[0].value)
        #expect(isMalformed(EntrySamples.replacing(entry, \.body, body.bytes)))
        for _ in 0..<2 { body.bytes(1, changeset.writes[1].value) }
        #expect(isMalformed(EntrySamples.replacing(entry, \.body, body.bytes)))
    }

    @Test(arguments: [1_024, 1_025])
    func `a changeset has at most 1,024 writes`(count: Int) {
        let entry = changed { changeset in
            changeset.writes = (1...count).map { index in
                var write = changeset.writes[1]
                write.field = Text("field\(index)")
                return write
            }
        }
        #expect(isMalformed(entry) == (count > 1_024))
    }

    @Test(arguments: [1_024, 1_025])
    func `a context has at most 1,024 entries, and so have the lost`(count: Int) throws {
        let dots = try (1...count).map {
            Dot(writer: try CaseSamples.writer("330111", UInt64($0)), number: 1)
        }
        let entry = changed { changeset in
            for dot in dots { changeset.writes[1].context.insert(dot) }
        }
        #expect(isMalformed(entry) == (count > 1_024))
        let lost = try (1...count).map {
            Dot(writer: try CaseSamples.writer("330111"), number: UInt64($0))
        }
        let losing = changed { changeset in
            changeset.writes[1].context.insert(lost[count - 1])
            changeset.writes[1].lost = lost
        }
        #expect(isMalformed(losing) == (count > 1_024))
    }

    // MARK: Leaf

    @Test func `the leaf is the hash of the opening and the hashes of writes and salted body`() {
        let inner =
            TestHash.sha256(Bytes(entry.writes)).bytes
            + TestHash.sha256(Bytes(entry.salt + entry.body)).bytes
        let leaf = EntryCoding.leaf(of: entry, hash: TestHash.sha256)
        #expect(leaf == TestHash.sha256([0] + Bytes(entry.opening) + inner))
    }

    @Test func `a leaf covers every byte, of slices too`() {
        let leaf = EntryCoding.leaf(of: entry, hash: TestHash.quick)
        let parts: [WritableKeyPath<EntryBytes, ArraySlice<UInt8>>] =
            Self.parts + [\EntryBytes.salt]
        for part in parts {
            let bytes = Bytes(entry[keyPath: part])
            var sliced = entry
            sliced[keyPath: part] = (Bytes([9, 9]) + bytes + [9])[2..<(2 + bytes.count)]
            #expect(EntryCoding.leaf(of: sliced, hash: TestHash.quick) == leaf)
            for index in bytes.indices {
                var other = bytes
                other[index] ^= 1
                let damaged = EntrySamples.replacing(entry, part, other)
                #expect(EntryCoding.leaf(of: damaged, hash: TestHash.quick) != leaf)
            }
        }
    }

    @Test func `the leaf of an entry of nothing is made, too`() {
        let none = EntryBytes(opening: [], writes: [], salt: [], body: [])
        let empty = TestHash.sha256([]).bytes
        #expect(
            EntryCoding.leaf(of: none, hash: TestHash.sha256)
                == TestHash.sha256([0] + empty + empty)
        )
    }
}
