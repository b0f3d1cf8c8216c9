import AllianceModel
package import ReplicationCore

/// What an ETag holds: which incarnation of this node wrote a log position, and that position, the
/// last one at which something was applied to the record.
///
/// What the node had applied by then is the context of a write that brings the token back.
package struct CausalityToken: Hashable, Sendable {
    package var incarnation: Incarnation
    package var position: LogPosition

    package init(incarnation: Incarnation, position: LogPosition) {
        self.incarnation = incarnation
        self.position = position
    }

    /// 22 characters of base64url: eight bytes of incarnation, eight of position, big-endian.
    package var text: String {
        var bytes: Bytes = []
        for word in [incarnation.rawValue, UInt64(bitPattern: position)] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return Self.base64URL(bytes)
    }

    /// Nil unless the text is exactly what `text` gives for some token.
    package init?(text: String) {
        guard let bytes = Self.bytes(base64URL: text), bytes.count == 16 else { return nil }
        let words = [bytes.prefix(8), bytes.suffix(8)].map { half in
            half.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        incarnation = Incarnation(rawValue: words[0])
        position = LogPosition(bitPattern: words[1])
        guard position > 0, self.text == text else { return nil }
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    private static func base64URL(_ bytes: Bytes) -> String {
        var digits: Bytes = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                digits.append(alphabet[Int(buffer >> UInt32(bits)) & 63])
            }
        }
        if bits > 0 { digits.append(alphabet[Int(buffer << UInt32(6 - bits)) & 63]) }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func bytes(base64URL text: String) -> Bytes? {
        var bytes: Bytes = []
        var buffer: UInt32 = 0
        var bits = 0
        for digit in text.utf8 {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return bytes
    }
}
