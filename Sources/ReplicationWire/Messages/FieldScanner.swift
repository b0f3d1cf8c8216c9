import AllianceModel

/// A cursor over the fields of one protobuf message: no objects, no copies.
///
/// Total: every length is checked against what is there, and what is not protobuf is a `Misfit`.
struct FieldScanner {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    struct Field {
        var number: UInt64
        var value: Value
    }

    private let bytes: ArraySlice<UInt8>
    private var index: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    /// The next field; nil at the end.
    mutating func next() throws(Misfit) -> Field? {
        guard index < bytes.endIndex else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard (1..<(1 << 29)).contains(number) else { throw .malformed("a field without number") }
        switch tag & 7 {
        case 0: return Field(number: number, value: .number(try varint()))
        case 1: return Field(number: number, value: .number(try fixed(8)))
        case 2: return Field(number: number, value: .bytes(try slice()))
        case 5: return Field(number: number, value: .number(try fixed(4)))
        default: throw .malformed("a field of an unknown wire type")
        }
    }

    /// At most ten bytes, and 64 bits.
    private mutating func varint() throws(Misfit) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while index < bytes.endIndex, shift < 64 {
            let byte = bytes[index]
            index += 1
            guard shift < 63 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed("a number without end")
    }

    /// Little-endian.
    private mutating func fixed(_ count: Int) throws(Misfit) -> UInt64 {
        guard bytes.endIndex - index >= count else { throw .malformed("a number cut short") }
        var value: UInt64 = 0
        for position in 0..<count {
            value |= UInt64(bytes[index + position]) << UInt64(8 * position)
        }
        index += count
        return value
    }

    private mutating func slice() throws(Misfit) -> ArraySlice<UInt8> {
        let count = try varint()
        guard count <= UInt64(bytes.endIndex - index) else { throw .malformed("a field cut short") }
        let start = index
        index += Int(count)
        return bytes[start..<index]
    }
}

extension FieldScanner {
    /// How often the field stands in the message; the whole of it is walked.
    static func count(of number: UInt64, in bytes: ArraySlice<UInt8>) throws(Misfit) -> Int {
        var scanner = FieldScanner(bytes)
        var count = 0
        while let field = try scanner.next() { count += field.number == number ? 1 : 0 }
        return count
    }
}
