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

    /// Nil unless the bytes are exactly what `encode` gives for some value.
    package static func decode(_ bytes: ArraySlice<UInt8>) -> WriteValue? {
        guard let (number, value) = onlyField(bytes) else { return nil }
        if case (8, .bytes(let inner)) = (number, value) { return elements(inner) }
        return single(number, value).map { .single($0) }
    }

    /// A single value; nil for elements and for what does not decode.
    ///
    /// Elements are refused before they are looked into: bytes that nest them deeply cost no stack.
    package static func decodeSingle(_ bytes: ArraySlice<UInt8>) -> FieldValue? {
        onlyField(bytes).flatMap { single($0.number, $0.value) }
    }

    private static func onlyField(
        _ bytes: ArraySlice<UInt8>
    ) -> (number: UInt64, value: ProtobufReader.Value)? {
        var reader = ProtobufReader(bytes)
        guard let field = reader.next(), reader.next() == nil, !reader.isMalformed else {
            return nil
        }
        return field
    }

    private static func single(_ number: UInt64, _ value: ProtobufReader.Value) -> FieldValue? {
        switch (number, value) {
        case (1, .bytes(let text)): Text(validating: text).map { .text($0) }
        case (2, .varint(let raw)): .integer(ProtobufReader.signed(raw))
        case (3, .bytes(let inner)): decimal(inner)
        case (4, .varint(let raw)) where raw <= 1: .boolean(raw == 1)
        case (5, .varint(let raw)):
            Int(exactly: ProtobufReader.signed(raw))
                .flatMap { CalendarDate(daysSince1970: $0) }.map { .date($0) }
        case (6, .varint(let raw)): .time(ProtobufReader.signed(raw))
        case (7, .bytes(let code)): MemberCode(utf8: code).map { .member($0) }
        case (9, .varint(1)): .cleared
        default: nil
        }
    }

    private static func decimal(_ bytes: ArraySlice<UInt8>) -> FieldValue? {
        var reader = ProtobufReader(bytes)
        guard case (1, .varint(let units))? = reader.next(),
            case (2, .varint(let scale))? = reader.next(), scale <= FieldType.scaleMaximum,
            reader.next() == nil, !reader.isMalformed
        else { return nil }
        return .decimal(
            ScaledDecimal(units: ProtobufReader.signed(units), scale: UInt8(scale))
        )
    }

    private static func elements(_ bytes: ArraySlice<UInt8>) -> WriteValue? {
        var reader = ProtobufReader(bytes)
        var add: [FieldValue] = []
        var remove: [FieldValue] = []
        while let (number, value) = reader.next() {
            guard case .bytes(let inner) = value, let element = decodeSingle(inner) else {
                return nil
            }
            switch number {
            case 1 where remove.isEmpty && add.last.map({ $0 < element }) ?? true:
                add.append(element)
            case 2 where remove.last.map({ $0 < element }) ?? true: remove.append(element)
            default: return nil
            }
            guard add.count + remove.count <= 2 * FieldType.setCountMaximum else { return nil }
        }
        guard !reader.isMalformed, !add.isEmpty || !remove.isEmpty,
            WriteValue.areDisjoint(add, remove)
        else { return nil }
        return .elements(add: add, remove: remove)
    }
}
