/// A city, or an institution in it: six digits of GB/T 2260, optionally `-` and 1 to 16 letters or
/// digits (`330111-07`).
///
/// The order is bytewise.
///
/// At most 23 bytes, packed into three words with the count in the last byte: copying, hashing and
/// comparing touch no heap, and codes stand in every dot and context.
package struct MemberCode: Hashable, Sendable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64

    package static let byteCountMaximum = 23

    package init?(_ string: String) {
        self.init(utf8: string.utf8)
    }

    package init?(utf8 bytes: some Collection<UInt8>) {
        guard let code = bytes.withRawStorage({ MemberCode(raw: $0) }) else { return nil }
        self = code
    }

    package init?(utf8 bytes: Span<UInt8>) {
        guard let code = bytes.withUnsafeBytes({ MemberCode(raw: $0) }) else { return nil }
        self = code
    }

    private init?(raw bytes: UnsafeRawBufferPointer) {
        guard MemberCode.isValid(bytes) else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for (position, byte) in bytes.enumerated() {
            let shifted = UInt64(byte) << UInt64(56 - position % 8 * 8)
            switch position / 8 {
            case 0: words.0 |= shifted
            case 1: words.1 |= shifted
            default: words.2 |= shifted
            }
        }
        (first, second, third) = (words.0, words.1, words.2 | UInt64(bytes.count))
    }

    /// Whether the bytes are a code: the first digit of a division is never 0.
    private static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == 6 || (8...byteCountMaximum).contains(bytes.count) else { return false }
        for (position, byte) in bytes.enumerated() {
            let fits =
                switch position {
                case 0: (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(byte)
                case 1...5: byte.isDigit
                case 6: byte == UInt8(ascii: "-")
                default: byte.isDigit || byte.isLetter
                }
            guard fits else { return false }
        }
        return true
    }

    package var byteCount: Int { Int(third & 0xff) }

    package var utf8: Bytes {
        let padded = (first.bigEndian, second.bigEndian, third.bigEndian)
        return withUnsafeBytes(of: padded) { Bytes($0.prefix(byteCount)) }
    }

    package var string: String { String(decoding: utf8, as: UTF8.self) }

    package var text: Text { Text(valid: utf8) }
}

extension MemberCode: Comparable {
    /// Unused bytes are zero, so words in turn compare bytewise, a prefix first.
    package static func < (left: MemberCode, right: MemberCode) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        return left.third < right.third
    }
}

extension MemberCode: CustomStringConvertible {
    package var description: String { string }
}

extension UInt8 {
    /// An ASCII digit.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// An ASCII letter.
    var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
}
