/// One thing wrong with a file, where it stands, and what to do about it.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file as it was named, or the environment variable.
    package let file: String
    /// From 1; 0 where there is no line: the file cannot be read, or it is a variable.
    package let line: Int
    /// From 1, in Unicode scalars; 0 where there is none.
    package let column: Int
    /// `peers.listen`; empty when the whole file is meant.
    package let key: String
    package let reason: String
    package let remedy: String

    /// Control characters in what came from the file are escaped: this is shown on terminals.
    package init(
        file: String,
        line: Int = 0,
        column: Int = 0,
        key: String = "",
        reason: String,
        remedy: String
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.key = escaped(key)
        self.reason = escaped(reason)
        self.remedy = escaped(remedy)
    }

    init(_ place: Place, key: String, reason: String, remedy: String) {
        self.init(
            file: place.source,
            line: place.line,
            column: place.column,
            key: key,
            reason: reason,
            remedy: remedy
        )
    }

    package var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(key.isEmpty ? "" : "\(key): ")\(reason); \(remedy)"
    }
}

/// All that is wrong with a file, in the order of its lines.
package struct FileErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty.
    package let errors: [FileError]

    package init(_ errors: [FileError]) {
        self.errors = errors
    }

    package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Where in a source something stands.
struct Place: Hashable, Sendable {
    /// A file as it was named, or an environment variable.
    let source: String
    let line: Int
    let column: Int

    static func start(of source: String) -> Place { Place(source: source, line: 1, column: 1) }

    static func variable(_ name: String) -> Place { Place(source: name, line: 0, column: 0) }
}

/// The text with C0, C1 and delete characters as `\u{..}`.
private func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        return text
    }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
        if scalar.properties.generalCategory == .control {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
}
