/// Protocol Buffers by hand: tests that share no code with the product read its documents, not its
/// mistakes.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    static func message(_ build: (inout WireWriter) -> Void) -> [UInt8] {
        var writer = WireWriter()
        build(&writer)
        return writer.bytes
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    mutating func number(_ field: UInt64, _ value: UInt64) {
        varint(field << 3)
        varint(value)
    }

    /// `sint64`.
    mutating func signed(_ field: UInt64, _ value: Int64) {
        number(field, UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    /// `fixed64`, little-endian.
    mutating func fixed(_ field: UInt64, _ value: UInt64) {
        varint(field << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func text(_ field: UInt64, _ value: String) { bytes(field, [UInt8](value.utf8)) }
}

/// The other way: the fields of a message that hold bytes, by number.
struct WireReader {
    private(set) var fields: [UInt64: [UInt8]] = [:]

    /// Nil: cut off, or no Protocol Buffers.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        func varint() -> UInt64? {
            var (value, shift) = (UInt64(0), UInt64(0))
            while shift < 64, let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        while !rest.isEmpty {
            guard let tag = varint() else { return nil }
            let count: Int?
            switch tag & 7 {
            case 0:
                guard varint() != nil else { return nil }
                count = 0
            case 1: count = 8
            case 2: count = varint().flatMap { Int(exactly: $0) }
            default: return nil
            }
            guard let count, count <= rest.count else { return nil }
            fields[tag >> 3] = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
    }

    /// The messages in a stream of frames, whole ones only.
    static func frames(_ stream: [UInt8]) -> [WireReader] {
        var (rest, found) = (stream[...], [WireReader]())
        while rest.count >= 4 {
            let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + count else { break }
            if let frame = WireReader(Array(rest.dropFirst(4).prefix(count))) {
                found.append(frame)
            }
            rest = rest.dropFirst(4 + count)
        }
        return found
    }
}
