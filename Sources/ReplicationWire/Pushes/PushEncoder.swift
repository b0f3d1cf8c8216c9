package import AllianceModel
package import ReplicationCore
import SwiftProtobuf

/// Writes Push frames in one pass into one buffer; entries are copied as they stand.
package enum PushEncoder {
    /// The frame, length included, of entries that were read for a peer.
    ///
    /// `feeds` and `heads` belong to the entries' parts, in the same order; each head is at its
    /// part's `last`. Of the entries' certificates the frame takes the first 64.
    package static func encode(
        _ entries: ReadEntries,
        of feeds: [FeedIdentity],
        heads: [SignedHead]
    ) -> Bytes {
        guard feeds.count == entries.parts.count, heads.count == entries.parts.count else {
            fatalError(
                "\(entries.parts.count) parts, \(feeds.count) feeds and \(heads.count) heads"
            )
        }
        let parts = entries.parts.indices.map { index in
            Push.Part(identity: feeds[index], first: entries.parts[index].first, head: heads[index])
        }
        return encode(
            parts: parts,
            items: entries.items.lazy.map { ($0.part, $0.bytes) },
            certificates: entries.certificates
        )
    }

    /// Keys of others' heads in these entries, of relayed feeds and of what is carried, sorted: their
    /// certificates are to go with the frame.
    package static func keysOfOthers(in entries: ReadEntries) -> [Digest] {
        // An opening begins with its kind: a look at two bytes of each entry.
        let opening: [UInt8] = [0x08, UInt8(EntryCoding.Kind.carried)]
        let keys = entries.items.compactMap { item in
            item.bytes.opening.starts(with: opening) ? CarriedCoding.key(item.bytes.body) : nil
        }
        return Set(keys + entries.parts.compactMap { $0.head?.key }).sorted()
    }

    package static func encode(_ push: Push) -> Bytes {
        encode(
            parts: push.parts,
            items: push.items.lazy.map { ($0.part, $0.bytes) },
            certificates: push.certificates
        )
    }

    private static func encode(
        parts: [Push.Part],
        items: some Collection<(Int, EntryBytes)>,
        certificates: [Bytes]
    ) -> Bytes {
        let certificates = certificates.prefix(WireLimits.signerCount)
        let parts = parts.map { SchemaPush.Part($0).encoded() }
        var pushBytes = 0
        for part in parts { pushBytes += fieldBytes(part.count) }
        for (part, entry) in items { pushBytes += fieldBytes(itemBytes(part, entry)) }
        for certificate in certificates { pushBytes += fieldBytes(certificate.count) }
        let frameBytes = fieldBytes(pushBytes)

        var buffer = Bytes()
        buffer.reserveCapacity(FrameDecoder.lengthBytes + frameBytes)
        buffer.appendLength(frameBytes)
        buffer.appendField(.push, count: pushBytes)
        for part in parts { buffer.appendField(.part, part[...]) }
        for (part, entry) in items {
            buffer.appendField(.item, count: itemBytes(part, entry))
            buffer.appendItem(part, entry)
        }
        for certificate in certificates { buffer.appendField(.certificate, certificate[...]) }
        return buffer
    }

    private static func itemBytes(_ part: Int, _ entry: EntryBytes) -> Int {
        (part == 0 ? 0 : 1 + varintBytes(part)) + optionalBytes(entry.opening)
            + optionalBytes(entry.writes) + optionalBytes(entry.salt) + optionalBytes(entry.body)
    }

    /// What is empty is left out.
    private static func optionalBytes(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.isEmpty ? 0 : fieldBytes(bytes.count)
    }

    /// Of a field of `count` bytes: tag, count and the bytes.
    ///
    /// All our numbers take a one-byte tag.
    private static func fieldBytes(_ count: Int) -> Int { 1 + varintBytes(count) + count }

    private static func varintBytes(_ value: Int) -> Int {
        max(1, (Int.bitWidth - value.leadingZeroBitCount + 6) / 7)
    }
}

/// Tags: the field's number, shifted by three, and the wire type, 2 for bytes and 0 for a varint.
private enum Tag: UInt8 {
    case push = 0x2a
    case part = 0x0a
    case item = 0x12
    case itemPart = 0x08
    case itemWrites = 0x1a
    case itemSalt = 0x22

    static let itemOpening = item
    static let itemBody = push
    static let certificate = itemWrites
}

extension [UInt8] {
    fileprivate mutating func appendItem(_ part: Int, _ entry: EntryBytes) {
        if part != 0 {
            append(Tag.itemPart.rawValue)
            appendVarint(part)
        }
        if !entry.opening.isEmpty { appendField(.itemOpening, entry.opening) }
        if !entry.writes.isEmpty { appendField(.itemWrites, entry.writes) }
        if !entry.salt.isEmpty { appendField(.itemSalt, entry.salt) }
        if !entry.body.isEmpty { appendField(.itemBody, entry.body) }
    }

    fileprivate mutating func appendField(_ tag: Tag, _ bytes: ArraySlice<UInt8>) {
        appendField(tag, count: bytes.count)
        append(contentsOf: bytes)
    }

    fileprivate mutating func appendField(_ tag: Tag, count: Int) {
        append(tag.rawValue)
        appendVarint(count)
    }

    /// Counts are never negative.
    private mutating func appendVarint(_ value: Int) {
        var rest = UInt(bitPattern: value)
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}
