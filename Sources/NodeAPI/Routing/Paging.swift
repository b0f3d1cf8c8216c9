import AllianceModel

extension Endpoints {
    /// The page of a list that is at hand whole, sorted by its cursors.
    func page<Row>(
        _ all: [Row],
        after cursor: Text?,
        limit: Int,
        cursor key: (Row) -> Text
    ) throws(Problem) -> (rows: [Row], next: String?) {
        var rest = all[...]
        if let cursor {
            guard let text = Base64URL.decode(cursor) else {
                throw Problem.invalid("cursor", "is not a cursor of this list")
            }
            rest = rest.drop {
                key($0).utf8.lexicographicallyPrecedes(text) || key($0).utf8 == text
            }
        }
        let rows = Array(rest.prefix(limit))
        let isLast = rows.count == rest.count
        return (rows, isLast ? nil : rows.last.map { Base64URL.encode(key($0).utf8) })
    }
}

/// RFC 4648, section 5, without padding.
enum Base64URL {
    private static let alphabet = Bytes(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    static func encode(_ bytes: Bytes) -> String {
        var text = Bytes()
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for (index, byte) in group.enumerated() { word |= UInt32(byte) << (16 - 8 * index) }
            for index in 0...group.count {
                text.append(alphabet[Int(word >> (18 - 6 * index) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for other characters, a length that no bytes have, or bits beyond the last byte.
    static func decode(_ text: Text) -> Bytes? {
        guard text.utf8.count % 4 != 1 else { return nil }
        var bytes = Bytes()
        var word: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                word &= 1 << UInt32(bits) - 1
            }
        }
        return word == 0 ? bytes : nil
    }
}
