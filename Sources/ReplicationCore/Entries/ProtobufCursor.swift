/// A place in bytes in Protocol Buffers' wire format; allocates, retains and traps on nothing.
///
/// Source: Protocol Buffers Encoding, "Message structure". It holds offsets only: every call is given
/// the span that they are of. `next` gives one field after another until the end; what does not parse
/// sets `isMalformed`, after which there is nothing more.
package struct ProtobufCursor {
    package enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        /// Where in the span they are.
        case bytes(Range<Int>)
        /// Of a wire type that we only skip.
        case fixed32
    }

    private var position: Int
    private let end: Int
    private var latest: UInt64 = 0
    /// True once something did not parse.
    package private(set) var isMalformed = false
    /// False once a field came after one of a greater number, which no proper writer does.
    package private(set) var isAscending = true
    /// Whether the field just read has the number of the one before it.
    package private(set) var isRepeated = false

    /// Reads that part of a span.
    package init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Whether everything so far parsed and came in the order of its numbers.
    package var isWellFormed: Bool { !isMalformed && isAscending }

    /// The next field's number and value; nil at the end and where the bytes do not parse.
    package mutating func next(in span: Span<UInt8>) -> (number: UInt64, value: Value)? {
        guard position < end, !isMalformed else { return nil }
        guard let tag = varint(span), tag >> 3 >= 1, tag >> 3 < 1 << 29 else { return fail() }
        let number = tag >> 3
        isRepeated = number == latest
        if number < latest { isAscending = false }
        latest = number
        switch tag & 7 {
        case 0:
            guard let value = varint(span) else { return fail() }
            return (number, .varint(value))
        case 1:
            guard let value = fixed64(span) else { return fail() }
            return (number, .fixed64(value))
        case 2:
            guard let count = varint(span), count <= UInt64(end - position) else { return fail() }
            let start = position
            position += Int(count)
            return (number, .bytes(start..<position))
        case 5:
            guard end - position >= 4 else { return fail() }
            position += 4
            return (number, .fixed32)
        default: return fail()
        }
    }

    /// Ends the reading: a field's content is not what its message allows.
    package mutating func refuse() { isMalformed = true }

    private mutating func fail() -> (number: UInt64, value: Value)? {
        isMalformed = true
        return nil
    }

    /// At most ten bytes, the tenth at most 1, and none more than needed: one number, one encoding.
    private mutating func varint(_ span: Span<UInt8>) -> UInt64? {
        guard position < end else { return nil }
        let first = span[position]
        position += 1
        if first < 0x80 { return UInt64(first) }
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while position < end, shift < 70 {
            let byte = span[position]
            position += 1
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return byte == 0 ? nil : value }
            shift += 7
        }
        return nil
    }

    private mutating func fixed64(_ span: Span<UInt8>) -> UInt64? {
        guard end - position >= 8 else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(span[position + index]) << UInt64(8 * index) }
        position += 8
        return value
    }
}
