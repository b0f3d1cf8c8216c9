import AllianceModel

extension ModelDot: CustomStringConvertible {
    package var description: String { "\(member)/\(String(incarnation, radix: 16))#\(number)" }
}

extension ModelWriter: CustomStringConvertible {
    package var description: String { "\(member)/\(String(incarnation, radix: 16))" }
}

extension ModelWriteID: CustomStringConvertible {
    package var description: String { "\(field) \(dot)" }
}

extension ModelTimestamp: CustomStringConvertible {
    package var description: String { "\(milliseconds).\(counter)" }
}

extension ModelKey: CustomStringConvertible {
    /// As the API prints it: `350100.0192f0c4-7abc-7def-8123-456789abcdef`.
    package var description: String {
        let digits = Array(Hexadecimal.encode(id))
        guard digits.count == 32 else { return "\(origin).\(String(digits))" }
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return "\(origin).\(parts.joined(separator: "-"))"
    }
}

extension FieldValue {
    /// In one line, for findings; the simulator's values are made up.
    var words: String {
        switch self {
        case .set(let elements): "{" + elements.map(\.words).joined(separator: ", ") + "}"
        case .cleared: "null"
        default: text?.string ?? "null"
        }
    }
}

extension ModelShown: CustomStringConvertible {
    package var description: String {
        switch self {
        case .single(let value): value.words
        case .review(let values): "review " + list(values.sorted().map(\.words))
        case .elements(let elements): list(elements.sorted().map(\.words))
        case .total(let total): String(total)
        }
    }
}

extension ModelJournalReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sibling: "a sibling not shown"
        case .siblingOfEqualValue: "a sibling of equal value"
        case .lost: "listed as lost"
        case .lostUncovered: "listed as lost by one that does not cover it"
        case .replaced: "replaced, of an incarnation gone or a feed forked"
        case .replacedByEqual: "replaced by its equal, of an incarnation gone or a feed forked"
        case .void(let verdict): verdict.rawValue
        }
    }
}

extension ModelFinding: CustomStringConvertible {
    package var description: String {
        var parts = [kind.rawValue]
        if !members.isEmpty { parts.append("at " + members.map(\.string).joined(separator: ", ")) }
        if let record { parts.append("record \(record)") }
        if let field { parts.append("field \(field)") }
        if !dots.isEmpty { parts.append("dots " + list(dots.sorted().map(\.description))) }
        return parts.joined(separator: " ") + ": " + text
    }
}

/// `{a, b}`.
func list(_ words: [String]) -> String { "{" + words.joined(separator: ", ") + "}" }
