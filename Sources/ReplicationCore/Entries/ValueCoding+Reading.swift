package import AllianceModel

extension ValueCoding {
    /// Nil unless the bytes are exactly what `encode` gives for some value.
    package static func decode(_ bytes: ArraySlice<UInt8>) -> WriteValue? {
        decode(bytes.span, 0..<bytes.count)
    }

    /// A single value; nil for elements and for what does not decode.
    ///
    /// Elements are refused before they are looked into: bytes that nest them deeply cost no stack.
    package static func decodeSingle(_ bytes: ArraySlice<UInt8>) -> FieldValue? {
        single(bytes.span, 0..<bytes.count)
    }

    /// Whether `decode` gives a text of at most that many bytes, without making it.
    static func isText(_ bytes: ArraySlice<UInt8>, maximumBytes: Int) -> Bool {
        let span = bytes.span
        guard case (1, .bytes(let range))? = onlyField(span, 0..<span.count) else { return false }
        return range.count <= maximumBytes && Text.isValid(span.extracting(range))
    }

    private static func decode(_ span: Span<UInt8>, _ range: Range<Int>) -> WriteValue? {
        guard let (number, value) = onlyField(span, range) else { return nil }
        switch (number, value) {
        case (8, .bytes(let inner)): return elements(span, inner)
        case (10, .bytes(let inner)): return single(span, inner).map { .ruling($0) }
        case (11, .bytes(let inner)): return deletion(span, inner)
        default: break
        }
        return single(span, number, value).map { .single($0) }
    }

    private static func single(_ span: Span<UInt8>, _ range: Range<Int>) -> FieldValue? {
        guard let (number, value) = onlyField(span, range) else { return nil }
        return single(span, number, value)
    }

    private static func onlyField(
        _ span: Span<UInt8>,
        _ range: Range<Int>
    ) -> (number: UInt64, value: ProtobufCursor.Value)? {
        var cursor = ProtobufCursor(range)
        guard let field = cursor.next(in: span), cursor.next(in: span) == nil, !cursor.isMalformed
        else { return nil }
        return field
    }

    private static func single(
        _ span: Span<UInt8>,
        _ number: UInt64,
        _ value: ProtobufCursor.Value
    ) -> FieldValue? {
        switch (number, value) {
        case (1, .bytes(let range)):
            guard let text = Text(validating: span.extracting(range)) else { return nil }
            return .text(text)
        case (2, .varint(let raw)): return .integer(ProtobufReader.signed(raw))
        case (3, .bytes(let range)): return decimal(span, range)
        case (4, .varint(let raw)) where raw <= 1: return .boolean(raw == 1)
        case (5, .varint(let raw)):
            guard let days = Int(exactly: ProtobufReader.signed(raw)) else { return nil }
            return CalendarDate(daysSince1970: days).map { .date($0) }
        case (6, .varint(let raw)): return .time(ProtobufReader.signed(raw))
        case (7, .bytes(let range)):
            guard let member = MemberCode(utf8: span.extracting(range)) else { return nil }
            return .member(member)
        case (9, .varint(1)): return .cleared
        default: return nil
        }
    }

    private static func decimal(_ span: Span<UInt8>, _ range: Range<Int>) -> FieldValue? {
        var cursor = ProtobufCursor(range)
        guard case (1, .varint(let units))? = cursor.next(in: span),
            case (2, .varint(let scale))? = cursor.next(in: span),
            scale <= FieldType.scaleMaximum, cursor.next(in: span) == nil, !cursor.isMalformed
        else { return nil }
        return .decimal(
            ScaledDecimal(units: ProtobufReader.signed(units), scale: UInt8(scale))
        )
    }

    /// Nil unless the bytes are the one encoding of what they say.
    private static func deletion(_ span: Span<UInt8>, _ range: Range<Int>) -> WriteValue? {
        var cursor = ProtobufCursor(range)
        var sights: [FieldSight] = []
        while let (number, value) = cursor.next(in: span) {
            guard number == 1, case .bytes(let inner) = value, let sight = sight(span, inner),
                sights.last.map({ $0.field < sight.field }) ?? true
            else { return nil }
            sights.append(sight)
        }
        guard !cursor.isMalformed else { return nil }
        var again = ProtobufWriter()
        for sight in sights { again.message(1) { encode(sight, into: &$0) } }
        let bytes = span.extracting(range)
        guard again.bytes.count == bytes.count,
            bytes.indices.allSatisfy({ bytes[$0] == again.bytes[$0] })
        else { return nil }
        return .deletion(sights)
    }

    private static func sight(_ span: Span<UInt8>, _ range: Range<Int>) -> FieldSight? {
        var cursor = ProtobufCursor(range)
        var field: Text?
        var entries: [CausalContext.Entry] = []
        while let (number, value) = cursor.next(in: span) {
            guard case .bytes(let inner) = value else { return nil }
            switch number {
            case 1: field = Text(validating: span.extracting(inner))
            case 2:
                guard entries.count < EntryCoding.contextCountMaximum,
                    let dot = EntryCoding.dot(span, inner)
                else { return nil }
                entries.append(CausalContext.Entry(writer: dot.writer, number: dot.number))
            default: return nil
            }
        }
        guard !cursor.isMalformed, !entries.isEmpty, let field, !field.isEmpty,
            let seen = CausalContext(sorted: entries)
        else { return nil }
        return FieldSight(field: field, seen: seen)
    }

    private static func elements(_ span: Span<UInt8>, _ range: Range<Int>) -> WriteValue? {
        var cursor = ProtobufCursor(range)
        var add: [FieldValue] = []
        var remove: [FieldValue] = []
        while let (number, value) = cursor.next(in: span) {
            guard case .bytes(let inner) = value, let element = single(span, inner) else {
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
        guard !cursor.isMalformed, !add.isEmpty || !remove.isEmpty,
            WriteValue.areDisjoint(add, remove)
        else { return nil }
        return .elements(add: add, remove: remove)
    }
}
