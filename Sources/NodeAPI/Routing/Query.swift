package import AllianceModel

/// A request's query parameters, each at most once and each one that the route takes.
package struct Query: Hashable, Sendable {
    package static let limitDefault = 100
    package static let limitMaximum = 1_000

    private var values: [String: Text] = [:]

    init(_ query: String?, allowed: [String]) throws(Problem) {
        for pair in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let name = PercentDecoding.decode(parts[0], plusIsSpace: true),
                let value = PercentDecoding.decode(
                    parts.count > 1 ? parts[1] : Substring().utf8,
                    plusIsSpace: true
                )
            else { throw Problem(.malformed, "The query is not percent-encoded UTF-8.") }
            guard allowed.contains(name.string) else {
                throw Problem(
                    .fieldUnknown,
                    field: name,
                    allowed.isEmpty
                        ? "This route takes no query parameters."
                        : "This route takes the query parameters \(allowed.joined(separator: ", "))."
                )
            }
            guard values.updateValue(value, forKey: name.string) == nil else {
                throw Problem(.malformed, field: name, "A query parameter is given twice.")
            }
        }
    }

    /// Nil when it is absent.
    package subscript(_ name: String) -> Text? { values[name] }

    /// Rows on a page, 1 to 1,000.
    package func limit() throws(Problem) -> Int {
        try integer("limit", in: 1...Query.limitMaximum) ?? Query.limitDefault
    }

    package func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text.string), range.contains(value) else {
            throw Problem.invalid(
                name,
                "is not a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    /// The cursor as a number: a position in a list that is ordered by one.
    package func position(_ name: String) throws(Problem) -> Int64? {
        guard let text = values[name] else { return nil }
        guard let value = Int64(text.string), value >= 0 else {
            throw Problem.invalid(name, "is not a cursor of this list")
        }
        return value
    }

    package func member(_ name: String) throws(Problem) -> MemberCode? {
        guard let text = values[name] else { return nil }
        guard let code = MemberCode(utf8: text.utf8) else {
            throw Problem.invalid(name, "is not a member code")
        }
        return code
    }
}

extension Problem {
    /// `field_invalid`; the detail begins with the field.
    static func invalid(_ field: Text, _ reason: String) -> Problem {
        Problem(.fieldInvalid, field: field, "\(field) \(reason).")
    }

    static func invalid(_ field: String, _ reason: String) -> Problem {
        invalid(Text(field), reason)
    }
}
