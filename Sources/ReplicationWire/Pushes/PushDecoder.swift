import AllianceModel
import ReplicationCore
import SwiftProtobuf

/// Reads a Push with a cursor over its bytes: entries are slices of the frame, never copied.
///
/// Only the parts, of which a frame has few, go through generated code.
struct PushDecoder {
    let hash: HashFunction

    private static let partNumber: UInt64 = 1
    private static let itemNumber: UInt64 = 2
    private static let certificateNumber: UInt64 = 3

    /// `wireBytes`: what the frame took on the wire.
    func decode(_ bytes: ArraySlice<UInt8>, wireBytes: Int) throws(Misfit) -> Push {
        let itemCount = try checkCounts(bytes)
        var parts: [Push.Part] = []
        var items: [Push.Item] = []
        var certificates: [Bytes] = []
        items.reserveCapacity(itemCount)
        var reader = ProtobufReader(bytes)
        while let field = try reader.field() {
            guard case .bytes(let bytes) = field.value else { continue }
            switch field.number {
            case Self.partNumber:
                try check(items.isEmpty, "a part behind the entries")
                try checkLimit(bytes.count, WireLimits.partBytes, "part bytes")
                parts.append(try SchemaPush.Part.decoded(bytes).message(hash))
            case Self.itemNumber: items.append(try item(bytes, parts))
            case Self.certificateNumber:
                try checkLimit(bytes.count, WireLimits.certificateBytes, "certificate bytes")
                certificates.append(Bytes(bytes))
            default: continue
            }
        }
        try checkUse(of: parts, by: items)
        return Push(
            parts: parts,
            items: items,
            certificates: certificates,
            frameBytes: wireBytes
        )
    }

    /// The number of entries; nothing is allocated for more than a frame may hold.
    private func checkCounts(_ bytes: ArraySlice<UInt8>) throws(Misfit) -> Int {
        var reader = ProtobufReader(bytes)
        var (parts, items, certificates) = (0, 0, 0)
        while let field = try reader.field() {
            if field.number == Self.partNumber { parts += 1 }
            if field.number == Self.itemNumber { items += 1 }
            if field.number == Self.certificateNumber { certificates += 1 }
        }
        try checkLimit(parts, WireLimits.partCount, "parts")
        try checkLimit(items, WireLimits.itemCount, "entries")
        try checkLimit(certificates, WireLimits.signerCount, "certificates")
        try check(items > 0, "a push without entries")
        return items
    }

    /// Each feed once, and each with entries: a head for nothing would be checked for nothing.
    private func checkUse(of parts: [Push.Part], by items: [Push.Item]) throws(Misfit) {
        var feeds: Set<Digest> = []
        for part in parts {
            try check(feeds.insert(part.head.head.feed).inserted, "a feed in two parts")
        }
        var used = [Bool](repeating: false, count: parts.count)
        for item in items { used[item.part] = true }
        try check(used.allSatisfy(\.self), "a part without entries")
    }

    private func item(
        _ bytes: ArraySlice<UInt8>,
        _ parts: [Push.Part]
    ) throws(Misfit) -> Push.Item {
        var part: UInt64 = 0
        var entry = EntryBytes(opening: [], writes: [], salt: [], body: [])
        var reader = ProtobufReader(bytes)
        while let field = try reader.field() {
            switch (field.number, field.value) {
            case (1...5, _) where reader.isRepeated:
                throw .malformed("an entry's field twice")
            case (1, .varint(let number)): part = number
            case (2, .bytes(let bytes)): entry.opening = bytes
            case (3, .bytes(let bytes)): entry.writes = bytes
            case (4, .bytes(let bytes)): entry.salt = bytes
            case (5, .bytes(let bytes)): entry.body = bytes
            case (1...5, _): throw .malformed("an entry's field of another type")
            default: continue
            }
        }
        try check(reader.isAscending, "an entry's fields out of order")
        guard part < UInt64(parts.count) else { throw .malformed("an entry of no part") }
        try check(entry.salt.count == WireLimits.saltBytes, "a salt that is not 16 bytes")
        return Push.Item(
            part: Int(part),
            bytes: entry,
            leaf: EntryCoding.leaf(of: entry, hash: hash),
            content: EntryContent(entry, writer: parts[Int(part)].identity.writer, hash: hash)
        )
    }
}
