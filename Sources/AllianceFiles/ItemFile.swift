package import AllianceModel

/// Item definitions as YAML files, and as the same in JSON; docs/items.md describes every key.
///
/// What a file means does not depend on the order of its keys, comments, quotes, or whether a
/// default is written out: such files give equal definitions, hence one digest.
package enum ItemFile {
    private static let keys = [
        "item", "version", "name", "effective", "class", "subject", "unique", "deletion",
        "workflow", "fields",
    ]

    /// A valid definition.
    package static func parse(_ text: String, file: String) throws(FileErrors) -> ItemDefinition {
        try definition(SourceNode.yaml(text, file: file))
    }

    package static func parse(json: Bytes, file: String) throws(FileErrors) -> ItemDefinition {
        try definition(SourceNode.json(json, file: file))
    }

    package static func load(path: String) throws(FileErrors) -> ItemDefinition {
        try parse(TextFile.read(path), file: path)
    }

    /// The YAML text of a valid definition as JSON, as the API takes it.
    package static func json(_ text: String, file: String) throws(FileErrors) -> Bytes {
        json(of: try parse(text, file: file))
    }

    private static func definition(_ root: SourceNode) throws(FileErrors) -> ItemDefinition {
        var reading = FileReading()
        let definition = reading.definition(root)
        if let failure = reading.failure { throw failure }
        guard let definition else { preconditionFailure("no definition and no error") }
        reading.refuse(definition.problems(), root: root.place)
        if let failure = reading.failure { throw failure }
        return definition
    }

    fileprivate static func mapping(
        _ root: SourceNode,
        _ reading: inout FileReading
    ) -> SourceMapping? {
        reading.mapping(root, "", keys: keys)
    }
}

extension FileReading {
    fileprivate mutating func definition(_ root: SourceNode) -> ItemDefinition? {
        guard let mapping = ItemFile.mapping(root, &self) else { return nil }
        let item = required("item", of: mapping) { $0.text($1, $2) }
        let version = required("version", of: mapping) {
            $0.integer($1, $2, in: 1...Int64(ItemDefinition.versionMaximum))
        }
        let name = required("name", of: mapping) { $0.names($1, $2) }
        let effective = optional("effective", of: mapping) { $0.time($1, $2) }
        let deliveryClass = optional("class", of: mapping) { reading, node, path in
            reading.choice(node, path, of: DeliveryClass.allCases, named: \.name)
        }
        let subject = optional("subject", of: mapping) { $0.text($1, $2) }
        let unique = optional("unique", of: mapping) { $0.texts($1, $2) }
        let deletion = optional("deletion", of: mapping) { reading, node, path in
            reading.choice(node, path, of: DeletionRule.allCases, named: \.name)
        }
        let workflow = optional("workflow", of: mapping) { $0.workflow($1, $2) }
        let fields = required("fields", of: mapping) { $0.fields($1, $2) }
        guard let item, let version, let name, let fields else { return nil }
        return ItemDefinition(
            item: item,
            version: Int(version),
            name: name,
            effective: effective,
            deliveryClass: deliveryClass ?? .normal,
            subject: subject,
            unique: unique ?? [],
            deletion: deletion ?? .revive,
            workflow: workflow,
            fields: fields
        )
    }

    /// One of the values, by its name.
    mutating func choice<Value>(
        _ node: SourceNode,
        _ path: String,
        of values: [Value],
        named name: (Value) -> String
    ) -> Value? {
        guard let word = word(node, path, of: values.map(name)) else { return nil }
        return values.first { name($0) == word }
    }

    private mutating func time(_ node: SourceNode, _ path: String) -> Int64? {
        guard let string = string(node, path) else { return nil }
        guard let milliseconds = Timestamps.parse(string) else {
            refuse(
                path,
                at: node.place,
                "is not a time of RFC 3339",
                "write it with its offset, such as 2026-07-01T00:00:00+08:00"
            )
            return nil
        }
        return milliseconds
    }

    // MARK: Workflow

    private mutating func workflow(_ node: SourceNode, _ path: String) -> Workflow? {
        guard let mapping = mapping(node, path, keys: ["stages", "transitions"]) else { return nil }
        let stages = required("stages", of: mapping) { $0.texts($1, $2) }
        let transitions = optional("transitions", of: mapping) { $0.transitions($1, $2) }
        guard let stages else { return nil }
        return Workflow(stages: stages, transitions: transitions ?? [])
    }

    private mutating func transitions(_ node: SourceNode, _ path: String) -> [Transition]? {
        guard let nodes = sequence(node, path) else { return nil }
        return nodes.enumerated().compactMap { transition($1, "\(path)[\($0)]") }
    }

    private mutating func transition(_ node: SourceNode, _ path: String) -> Transition? {
        guard let mapping = mapping(node, path, keys: ["from", "to", "by", "hand"]) else {
            return nil
        }
        let from = required("from", of: mapping) { $0.text($1, $2) }
        let to = required("to", of: mapping) { $0.text($1, $2) }
        let by = required("by", of: mapping) { $0.authority($1, $2) }
        let hand = optional("hand", of: mapping) { $0.boolean($1, $2) }
        guard let from, let to, let by else { return nil }
        let transition = Transition(from: from, to: to, by: by, hand: hand ?? false)
        note(transition.path, at: node.place)
        for key in ["from", "to", "by"] {
            if let place = mapping[key]?.place { note("\(transition.path).\(key)", at: place) }
        }
        return transition
    }
}
