import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct ValueCodingTests {
    /// Values and their bytes.
    static let golden: [(WriteValue, String)] = [
        (.single(.text("")), "0a00"),
        (.single(.text("租金")), "0a06e7a79fe98791"),
        (.single(.integer(0)), "1000"),
        (.single(.integer(-1)), "1001"),
        (.single(.integer(.max)), "10feffffffffffffffff01"),
        (.single(.integer(.min)), "10ffffffffffffffffff01"),
        (.single(.decimal(ScaledDecimal(units: 1_234_560, scale: 2))), "1a070880da96011002"),
        (.single(.boolean(false)), "2000"),
        (.single(.boolean(true)), "2001"),
        (.single(.time(-1)), "3001"),
        (.single(.cleared), "4801"),
        (.elements(add: [.text("a")], remove: [.text("b")]), "420a0a030a0161" + "12030a0162"),
        (.ruling(.text("a")), "52030a0161"),
        (.ruling(.cleared), "52024801"),
        (.deletion([]), "5a00"),
    ]

    @Test(arguments: golden)
    func `a value has these bytes and no others`(value: WriteValue, hex: String) throws {
        #expect(Hexadecimal.encode(ValueCoding.encode(value)) == hex)
        let bytes = try #require(Hexadecimal.decode(hex))
        #expect(ValueCoding.decode(bytes[...]) == value)
    }

    @Test func `a deletion has these bytes`() throws {
        var seen = CausalContext()
        seen.insert(Dot(writer: try CaseSamples.writer("350100"), number: 1))
        let value = WriteValue.deletion([FieldSight(field: "a", seen: seen)])
        let bytes =
            "5a1a0a180a0161" + "12130a06333530313030" + "110100000000000000" + "1801"
        #expect(Hexadecimal.encode(ValueCoding.encode(value)) == bytes)
    }

    private static func values() throws -> [WriteValue] {
        let date = try #require(CalendarDate("1969-12-31"))
        var seen = CausalContext()
        seen.insert(Dot(writer: try CaseSamples.writer("350100"), number: 1))
        seen.insert(Dot(writer: try CaseSamples.writer("350300"), number: 300))
        return golden.map(\.0) + [
            .deletion([
                FieldSight(field: "@turn", seen: seen), FieldSight(field: "name", seen: seen),
            ]),
            .single(.date(date)), .single(.member(try CaseSamples.member("330111-07"))),
            .single(.time(1_780_000_000_000)),
            .elements(add: [], remove: [.integer(-3), .integer(0), .integer(5)]),
            .elements(add: [.date(date)], remove: []),
        ]
    }

    @Test func `every value comes back, cut or with a bit flipped it is another or none`() throws {
        for value in try Self.values() {
            let bytes = ValueCoding.encode(value)
            #expect(ValueCoding.decode(bytes[...]) == value)
            for damaged in EntrySamples.truncated(bytes) {
                #expect(ValueCoding.decode(damaged[...]) == nil)
            }
            for damaged in EntrySamples.flipped(bytes) { checkCanonical(damaged) }
        }
    }

    @Test func `ten thousand damaged values are read in one way or not at all`() throws {
        var random = SplitMix(seed: 1)
        let values = try Self.values().map { ValueCoding.encode($0) }
        for index in 0..<10_000 {
            checkCanonical(EntrySamples.damaged(values[index % values.count], &random))
        }
    }

    private func checkCanonical(_ bytes: Bytes) {
        guard let value = ValueCoding.decode(bytes[...]) else { return }
        #expect(ValueCoding.encode(value) == bytes)
    }

    @Test(arguments: [
        "", "0a", "0a02c328", "0a0100", "10808080808080808080" + "02", "108000", "2002", "4800",
        "4802", "3a053335303130", "1a0108", "1a020801", "1a0408021013", "4200",
        "42050a030a0161" + "00",
        "0a0161" + "0a0162", "5001", "0d00000000",
        // Not sorted, twice, in both, behind what is removed.
        "420a0a030a01620a030a0161", "420a0a030a01610a030a0161", "420a0a030a016112030a0161",
        "420a12030a01610a030a0162",
        // Elements within elements.
        "42070a0542030a0161",
    ])
    func `these bytes are no value`(hex: String) throws {
        let bytes = try #require(Hexadecimal.decode(hex))
        #expect(ValueCoding.decode(bytes[...]) == nil)
    }

    @Test func `a million bytes of elements within elements cost no stack`() {
        var bytes: Bytes = []
        while bytes.count < 1_000_000 {
            // Built from the inside out, backwards: lengths are those of what stands behind.
            bytes.append(contentsOf: Self.reversedHeader(1, bytes.count))
            bytes.append(contentsOf: Self.reversedHeader(8, bytes.count))
        }
        bytes.reverse()
        #expect(ValueCoding.decode(bytes[...]) == nil)
        #expect(ValueCoding.decodeSingle(bytes[...]) == nil)
    }

    private static func reversedHeader(_ number: UInt64, _ count: Int) -> Bytes {
        var header = ProtobufWriter()
        header.bytes(number, [])
        var length = ProtobufWriter()
        length.varint(1, UInt64(count))
        return Bytes((header.bytes.dropLast() + length.bytes.dropFirst()).reversed())
    }

    @Test func `two sorted lists are disjoint or not`() {
        var random = SplitMix(seed: 3)
        for _ in 0..<1_000 {
            let lists = (0..<2).map { _ in
                (0..<6).filter { _ in Bool.random(using: &random) }.map { FieldValue.integer($0) }
            }
            let expected = Set(lists[0]).isDisjoint(with: lists[1])
            #expect(WriteValue.areDisjoint(lists[0], lists[1]) == expected)
        }
    }
}
