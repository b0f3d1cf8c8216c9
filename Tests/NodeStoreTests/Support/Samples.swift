import AllianceModel
import ReplicationCore

/// A stand-in for SHA-256 that mixes as much as tests need, eight bytes at a time.
let sampleHash: HashFunction = { bytes in
    var lanes: [UInt64] = [0xcbf2_9ce4_8422_2325, 0x9e37_79b9, 0x1234_5678_9abc, 0xfeed]
    var offset = 0
    var lane = 0
    func mix(_ word: UInt64) {
        lanes[lane] = (lanes[lane] ^ word) &* 0x9e37_79b9_7f4a_7c15
        lanes[lane] ^= lanes[lane] >> 31
        lane = (lane + 1) & 3
    }
    while offset + 8 <= bytes.count {
        mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
    }
    while offset < bytes.count {
        mix(UInt64(bytes[offset]))
        offset += 1
    }
    for _ in 0..<3 {
        mix(UInt64(bytes.count) ^ lanes[(lane + 1) & 3])
        mix(lanes[(lane + 1) & 3])
        mix(lanes[(lane + 2) & 3])
    }
    return lanes.map(\.bigEndian).withUnsafeBytes { Digest($0) }
}

func digest(_ text: String) -> Digest { Bytes(text.utf8).withUnsafeBytes { sampleHash($0) } }

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> Bytes {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

func member(_ code: String) -> MemberCode {
    guard let member = MemberCode(code) else { fatalError("\(code) is no member code") }
    return member
}

let fuzhou = member("350100")
let putian = member("350300")

func identity(
    _ writer: MemberCode = fuzhou,
    incarnation: UInt64 = 7,
    audience: Audience = .alliance,
    _ deliveryClass: DeliveryClass = .normal
) -> FeedIdentity {
    FeedIdentity(
        writer: Writer(member: writer, incarnation: Incarnation(rawValue: incarnation)),
        audience: audience,
        deliveryClass: deliveryClass,
        roster: digest("roster")
    )
}

func dot(_ number: UInt64, _ writer: MemberCode = fuzhou, incarnation: UInt64 = 7) -> Dot {
    Dot(
        writer: Writer(member: writer, incarnation: Incarnation(rawValue: incarnation)),
        number: number
    )
}

func key(_ number: UInt64, origin: MemberCode = fuzhou, header: UInt64 = 1) -> RecordKey {
    RecordKey(
        identifier: RecordIdentifier(
            origin: origin,
            uuid: UUIDBytes(high: 0x0192_f0c4_7abc_7def, low: number)
        ),
        headerDigest: UUIDBytes(high: header, low: header)
    )
}

func state(_ key: RecordKey, item: Text = "GJJ-07", updated: UInt64 = 1) -> RecordState {
    RecordState(
        key: key,
        header: RecordHeader(item: item, definition: digest("definition"), home: fuzhou),
        created: HybridTimestamp(milliseconds: 1, counter: 0),
        updated: HybridTimestamp(milliseconds: updated, counter: 0),
        fields: [],
        turns: []
    )
}

func entryBytes(_ text: String, bodyBytes: Int = 0) -> EntryBytes {
    let opening = Bytes("opening of \(text)".utf8)
    let writes = Bytes("writes of \(text)".utf8)
    let salt = Bytes("0123456789abcdef".utf8)
    let body = Bytes("body of \(text)".utf8) + Bytes(repeating: 0x2e, count: bodyBytes)
    return EntryBytes(opening: opening[...], writes: writes[...], salt: salt[...], body: body[...])
}

func entryBytes(_ text: String, generator: inout SeededGenerator, bytesMaximum: Int) -> EntryBytes {
    entryBytes(text, bodyBytes: Int.random(in: 0...bytesMaximum, using: &generator))
}

/// A valid plain item with one field.
func sampleDefinition() throws -> ItemDefinition {
    let definition = ItemDefinition(
        item: "GJJ-07",
        version: 1,
        name: LocalizedName(zh: "租赁商品房提取", en: "Withdrawal for rent"),
        fields: [
            FieldDefinition(
                name: "note",
                type: .text(maximumBytes: 100),
                merge: .latest,
                authority: .any,
                scope: .alliance
            )
        ]
    )
    let problems = definition.problems()
    guard problems.isEmpty else { fatalError("\(problems)") }
    return definition
}
