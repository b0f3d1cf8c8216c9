import Yams

extension SourceNode {
    /// The one document of a YAML text.
    ///
    /// Anchors, aliases, tags and a second document are refused: nothing here needs them, and they
    /// make a file mean what it does not show.
    static func yaml(_ text: String, file: String) throws(FileErrors) -> SourceNode {
        do {
            // The parser must outlive the walk: it alone holds the anchors.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    let place = Place.start(of: file)
                    return SourceNode(content: .scalar("", .plain), place: place)
                }
                return try SourceNode(root, file: file, depth: 0)
            }
        } catch let error as FileError {
            throw FileErrors([error])
        } catch let error as YamlError {
            throw FileErrors([FileError(error, text: text, file: file)])
        } catch {
            throw FileErrors([
                FileError(file: file, reason: "\(error)", remedy: "write it as YAML")
            ])
        }
    }

    private init(_ node: Node, file: String, depth: Int) throws(FileError) {
        place = Place(node, file: file)
        guard depth < SourceNode.depthMaximum else {
            throw FileError(
                place,
                key: "",
                reason: "is nested more than \(SourceNode.depthMaximum) levels deep",
                remedy: "write it as docs/items.md and the examples show"
            )
        }
        try SourceNode.refuseOrnaments(of: node, at: place)
        switch node {
        case .scalar(let scalar):
            content = .scalar(scalar.string, scalar.style == .plain ? .plain : .quoted)
        case .sequence(let sequence):
            var nodes: [SourceNode] = []
            for element in sequence {
                nodes.append(try SourceNode(element, file: file, depth: depth + 1))
            }
            content = .sequence(nodes)
        case .mapping(let mapping):
            content = .mapping(try SourceNode.entries(mapping, file: file, depth: depth))
        case .alias:
            throw SourceNode.ornament("an alias", at: place)
        }
    }

    private static func entries(
        _ mapping: Node.Mapping,
        file: String,
        depth: Int
    ) throws(FileError) -> [SourceEntry] {
        var entries: [SourceEntry] = []
        for (key, value) in mapping {
            let place = Place(key, file: file)
            try refuseOrnaments(of: key, at: place)
            guard case .scalar(let scalar) = key else {
                throw FileError(
                    place,
                    key: "",
                    reason: "a key is not a single value",
                    remedy: "write it as key: value"
                )
            }
            entries.append(
                SourceEntry(
                    key: scalar.string,
                    place: place,
                    value: try SourceNode(value, file: file, depth: depth + 1)
                )
            )
        }
        return entries
    }

    private static func refuseOrnaments(of node: Node, at place: Place) throws(FileError) {
        guard node.anchor == nil else { throw ornament("an anchor or alias", at: place) }
        let plainTags: [Tag.Name] = [.str, .seq, .map]
        guard plainTags.map(\.rawValue).contains(node.tag.description) else {
            throw ornament("a tag", at: place)
        }
    }

    private static func ornament(_ what: String, at place: Place) -> FileError {
        FileError(
            place,
            key: "",
            reason: "\(what) is not taken here",
            remedy: "write the value itself"
        )
    }
}

extension Place {
    fileprivate init(_ node: Node, file: String) {
        self.init(source: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }
}

extension FileError {
    fileprivate init(_ error: YamlError, text: String, file: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.init(
                Place(source: file, line: mark.line, column: mark.column),
                key: "",
                reason: (context.map { "\($0.text), " } ?? "") + problem,
                remedy: "correct the YAML there or on the line before"
            )
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            let first = Place(
                source: file,
                line: context.mark.line,
                column: context.mark.column
            )
            self.init(
                FileError.secondPlace(of: key, first: first, text: text),
                key: key,
                reason: "is given more than once, first on line \(first.line)",
                remedy: "keep one of them"
            )
        case .reader(let problem, _, _, _):
            self.init(
                FileError.placeOfControlCharacter(in: text, file: file),
                key: "",
                reason: problem,
                remedy: "take the character out, or write it as an escape in double quotes"
            )
        default:
            self.init(file: file, reason: "\(error)", remedy: "write it as YAML")
        }
    }

    /// Where a key of a block mapping stands again: the parser tells its first place only.
    private static func secondPlace(of key: String, first: Place, text: String) -> Place {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let indentation = String(repeating: " ", count: max(0, first.column - 1))
        let beginnings = ["\(key):", "\"\(key)\":", "'\(key)':"].map { indentation + $0 }
        for (index, line) in lines.enumerated().dropFirst(first.line)
        where beginnings.contains(where: line.hasPrefix) {
            return Place(source: first.source, line: index + 1, column: first.column)
        }
        return first
    }

    private static func placeOfControlCharacter(in text: String, file: String) -> Place {
        var line = 1
        var column = 1
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                line += 1
                column = 1
                continue
            }
            if scalar.properties.generalCategory == .control, scalar != "\t", scalar != "\r",
                scalar != "\u{85}"
            {
                break
            }
            column += 1
        }
        return Place(source: file, line: line, column: column)
    }
}
