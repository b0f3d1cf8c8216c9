import AllianceModel
import Testing

@testable import ReplicationCore

/// Changesets with everything in them, and ways to damage bytes.
enum EntrySamples {
    static let salt = Bytes(0x50..<0x60)

    static func writer() throws -> Writer {
        try CaseSamples.writer("350100", 0x0123_4567_89ab_cdef)
    }

    /// Fixed, so that its bytes can stand in a test and in a text.
    static func changeset() throws -> Changeset {
        let header = RecordHeader(
            item: "GJJ-07",
            definition: try #require(Digest(bytes: Bytes(0..<32))),
            home: try CaseSamples.member("350128")
        )
        let identifier = try #require(
            RecordIdentifier("350100.0192f0c4-7abc-7def-8123-456789abcdef")
        )
        let mine = try writer()
        let other = try CaseSamples.writer("330111-07", 2)
        let seen = try #require(
            CausalContext(sorted: [
                CausalContext.Entry(writer: other, number: 3),
                CausalContext.Entry(writer: mine, number: 300),
            ])
        )
        return Changeset(
            timestamp: HybridTimestamp(milliseconds: 1_780_000_000_000, counter: 7),
            key: RecordKey(identifier: identifier, header: header, hash: TestHash.sha256),
            header: header,
            writes: [
                Write(
                    field: "amount",
                    dot: Dot(writer: mine, number: 301),
                    context: seen,
                    lost: [Dot(writer: other, number: 2), Dot(writer: mine, number: 299)],
                    ground: Dot(writer: other, number: 1),
                    requestID: Bytes(0xa0..<0xb0),
                    value: ValueCoding.encode(
                        .decimal(ScaledDecimal(units: -123_456, scale: 2))
                    )[...]
                ),
                Write(
                    field: "name",
                    dot: Dot(writer: mine, number: 1),
                    context: CausalContext(),
                    lost: [],
                    ground: nil,
                    requestID: nil,
                    value: ValueCoding.encode(.text("陈小明"))[...]
                ),
            ]
        )
    }

    /// The same entry with another part.
    static func replacing(
        _ entry: EntryBytes,
        _ part: WritableKeyPath<EntryBytes, ArraySlice<UInt8>>,
        _ bytes: Bytes
    ) -> EntryBytes {
        var entry = entry
        entry[keyPath: part] = bytes[...]
        return entry
    }

    /// Every prefix but the whole.
    static func truncated(_ bytes: Bytes) -> [Bytes] {
        bytes.indices.map { Bytes(bytes.prefix($0)) }
    }

    /// Every bit flipped, one at a time.
    static func flipped(_ bytes: Bytes) -> [Bytes] {
        bytes.indices.flatMap { index in
            (0..<8).map { bit in
                var damaged = bytes
                damaged[index] ^= 1 << bit
                return damaged
            }
        }
    }

    /// Bytes cut, changed, doubled, moved or made up.
    static func damaged(_ bytes: Bytes, _ random: inout SplitMix) -> Bytes {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !damaged.isEmpty else { return damaged }
            let index = Int.random(in: 0..<damaged.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: damaged[index] = UInt8.random(in: 0...255, using: &random)
            case 1: damaged.removeSubrange(index...)
            case 2: damaged.insert(UInt8.random(in: 0...255, using: &random), at: index)
            case 3: damaged.remove(at: index)
            case 4:
                let end = Int.random(in: index...damaged.count, using: &random)
                damaged.insert(contentsOf: Bytes(damaged[index..<end]), at: index)
            default: damaged = (0..<index).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
        }
        return damaged
    }

    /// Whether the bytes hold a field beyond those that this version knows.
    static func hasUnknownFields(_ entry: EntryBytes) -> Bool {
        hasUnknown(entry.opening, known: 4, inside: [3: 3])
            || hasUnknown(entry.writes, known: 1, inside: [1: 6])
            || hasUnknown(entry.body, known: 1)
    }

    private static func hasUnknown(
        _ bytes: ArraySlice<UInt8>,
        known: UInt64,
        inside: [UInt64: UInt64] = [:]
    ) -> Bool {
        var reader = ProtobufReader(bytes)
        while let (number, value) = reader.next() {
            if number > known { return true }
            guard case .bytes(let inner) = value, let known = inside[number] else { continue }
            let dots: [UInt64: UInt64] = known == 6 ? [3: 3, 4: 3, 5: 3] : [:]
            if hasUnknown(inner, known: known, inside: dots) { return true }
        }
        return false
    }
}
