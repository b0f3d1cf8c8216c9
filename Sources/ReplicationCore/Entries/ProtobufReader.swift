import AllianceModel

/// `ProtobufCursor` over a slice, with slices as values.
package struct ProtobufReader {
    package enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Of a wire type that we only skip.
        case fixed32
    }

    private let bytes: ArraySlice<UInt8>
    private var cursor: ProtobufCursor

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        cursor = ProtobufCursor(0..<bytes.count)
    }

    /// True once something did not parse.
    package var isMalformed: Bool { cursor.isMalformed }

    /// False once a field came after one of a greater number, which no proper writer does.
    package var isAscending: Bool { cursor.isAscending }

    /// Whether the field just read has the number of the one before it.
    package var isRepeated: Bool { cursor.isRepeated }

    /// The next field's number and value; nil at the end and where the bytes do not parse.
    package mutating func next() -> (number: UInt64, value: Value)? {
        var moved = cursor
        defer { cursor = moved }
        guard let (number, value) = moved.next(in: bytes.span) else { return nil }
        switch value {
        case .varint(let value): return (number, .varint(value))
        case .fixed64(let value): return (number, .fixed64(value))
        case .fixed32: return (number, .fixed32)
        case .bytes(let range): return (number, .bytes(bytes[offsets: range]))
        }
    }

    /// Ends the reading: a field's content is not what its message allows.
    package mutating func refuse() { cursor.refuse() }
}

extension ArraySlice<UInt8> {
    /// The bytes by themselves, so that they keep nothing larger alive.
    var copied: Bytes { withUnsafeBufferPointer { Bytes($0) } }

    /// The part at these offsets from the slice's start, as spans of it count.
    subscript(offsets range: Range<Int>) -> ArraySlice<UInt8> {
        self[startIndex + range.lowerBound..<startIndex + range.upperBound]
    }
}
