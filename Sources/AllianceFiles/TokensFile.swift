package import AllianceModel

/// What the bearer of a token may do; each role includes those before it.
package enum AccessRole: String, CaseIterable, Comparable, Sendable {
    /// Reads; sensitive fields are masked.
    case reader
    /// Writes records as well.
    case clerk
    /// Agreement and administration as well.
    case `operator`

    package static func < (left: AccessRole, right: AccessRole) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .reader: 0
        case .clerk: 1
        case .operator: 2
        }
    }
}

/// The API tokens of a node: `tokens.yaml`, without the tokens themselves.
///
/// `citysync token` writes the file, the node reads it at start and on SIGHUP.
package struct TokensFile: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// Lower-case letters and digits, unique in the file; part of the token.
        package var id: String
        /// For people: it is what the audit names.
        package var name: String
        package var role: AccessRole
        /// Milliseconds since 1970-01-01T00:00:00Z from which on the token is refused; nil: never.
        package var expires: Int64?
        /// SHA-256 of the whole token as text (`cs_<id>_<secret>`).
        package var sha256: Digest

        package init(id: String, name: String, role: AccessRole, expires: Int64?, sha256: Digest) {
            self.id = id
            self.name = name
            self.role = role
            self.expires = expires
            self.sha256 = sha256
        }

        /// `nowMilliseconds` since 1970-01-01T00:00:00Z.
        package func isExpired(nowMilliseconds: Int64) -> Bool {
            expires.map { $0 <= nowMilliseconds } ?? false
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }
}

extension TokensFile {
    package static let nameCharactersMaximum = 100

    /// Whether `id` may stand in a token: 1 to 16 lower-case letters and digits.
    package static func isValid(id: String) -> Bool {
        (1...16).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    /// Whether a name is not empty, not longer than 100 characters and free of control characters.
    package static func isValid(name: String) -> Bool {
        (1...nameCharactersMaximum).contains(name.count)
            && !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// The file as YAML, one token a line, in the order of `entries`.
    package var text: String {
        var lines = [
            "# API tokens of this node, kept by `citysync token`; the node reads it on SIGHUP.",
            "# The tokens are not in here: sha256 is the hash of each.",
        ]
        guard !entries.isEmpty else { return (lines + ["tokens: []", ""]).joined(separator: "\n") }
        lines.append("tokens:")
        lines += entries.map { entry in
            var members = ["id: \"\(entry.id)\"", "name: \(TokensFile.quoted(entry.name))"]
            members.append("role: \(entry.role.rawValue)")
            if let expires = entry.expires {
                members.append("expires: \(Timestamps.format(expires))")
            }
            members.append("sha256: \"\(entry.sha256.hex)\"")
            return "  - { \(members.joined(separator: ", ")) }"
        }
        return (lines + [""]).joined(separator: "\n")
    }

    /// A double-quoted YAML scalar; control characters are refused before they come here.
    private static func quoted(_ text: String) -> String {
        let inner = text.reduce(into: "") { result, character in
            if character == "\"" || character == "\\" { result += "\\" }
            result.append(character)
        }
        return "\"\(inner)\""
    }

    /// Reads a tokens file; an empty one has no tokens.
    ///
    /// Throws everything that is wrong: unknown, missing and doubled keys, wrong values, two tokens
    /// of one id or name. `file` is what errors call it; no error holds a value of the file but its
    /// keys and roles.
    package static func parse(_ text: String, file: String) throws(FileErrors) -> TokensFile {
        let root = try SourceNode.yaml(text, file: file)
        var reading = FileReading()
        let entries = reading.tokens(root)
        if let failure = reading.failure { throw failure }
        return TokensFile(entries: entries ?? [])
    }

    /// The `api.tokens` of a node's configuration; nil when it has none.
    ///
    /// Nothing else of the configuration is judged here: tokens can be made before the rest of it
    /// is right.
    package static func path(
        inConfiguration text: String,
        file: String
    ) throws(FileErrors) -> String? {
        let root = try SourceNode.yaml(text, file: file)
        guard case .scalar(let path, _) = root["api"]?["tokens"]?.content else { return nil }
        return path
    }
}

extension SourceNode {
    fileprivate subscript(key: String) -> SourceNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }
}
