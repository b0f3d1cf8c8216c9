extension FieldValue: Comparable {
    /// A total order: by kind, then by value; text bytewise.
    ///
    /// Sets are sorted by it.
    package static func < (left: FieldValue, right: FieldValue) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): left < right
        case (.integer(let left), .integer(let right)): left < right
        case (.decimal(let left), .decimal(let right)):
            // Of one field both have one scale; the rest only makes the order total.
            left.scale == right.scale ? left.units < right.units : left.scale < right.scale
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.date(let left), .date(let right)): left < right
        case (.time(let left), .time(let right)): left < right
        case (.member(let left), .member(let right)): left < right
        case (.set(let left), .set(let right)): left.lexicographicallyPrecedes(right)
        default: left.rank < right.rank
        }
    }

    private var rank: Int {
        switch self {
        case .text: 0
        case .integer: 1
        case .decimal: 2
        case .boolean: 3
        case .date: 4
        case .time: 5
        case .member: 6
        case .set: 7
        case .cleared: 8
        }
    }
}

extension FieldValue {
    /// The canonical text of a single value, which `FieldType.parse(text:)` reads back; nil for
    /// sets and what is cleared.
    ///
    /// Times are in UTC.
    package var text: Text? {
        switch self {
        case .text(let text): text
        case .integer(let integer): Text(String(integer))
        case .decimal(let decimal): Text(decimal.description)
        case .boolean(let boolean): boolean ? "true" : "false"
        case .date(let date): Text(date.description)
        case .time(let milliseconds): Text(Timestamps.format(milliseconds))
        case .member(let code): code.text
        case .set, .cleared: nil
        }
    }
}

extension FieldType {
    /// A single value, or an addition to a counter, from its text; a set is not one text.
    package func parse(text: String) throws(InvalidValue) -> FieldValue {
        let value: FieldValue
        switch self {
        case .text, .enumeration, .identity, .organization, .reference:
            value = .text(Text(text))
        case .integer, .counter:
            guard let integer = Int64(text), !text.hasPrefix("+") else { throw .notInteger }
            value = .integer(integer)
        case .decimal(let scale, _):
            guard let decimal = ScaledDecimal(text, scale: UInt8(clamping: scale)) else {
                throw .notDecimal(scale: scale)
            }
            value = .decimal(decimal)
        case .boolean:
            guard text == "true" || text == "false" else { throw .typeDiffers(expected: name) }
            value = .boolean(text == "true")
        case .date:
            guard let date = CalendarDate(text) else { throw .notDate }
            value = .date(date)
        case .time:
            guard let milliseconds = Timestamps.parse(text) else { throw .notTime }
            value = .time(milliseconds)
        case .member:
            guard let code = MemberCode(text) else { throw .notMemberCode }
            value = .member(code)
        case .set: throw .typeDiffers(expected: name)
        }
        if let invalid = value.validate(self) { throw invalid }
        return value
    }
}
