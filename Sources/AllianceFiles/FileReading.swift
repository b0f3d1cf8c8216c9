import AllianceModel

/// Reads typed values out of a document and collects all that is wrong with it.
///
/// Every accessor records its error and returns nil; whoever builds a value from what they gave asks
/// `failure` first.
struct FileReading {
    private var errors: [FileError] = []
    private var places: [String: Place] = [:]

    /// All errors so far in the order of their lines; nil when there are none.
    var failure: FileErrors? {
        guard !errors.isEmpty else { return nil }
        return FileErrors(errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
    }

    mutating func refuse(_ path: String, at place: Place, _ reason: String, _ remedy: String) {
        errors.append(FileError(place, key: path, reason: reason, remedy: remedy))
    }

    /// Problems of a value that was read, each at the place its path was noted for.
    mutating func refuse(_ problems: [DefinitionProblem], root: Place) {
        for problem in problems {
            let place = place(of: problem.path) ?? root
            refuse(problem.path, at: place, problem.reason, problem.remedy)
        }
    }

    /// Where a path stands, for problems that are found later.
    mutating func note(_ path: String, at place: Place) { places[path] = place }

    /// The place noted for the path, or for the nearest that holds it.
    private func place(of path: String) -> Place? {
        var path = Substring(path)
        while !path.isEmpty {
            if let place = places[String(path)] { return place }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
        return nil
    }
}

// MARK: Structure

/// A mapping whose keys are all known.
struct SourceMapping {
    let path: String
    let place: Place
    private let values: [String: SourceNode]

    init(path: String, place: Place, values: [String: SourceNode]) {
        self.path = path
        self.place = place
        self.values = values
    }

    /// Nil also for what is written as null.
    subscript(key: String) -> SourceNode? {
        guard let node = values[key], !node.isNull else { return nil }
        return node
    }

    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

extension FileReading {
    /// A mapping of which only these keys are known; others are refused, the rest is read on.
    mutating func mapping(_ node: SourceNode, _ path: String, keys: [String]) -> SourceMapping? {
        guard let entries = entries(node, path) else { return nil }
        var values: [String: SourceNode] = [:]
        for entry in entries {
            guard keys.contains(entry.key) else {
                let nearest = NearestWord.to(entry.key, of: keys)
                refuse(
                    path.isEmpty ? entry.key : "\(path).\(entry.key)",
                    at: entry.place,
                    "is not a known key",
                    nearest.map { "did you mean \($0)?" }
                        ?? "use one of \(keys.joined(separator: ", "))"
                )
                continue
            }
            values[entry.key] = entry.value
        }
        return SourceMapping(path: path, place: node.place, values: values)
    }

    /// A mapping with free keys.
    mutating func entries(_ node: SourceNode, _ path: String) -> [SourceEntry]? {
        guard case .mapping(let entries) = node.content else {
            refuse(path, at: node.place, "is \(node.kind)", "write a mapping: key: value")
            return nil
        }
        for entry in entries {
            note(path.isEmpty ? entry.key : "\(path).\(entry.key)", at: entry.place)
        }
        return entries
    }

    mutating func sequence(_ node: SourceNode, _ path: String) -> [SourceNode]? {
        guard case .sequence(let nodes) = node.content else {
            refuse(path, at: node.place, "is \(node.kind)", "write a list: [a, b]")
            return nil
        }
        return nodes
    }

    /// The value of a key that must be there.
    mutating func required<Value>(
        _ key: String,
        of mapping: SourceMapping,
        _ read: (inout FileReading, SourceNode, String) -> Value?
    ) -> Value? {
        guard let node = mapping[key] else {
            refuse(mapping.path(key), at: mapping.place, "is missing", "add \(key)")
            return nil
        }
        return read(&self, node, mapping.path(key))
    }

    /// The value of a key that may be left out; nil also when it is wrong.
    mutating func optional<Value>(
        _ key: String,
        of mapping: SourceMapping,
        _ read: (inout FileReading, SourceNode, String) -> Value?
    ) -> Value? {
        mapping[key].flatMap { read(&self, $0, mapping.path(key)) }
    }
}

// MARK: Scalars

extension FileReading {
    /// Text, quoted or not: `350100` is the code as it is written, `no` is a word.
    mutating func string(_ node: SourceNode, _ path: String) -> String? {
        guard case .scalar(let text, let style) = node.content, !node.isNull else {
            refuse(path, at: node.place, "is \(node.kind)", "write text")
            return nil
        }
        guard style != .literal else {
            refuse(path, at: node.place, "is not text", "put it in double quotes")
            return nil
        }
        guard !text.utf8.contains(0) else {
            refuse(path, at: node.place, "holds a NUL character", "take it out")
            return nil
        }
        return text
    }

    mutating func text(_ node: SourceNode, _ path: String) -> Text? {
        string(node, path).map { Text($0) }
    }

    mutating func texts(_ node: SourceNode, _ path: String) -> [Text]? {
        guard let nodes = sequence(node, path) else { return nil }
        return nodes.enumerated().compactMap { text($1, "\(path)[\($0)]") }
    }

    /// Decimal digits, not quoted.
    mutating func integer(
        _ node: SourceNode,
        _ path: String,
        in range: ClosedRange<Int64> = .min ... .max
    ) -> Int64? {
        let span =
            range == .min ... .max
            ? "" : " from \(range.lowerBound) to \(range.upperBound)"
        guard case .scalar(let text, let style) = node.content, style != .quoted,
            let number = Int64(text), String(number) == text, range.contains(number)
        else {
            refuse(
                path,
                at: node.place,
                "is not a whole number\(span)",
                "write decimal digits without quotes"
            )
            return nil
        }
        return number
    }

    mutating func boolean(_ node: SourceNode, _ path: String) -> Bool? {
        guard case .scalar(let text, let style) = node.content, style != .quoted,
            text == "true" || text == "false"
        else {
            refuse(path, at: node.place, "is neither true nor false", "write true or false")
            return nil
        }
        return text == "true"
    }

    /// One of some words.
    mutating func word(_ node: SourceNode, _ path: String, of words: [String]) -> String? {
        guard let word = string(node, path) else { return nil }
        guard words.contains(word) else {
            let nearest = NearestWord.to(word, of: words).map { "; did you mean \($0)?" } ?? ""
            refuse(
                path,
                at: node.place,
                "\(word) is not taken here",
                "use one of \(words.joined(separator: ", "))\(nearest)"
            )
            return nil
        }
        return word
    }

    mutating func member(_ node: SourceNode, _ path: String) -> MemberCode? {
        guard let string = string(node, path) else { return nil }
        guard let code = MemberCode(string) else {
            refuse(
                path,
                at: node.place,
                "\(string) is not a member code",
                "use six digits of GB/T 2260, optionally '-' and up to 16 letters or digits"
            )
            return nil
        }
        return code
    }

    mutating func names(_ node: SourceNode, _ path: String) -> LocalizedName? {
        guard let mapping = mapping(node, path, keys: ["zh", "en"]) else { return nil }
        let zh = required("zh", of: mapping) { $0.text($1, $2) }
        let en = required("en", of: mapping) { $0.text($1, $2) }
        guard let zh, let en else { return nil }
        return LocalizedName(zh: zh, en: en)
    }
}
