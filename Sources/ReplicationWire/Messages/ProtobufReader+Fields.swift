import ReplicationCore

extension ProtobufReader {
    /// `next`, which throws where the bytes do not parse.
    mutating func field() throws(Misfit) -> (number: UInt64, value: Value)? {
        if let field = next() { return field }
        guard !isMalformed else { throw .malformed("not protobuf") }
        return nil
    }

    /// How often the field stands in the message; the whole of it is walked.
    static func count(of number: UInt64, in bytes: ArraySlice<UInt8>) throws(Misfit) -> Int {
        var reader = ProtobufReader(bytes)
        var count = 0
        while let field = try reader.field() { count += field.number == number ? 1 : 0 }
        return count
    }
}
