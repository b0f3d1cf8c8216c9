package import AllianceModel

/// What one write gives a field: a value, or elements for a set.
package enum WriteValue: Hashable, Sendable {
    case single(FieldValue)
    /// Both sorted, each element once and in one of them only; together at least one.
    case elements(add: [FieldValue], remove: [FieldValue])
}

extension WriteValue {
    /// Whether two sorted lists have no element in common.
    package static func areDisjoint(_ left: [FieldValue], _ right: [FieldValue]) -> Bool {
        var rest = right[...]
        for element in left {
            rest = rest.drop { $0 < element }
            guard let next = rest.first else { return true }
            if next == element { return false }
        }
        return true
    }
}

/// Values to and from bytes (message `Value`): self-describing, one value one encoding.
package enum ValueCoding {
    package static func encode(_ value: WriteValue) -> Bytes {
        var writer = ProtobufWriter(capacity: 32)
        switch value {
        case .single(let value): encode(value, into: &writer)
        case .elements(let add, let remove):
            writer.message(8) { inner in
                for element in add { inner.bytes(1, encode(element)) }
                for element in remove { inner.bytes(2, encode(element)) }
            }
        }
        return writer.bytes
    }

    package static func encode(_ value: FieldValue) -> Bytes {
        var writer = ProtobufWriter(capacity: 32)
        encode(value, into: &writer)
        return writer.bytes
    }

    private static func encode(_ value: FieldValue, into writer: inout ProtobufWriter) {
        switch value {
        case .text(let text): writer.bytes(1, text.utf8)
        case .integer(let integer): writer.signed(2, integer)
        case .decimal(let decimal):
            writer.message(3) { inner in
                inner.signed(1, decimal.units)
                inner.varint(2, UInt64(decimal.scale))
            }
        case .boolean(let boolean): writer.varint(4, boolean ? 1 : 0)
        case .date(let date): writer.signed(5, Int64(date.daysSince1970))
        case .time(let milliseconds): writer.signed(6, milliseconds)
        case .member(let member): writer.bytes(7, member.utf8)
        case .set(let elements):
            writer.message(8) { inner in
                for element in elements { inner.bytes(1, encode(element)) }
            }
        case .cleared: writer.varint(9, 1)
        }
    }
}
