import AllianceModel

/// Reads a tokens file strictly: an access list that is half understood is worse than none.
extension FileReading {
    mutating func tokens(_ root: SourceNode) -> [TokensFile.Entry]? {
        // The file before its first token.
        if root.isNull { return [] }
        guard let mapping = mapping(root, "", keys: ["tokens"]) else { return nil }
        return required("tokens", of: mapping) { reading, node, path in
            guard let nodes = reading.sequence(node, path) else { return nil }
            var entries: [TokensFile.Entry] = []
            for (index, node) in nodes.enumerated() {
                let path = "\(path)[\(index)]"
                guard let entry = reading.token(node, path) else { continue }
                reading.refuseDouble(entry, of: entries, at: node, path)
                entries.append(entry)
            }
            return entries
        }
    }

    private mutating func refuseDouble(
        _ entry: TokensFile.Entry,
        of entries: [TokensFile.Entry],
        at node: SourceNode,
        _ path: String
    ) {
        if entries.contains(where: { $0.id == entry.id }) {
            refuse("\(path).id", at: node.place, "is the id of another token", "remove one of them")
        }
        if entries.contains(where: { $0.name == entry.name }) {
            refuse(
                "\(path).name",
                at: node.place,
                "is the name of another token",
                "rename one of them"
            )
        }
    }

    private mutating func token(_ node: SourceNode, _ path: String) -> TokensFile.Entry? {
        let keys = ["id", "name", "role", "expires", "sha256"]
        guard let mapping = mapping(node, path, keys: keys) else { return nil }
        let id = required("id", of: mapping) { reading, node, path in
            reading.string(node, path, "is not 1 to 16 of a-z and 0-9") {
                TokensFile.isValid(id: $0)
            }
        }
        let name = required("name", of: mapping) { reading, node, path in
            reading.string(node, path, "is empty, too long or has control characters") {
                TokensFile.isValid(name: $0)
            }
        }
        let role = required("role", of: mapping) { reading, node, path in
            reading.choice(node, path, of: AccessRole.allCases, named: \.rawValue)
        }
        let hash = required("sha256", of: mapping) { reading, node, path in
            reading.string(node, path, "is not 64 hexadecimal digits") { Digest(hex: $0) != nil }
        }
        let expires = optional("expires", of: mapping) { $0.expiry($1, $2) }
        guard let id, let name, let role, let sha256 = hash.flatMap({ Digest(hex: $0) }) else {
            return nil
        }
        return TokensFile.Entry(id: id, name: name, role: role, expires: expires, sha256: sha256)
    }

    private mutating func string(
        _ node: SourceNode,
        _ path: String,
        _ reason: String,
        _ isValid: (String) -> Bool
    ) -> String? {
        guard let text = string(node, path) else { return nil }
        guard isValid(text) else {
            refuse(path, at: node.place, reason, "revoke the token and make a new one")
            return nil
        }
        return text
    }

    private mutating func expiry(_ node: SourceNode, _ path: String) -> Int64? {
        guard let text = string(node, path) else { return nil }
        guard let milliseconds = Timestamps.parse(text) else {
            refuse(
                path,
                at: node.place,
                "is not a time of RFC 3339",
                "write it as 2027-01-01T00:00:00Z"
            )
            return nil
        }
        return milliseconds
    }
}
