package import AllianceModel

/// What one write gives a field.
package enum WriteValue: Hashable, Sendable {
    /// A value; for a counter what is added to it.
    case single(FieldValue)
    /// Both sorted, each element once and in one of them only; together at least one.
    case elements(add: [FieldValue], remove: [FieldValue])
    /// Home's last word on a field that is set once.
    case ruling(FieldValue)
    /// Of `@delete`: what its writer had seen of the fields of the widest scope, sorted by name, each
    /// once and no context empty.
    case deletion([FieldSight])
}

/// What a writer had applied of one field.
package struct FieldSight: Hashable, Sendable {
    package var field: Text
    package var seen: CausalContext

    package init(field: Text, seen: CausalContext) {
        self.field = field
        self.seen = seen
    }
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
        case .ruling(let value): writer.bytes(10, encode(value))
        case .deletion(let sights):
            writer.message(11) { inner in
                for sight in sights { inner.message(1) { encode(sight, into: &$0) } }
            }
        }
        return writer.bytes
    }

    package static func encode(_ value: FieldValue) -> Bytes {
        var writer = ProtobufWriter(capacity: 32)
        encode(value, into: &writer)
        return writer.bytes
    }

    static func encode(_ sight: FieldSight, into writer: inout ProtobufWriter) {
        writer.bytes(1, sight.field.utf8)
        for entry in sight.seen.entries {
            writer.message(2) { EntryCoding.encode(entry.writer, entry.number, into: &$0) }
        }
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
