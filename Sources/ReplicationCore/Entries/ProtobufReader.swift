/// A cursor over bytes in Protocol Buffers' wire format; allocates nothing and traps on nothing.
///
/// Source: Protocol Buffers Encoding, "Message structure". `next` gives one field after another until
/// the end; what does not parse sets `isMalformed`, after which there is nothing more.
package struct ProtobufReader {
    package enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Of a wire type that we only skip.
        case fixed32
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    /// True once something did not parse.
    package private(set) var isMalformed = false
    /// False once a field came after one of a greater number, which no proper writer does.
    package private(set) var isAscending = true
    /// Whether the field just read has the number of the one before it.
    package private(set) var isRepeated = false
    private var latest: UInt64 = 0

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The next field's number and value; nil at the end and where the bytes do not parse.
    package mutating func next() -> (number: UInt64, value: Value)? {
        guard position < bytes.endIndex, !isMalformed else { return nil }
        guard let tag = varint(), tag >> 3 >= 1, tag >> 3 < 1 << 29 else { return fail() }
        isRepeated = tag >> 3 == latest
        if tag >> 3 < latest { isAscending = false }
        latest = tag >> 3
        switch tag & 7 {
        case 0:
            guard let value = varint() else { return fail() }
            return (tag >> 3, .varint(value))
        case 1:
            guard let value = fixed64() else { return fail() }
            return (tag >> 3, .fixed64(value))
        case 2:
            guard let count = varint(), count <= UInt64(bytes.endIndex - position) else {
                return fail()
            }
            let end = position + Int(count)
            defer { position = end }
            return (tag >> 3, .bytes(bytes[position..<end]))
        case 5:
            guard bytes.endIndex - position >= 4 else { return fail() }
            position += 4
            return (tag >> 3, .fixed32)
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
    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.endIndex, shift < 70 {
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return byte == 0 && shift > 0 ? nil : value }
            shift += 7
        }
        return nil
    }

    private mutating func fixed64() -> UInt64? {
        guard bytes.endIndex - position >= 8 else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += 8
        return value
    }
}
