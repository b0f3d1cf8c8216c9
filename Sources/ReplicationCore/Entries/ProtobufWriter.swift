package import AllianceModel

/// Appends fields in Protocol Buffers' wire format.
///
/// Written in the order of their numbers and with defaults left out by the caller, they are the one
/// encoding of a message.
package struct ProtobufWriter {
    package private(set) var bytes: Bytes = []

    package init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func varint(_ number: UInt64, _ value: UInt64) {
        raw(number << 3)
        raw(value)
    }

    package mutating func fixed64(_ number: UInt64, _ value: UInt64) {
        raw(number << 3 | 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    package mutating func bytes(_ number: UInt64, _ value: some Collection<UInt8>) {
        raw(number << 3 | 2)
        raw(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func message(_ number: UInt64, _ fill: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        fill(&inner)
        bytes(number, inner.bytes)
    }

    /// ZigZag, as `sint64`.
    package mutating func signed(_ number: UInt64, _ value: Int64) {
        varint(number, UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    private mutating func raw(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

extension ProtobufReader {
    /// The number that ZigZag made of this one.
    package static func signed(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
