/// A YAML or JSON document as it was written: scalars are text, and nothing is guessed from their
/// look. (YAML would read `no` as false, `1e3` as a number and `07` as seven.)
struct SourceNode: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case scalar(String, ScalarStyle)
        case sequence([SourceNode])
        /// No key twice.
        case mapping([SourceEntry])
    }

    let content: Content
    let place: Place

    static let depthMaximum = 32

    /// Written as null, or left empty.
    var isNull: Bool {
        guard case .scalar(let text, let style) = content, style != .quoted else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, in an error's words.
    var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

struct SourceEntry: Hashable, Sendable {
    let key: String
    let place: Place
    let value: SourceNode
}

enum ScalarStyle: Hashable, Sendable {
    /// Unquoted in YAML: whatever its key wants.
    case plain
    /// A string.
    case quoted
    /// A number, `true`, `false` or `null` of JSON: never a string.
    case literal
}
