/// The hash the alliance uses (SHA-256), supplied from outside: this room holds no cryptography.
package typealias HashFunction = @Sendable (UnsafeRawBufferPointer) -> Digest

/// 32 bytes of a SHA-256, stored inline; the order is bytewise.
package struct Digest: Hashable, Sendable {
    /// Big-endian words, so that comparing them in turn compares the bytes.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    package static let byteCount = 32

    /// Nil unless there are exactly 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        self = bytes.withRawStorage { Digest($0) }
    }

    /// Exactly 32 bytes; another count is a programmer's error.
    package init(_ raw: UnsafeRawBufferPointer) {
        guard raw.count == Digest.byteCount else {
            fatalError("a digest has \(Digest.byteCount) bytes, not \(raw.count)")
        }
        first = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        second = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        third = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        fourth = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    }

    /// The 32 bytes in order; the pointer is valid only during the call.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let words = (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
        return try Swift.withUnsafeBytes(of: words, body)
    }

    package var bytes: Bytes { withUnsafeBytes { Bytes($0) } }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        if left.third != right.third { return left.third < right.third }
        return left.fourth < right.fourth
    }
}

extension Digest: CustomStringConvertible {
    /// Exactly 64 hexadecimal digits of either case.
    package init?(hex: String) {
        guard let bytes = Hexadecimal.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String { withUnsafeBytes { Hexadecimal.encode($0) } }

    /// The first six hexadecimal digits, as status shows them; a label, never an identity.
    package var short: String { String(hex.prefix(6)) }

    package var description: String { hex }
}

/// Bytes as hexadecimal digits and back.
package enum Hexadecimal {
    private static let digits = Bytes("0123456789abcdef".utf8)

    /// Two lower-case digits a byte.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            var end = 0
            for byte in bytes {
                buffer[end] = digits[Int(byte >> 4)]
                buffer[end + 1] = digits[Int(byte & 15)]
                end += 2
            }
            return end
        }
    }

    /// Nil on an odd count or anything but digits of either case.
    package static func decode(_ text: String) -> Bytes? {
        let characters = Bytes(text.utf8)
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes = Bytes()
        bytes.reserveCapacity(characters.count / 2)
        for index in stride(from: 0, to: characters.count, by: 2) {
            guard let high = value(characters[index]), let low = value(characters[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
