import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct RecordCodingTests {
    // MARK: UUIDs and identifiers

    @Test func `the example of RFC 9562 is made and printed`() {
        // Appendix A.6: 2022-02-22T19:22:22.000Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
        let random: Bytes = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]
        let uuid = UUIDBytes(version7At: 0x017f_22e2_79b0, random: random)
        #expect(uuid.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(uuid.isVersion7)
    }

    @Test func `whatever the random bytes, it is a UUIDv7 in the order of time`() {
        var random = SplitMix(seed: 4)
        var last = UUIDBytes(high: 0, low: 0)
        for milliseconds in stride(from: UInt64(1), to: 1 << 48, by: 1 << 40) {
            let bytes = (0..<10).map { _ in UInt8.random(in: 0...255, using: &random) }
            let uuid = UUIDBytes(version7At: milliseconds, random: bytes)
            #expect(uuid.isVersion7)
            #expect(UUIDBytes(version7: uuid.description) == uuid)
            #expect(UUIDBytes(bytes: uuid.bytes) == uuid)
            #expect(last < uuid)
            last = uuid
        }
    }

    static let printed = "350100.0192f0c4-7abc-7def-8123-456789abcdef"

    @Test(arguments: [printed, "330111-07.0192f0c4-7abc-7def-bfff-456789abcdef"])
    func `an identifier is printed as it was read`(printed: String) throws {
        let identifier = try #require(RecordIdentifier(printed))
        #expect(identifier.description == printed)
    }

    @Test(arguments: [
        "", ".", "350100", "350100.", "350100.0192F0C4-7abc-7def-8123-456789abcdef",
        "350100.0192f0c4-7abc-4def-8123-456789abcdef",
        "350100.0192f0c4-7abc-7def-c123-456789abcdef",
        "350100.0192f0c47abc7def8123456789abcdef", "350100.0192f0c4-7abc-7def-8123-456789abcde",
        "35010.0192f0c4-7abc-7def-8123-456789abcdef",
        "350100 .0192f0c4-7abc-7def-8123-456789abcdef",
        "350100.0192f0c4-7abc-7def-8123-456789abcdef ",
        "350100.0192f0c47-abc-7def-8123-456789abcdef",
        "350100.0192f0c4-7abc-7def-8123-456789abcdeg",
        "350100.+192f0c4-7abc-7def-8123-456789abcdef",
    ])
    func `what is not exactly one is none`(printed: String) {
        #expect(RecordIdentifier(printed) == nil)
    }

    // MARK: Keys and headers

    private static func keys() throws -> [RecordKey] {
        var random = SplitMix(seed: 5)
        let codes = ["350100", "330111", "330111-07", "330111-0", "330112"]
        return try (0..<200).map { _ in
            RecordKey(
                identifier: RecordIdentifier(
                    origin: try CaseSamples.member(codes.randomElement(using: &random) ?? ""),
                    uuid: UUIDBytes(
                        high: random.next() >> UInt64.random(in: 0...63, using: &random),
                        low: UInt64.random(in: 0...1, using: &random)
                    )
                ),
                headerDigest: UUIDBytes(high: 0, low: UInt64.random(in: 0...2, using: &random))
            )
        }
    }

    @Test func `keys come back, and their bytes are in their order`() throws {
        let keys = try Self.keys()
        for key in keys { #expect(RecordKey(encoded: key.encoded) == key) }
        for (left, right) in zip(keys, keys.dropFirst()) {
            #expect((left < right) == left.encoded.lexicographicallyPrecedes(right.encoded))
        }
    }

    @Test func `damaged keys are others or none`() throws {
        for bytes in try Self.keys().map(\.encoded) {
            for damaged in EntrySamples.truncated(bytes) + EntrySamples.flipped(bytes) {
                guard let key = RecordKey(encoded: damaged) else { continue }
                #expect(key.encoded == damaged)
            }
        }
    }

    @Test func `a key names its header by the first bytes of its hash`() throws {
        let header = try CaseSamples.header()
        let identifier = try #require(RecordIdentifier(Self.printed))
        let key = RecordKey(identifier: identifier, header: header, hash: TestHash.sha256)
        #expect(key.headerDigest.bytes == Bytes(TestHash.sha256(header.encoded).bytes.prefix(16)))
    }

    @Test func `a header has one encoding`() throws {
        let header = try CaseSamples.header()
        #expect(RecordHeader(encoded: header.encoded[...]) == header)
        var random = SplitMix(seed: 6)
        let damaged =
            EntrySamples.truncated(header.encoded) + EntrySamples.flipped(header.encoded)
            + (0..<10_000).map { _ in EntrySamples.damaged(header.encoded, &random) }
        for bytes in damaged {
            guard let other = RecordHeader(encoded: bytes[...]) else { continue }
            #expect(other.encoded == bytes)
        }
    }

    // MARK: States

    /// With siblings, lost values and turns.
    private static func state() throws -> RecordState {
        let member = try CaseSamples.member("350300")
        for seed in UInt64(0)..<100 {
            var history = try RandomHistory(seed: seed, steps: 120)
            let city = try history.replayed(history.shuffled(for: member), for: member)
            guard let state = city.state, state.turns.count > 1,
                state.fields.contains(where: { $0.standing.count > 1 && !$0.lost.isEmpty })
            else { continue }
            return state
        }
        throw Refusal(.malformed, "no such history")
    }

    @Test func `a state of another version is none`() throws {
        let state = try Self.state()
        for version in UInt8.min...UInt8.max where version == 0 || version > 2 {
            let bytes = [version] + state.encoded.dropFirst()
            #expect(RecordState(encoded: bytes, key: state.key) == nil)
        }
    }

    @Test func `damaged states are none, or others that hold together`() throws {
        let state = try Self.state()
        var random = SplitMix(seed: 8)
        let damaged =
            EntrySamples.truncated(state.encoded) + EntrySamples.flipped(state.encoded)
            + (0..<10_000).map { _ in EntrySamples.damaged(state.encoded, &random) }
        let definition = try CaseSamples.definition()
        for bytes in damaged {
            guard let other = RecordState(encoded: bytes, key: state.key) else { continue }
            #expect(other.fields.map(\.name) == Set(other.fields.map(\.name)).sorted())
            // Showing it traps nothing.
            let view = RecordView(other, definition)
            #expect(view.parties.count >= 2)
        }
    }
}
