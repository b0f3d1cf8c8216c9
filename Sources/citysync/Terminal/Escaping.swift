/// Makes text of other members harmless on a terminal.
///
/// A name or a reason is data: an escape sequence in it must not move the cursor, and a
/// right-to-left override must not make one city look like another.
enum Escaping {
    /// `text` with every control, bidirectional and line-separating character spelled out.
    static func shown(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isUnsafe(scalar) {
                result += spelled(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// A field of a tab-separated line: as `shown`, with the backslash doubled so that a reader can
    /// undo it.
    static func tabSeparated(_ text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false)
            .map { shown(String($0)) }
            .joined(separator: "\\\\")
    }

    /// Text of several lines, each made harmless.
    static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { shown(String($0)) }
            .joined(separator: "\n")
    }

    private static func spelled(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F: true
        // Marks and overrides of direction, line and paragraph separators, the byte order mark.
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
