/// Colour on a terminal, nothing elsewhere.
struct Ink: Sendable, Hashable {
    enum Colour: Int, Sendable, Hashable {
        case plain = 0
        case bold = 1
        case red = 31
        case green = 32
        case yellow = 33
    }

    /// False when the output is no terminal or `NO_COLOR` is set (https://no-color.org).
    var enabled: Bool

    static let none = Ink(enabled: false)

    func callAsFunction(_ text: String, _ colour: Colour) -> String {
        guard enabled, colour != .plain, !text.isEmpty else { return text }
        return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
    }
}
