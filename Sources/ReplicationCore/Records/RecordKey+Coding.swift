package import AllianceModel

extension RecordHeader {
    /// Item, definition, home (message `Header`).
    ///
    /// One header, one encoding.
    package var encoded: Bytes {
        var writer = ProtobufWriter(capacity: 64)
        writer.bytes(1, item.utf8)
        definition.withUnsafeBytes { writer.bytes(2, $0) }
        writer.bytes(3, home.utf8)
        return writer.bytes
    }

    /// Nil unless it is exactly what `encoded` gives: the key names a header by the hash of it.
    package init?(encoded: ArraySlice<UInt8>) {
        self.init(encoded.span, 0..<encoded.count)
    }

    init?(_ span: Span<UInt8>, _ range: Range<Int>) {
        var cursor = ProtobufCursor(range)
        var item: Text?
        var definition: Digest?
        var home: MemberCode?
        while let (number, value) = cursor.next(in: span) {
            guard case .bytes(let range) = value, !cursor.isRepeated else { return nil }
            switch number {
            case 1: item = Text(validating: span.extracting(range))
            case 2 where range.count == Digest.byteCount:
                definition = span.extracting(range).withUnsafeBytes { Digest($0) }
            case 3: home = MemberCode(utf8: span.extracting(range))
            default: return nil
            }
        }
        // All three, each once, in order: there is no other encoding.
        guard cursor.isWellFormed, let item, let definition, let home else { return nil }
        self.init(item: item, definition: definition, home: home)
    }
}

extension RecordKey {
    /// The key of a record with that header.
    package init(identifier: RecordIdentifier, header: RecordHeader, hash: HashFunction) {
        let digest = header.encoded.withUnsafeBytes { hash($0) }
        let words = digest.withUnsafeBytes { raw in
            (
                UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.init(
            identifier: identifier,
            headerDigest: UUIDBytes(high: words.0, low: words.1)
        )
    }

    /// Origin, a zero byte, UUID, header digest: bytewise order is the keys' own order.
    package var encoded: Bytes {
        var bytes = origin.utf8
        bytes.reserveCapacity(bytes.count + 33)
        bytes.append(0)
        identifier.uuid.append(to: &bytes)
        headerDigest.append(to: &bytes)
        return bytes
    }

    /// Nil unless it is what `encoded` gives for some key.
    package init?(encoded: Bytes) {
        guard encoded.count > 33, let end = encoded.firstIndex(of: 0), end == encoded.count - 33,
            let origin = MemberCode(utf8: encoded[..<end]),
            let uuid = UUIDBytes(bytes: encoded[(end + 1)..<(end + 17)]),
            let digest = UUIDBytes(bytes: encoded[(end + 17)...])
        else { return nil }
        self.init(
            identifier: RecordIdentifier(origin: origin, uuid: uuid),
            headerDigest: digest
        )
    }
}

extension RecordIdentifier: CustomStringConvertible {
    /// `350100.0192f0c4-7abc-7def-8123-456789abcdef`.
    package var description: String { "\(origin).\(uuid)" }

    /// Nil unless it is what `description` gives for some UUIDv7.
    package init?(_ printed: String) {
        guard let dot = printed.lastIndex(of: "."),
            let origin = MemberCode(String(printed[..<dot])),
            let uuid = UUIDBytes(version7: String(printed[printed.index(after: dot)...]))
        else { return nil }
        self.init(origin: origin, uuid: uuid)
    }
}

extension UUIDBytes: CustomStringConvertible {
    /// Lower-case, 8-4-4-4-12.
    package var description: String {
        let digits = Array(Hexadecimal.encode(bytes))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
            .joined(separator: "-")
    }

    /// A UUIDv7 in lower case (RFC 9562, sections 4 and 5.7); nil for anything else.
    package init?(version7 text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12],
            let bytes = Hexadecimal.decode(parts.joined()), let uuid = UUIDBytes(bytes: bytes),
            uuid.description == text, uuid.isVersion7
        else { return nil }
        self = uuid
    }

    package var isVersion7: Bool { high >> 12 & 0xf == 7 && low >> 62 == 2 }

    /// A UUIDv7: 48 bits of milliseconds since 1970, then version, variant and 74 of the 80 random
    /// bits (RFC 9562, section 5.7).
    ///
    /// `random` holds ten bytes.
    package init(version7At milliseconds: UInt64, random: Bytes) {
        let words = random.prefix(10).reduce((UInt64(0), UInt64(0))) { words, byte in
            (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(byte))
        }
        high = milliseconds << 16 | 0x7000 | (words.0 & 0xfff)
        low = 1 << 63 | (words.1 & (1 << 62 - 1))
    }

    func append(to bytes: inout Bytes) {
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
    }
}
