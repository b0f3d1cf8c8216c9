/// What a field may hold.
///
/// Defaults are filled in, so that one meaning has one value.
package enum FieldType: Hashable, Sendable {
    /// `maximumBytes` counts bytes of UTF-8, not characters.
    case text(maximumBytes: Int)
    /// 64 bits, signed.
    case integer
    /// A scaled integer; `unit` is a label such as CNY.
    case decimal(scale: Int, unit: Text?)
    case boolean
    case date
    /// Milliseconds since 1970-01-01T00:00:00Z.
    case time
    /// One of the listed values, in the order of the form.
    case enumeration([Text])
    /// A citizen's number, GB 11643-1999.
    case identity
    /// A unified social credit identifier, GB 32100-2015.
    case organization
    case member
    /// The id of a record, or where something outside is kept.
    case reference
    case set(of: ElementType)
    /// The total of signed 64-bit additions.
    case counter

    package static let textBytesDefault = 65_536
    /// Of a single text that names its own maximum.
    package static let textBytesMaximum = 1_048_576
    package static let referenceBytesMaximum = 1_024
    package static let scaleMaximum = 18
    package static let enumerationCountMaximum = 1_024
    package static let setCountMaximum = 10_000

    /// Whether the field holds one value, rather than a set or a total.
    package var isSingle: Bool {
        switch self {
        case .set, .counter: false
        default: true
        }
    }

    /// Whether a greatest and a least value make sense.
    package var isOrdered: Bool {
        switch self {
        case .integer, .decimal, .date, .time: true
        default: false
        }
    }

    /// The word of the item file.
    package var name: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .decimal: "decimal"
        case .boolean: "boolean"
        case .date: "date"
        case .time: "time"
        case .enumeration: "enumeration"
        case .identity: "identity"
        case .organization: "organization"
        case .member: "member"
        case .reference: "reference"
        case .set: "set"
        case .counter: "counter"
        }
    }

    package static let names = [
        "text", "integer", "decimal", "boolean", "date", "time", "enumeration", "identity",
        "organization", "member", "reference", "set", "counter",
    ]

    package init(_ element: ElementType) {
        self =
            switch element {
            case .text(let maximumBytes): .text(maximumBytes: maximumBytes)
            case .integer: .integer
            case .decimal(let scale, let unit): .decimal(scale: scale, unit: unit)
            case .date: .date
            case .time: .time
            case .enumeration(let values): .enumeration(values)
            case .identity: .identity
            case .organization: .organization
            case .member: .member
            case .reference: .reference
            }
    }
}

/// What the elements of a set may be: the single types but boolean, of which a set says nothing.
package enum ElementType: Hashable, Sendable {
    case text(maximumBytes: Int)
    case integer
    case decimal(scale: Int, unit: Text?)
    case date
    case time
    case enumeration([Text])
    case identity
    case organization
    case member
    case reference

    package static let names = [
        "text", "integer", "decimal", "date", "time", "enumeration", "identity", "organization",
        "member", "reference",
    ]

    /// Nil for what a set cannot hold.
    package init?(_ type: FieldType) {
        switch type {
        case .text(let maximumBytes): self = .text(maximumBytes: maximumBytes)
        case .integer: self = .integer
        case .decimal(let scale, let unit): self = .decimal(scale: scale, unit: unit)
        case .date: self = .date
        case .time: self = .time
        case .enumeration(let values): self = .enumeration(values)
        case .identity: self = .identity
        case .organization: self = .organization
        case .member: self = .member
        case .reference: self = .reference
        case .boolean, .set, .counter: return nil
        }
    }
}
