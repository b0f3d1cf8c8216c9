package import AllianceModel

/// Bytes to hash or sign, made of parts that cannot run into each other: each part is preceded by
/// its count of bytes, four bytes big-endian.
package struct LengthPrefixedParts {
    package private(set) var bytes: Bytes = []

    package init() {}

    package mutating func append(_ part: some Collection<UInt8>) {
        appendCount(part.count)
        bytes.append(contentsOf: part)
    }

    package mutating func append(_ part: Digest) {
        appendCount(Digest.byteCount)
        part.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// A number as eight bytes, big-endian.
    package mutating func append(_ part: UInt64) {
        appendCount(8)
        bytes.append(contentsOf: part.bigEndianBytes)
    }

    package mutating func append(_ part: UInt8) {
        appendCount(1)
        bytes.append(part)
    }

    private mutating func appendCount(_ count: Int) {
        bytes.append(contentsOf: UInt32(count).bigEndianBytes)
    }
}

/// Takes such parts apart again; total, every failure is nil.
struct LengthPrefixedPartsReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Collection<UInt8>) {
        rest = Bytes(bytes)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func next() -> ArraySlice<UInt8>? {
        guard rest.count >= 4 else { return nil }
        var count = 0
        for byte in rest.prefix(4) { count = count << 8 | Int(byte) }
        guard rest.count - 4 >= count else { return nil }
        let part = rest.dropFirst(4).prefix(count)
        rest = rest.dropFirst(4 + count)
        return part
    }

    mutating func nextDigest() -> Digest? {
        next().flatMap { Digest(bytes: $0) }
    }

    /// Exactly eight bytes.
    mutating func nextNumber() -> UInt64? {
        next().flatMap { UInt64(bigEndianBytes: $0) }
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    var bigEndianBytes: Bytes {
        withUnsafeBytes(of: bigEndian) { Bytes($0) }
    }

    /// Nil unless there are exactly as many bytes as the type has.
    init?(bigEndianBytes bytes: some Collection<UInt8>) {
        guard bytes.count == Self.bitWidth / 8 else { return nil }
        self = bytes.reduce(0) { $0 << 8 | Self($1) }
    }
}
