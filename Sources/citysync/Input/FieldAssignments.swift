import ArgumentParser

/// `NAME=VALUE` of the command line.
struct Assignment: ExpressibleByArgument, Hashable, Sendable {
    var name: String
    var value: String

    init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            return nil
        }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

/// How the command line says what goes into the fields of a record.
struct FieldOptions: ParsableArguments {
    @Option(
        name: .customLong("field"),
        help: ArgumentHelp(
            "Writes a value into a field; may be repeated.",
            discussion: "A set takes a JSON array here, or --add for each element.",
            valueName: "NAME=VALUE"
        )
    )
    var values: [Assignment] = []

    @Option(
        help: ArgumentHelp(
            "Adds an element to a set, or a number to a counter.",
            valueName: "NAME=ELEMENT"
        )
    )
    var add: [Assignment] = []

    @Option(help: ArgumentHelp("Removes an element from a set.", valueName: "NAME=ELEMENT"))
    var remove: [Assignment] = []

    @Option(help: ArgumentHelp("Clears a field.", valueName: "NAME"))
    var clear: [String] = []

    @Option(
        help: ArgumentHelp("Home's ruling on a field that is set once.", valueName: "NAME=VALUE")
    )
    var rule: [Assignment] = []

    var isEmpty: Bool {
        values.isEmpty && add.isEmpty && remove.isEmpty && clear.isEmpty && rule.isEmpty
    }
}

/// Turns what the command line says into the `fields` of a request, typed by the item's definition.
///
/// The node judges the values; here they only get their JSON type, so that `--field age=42` is a
/// number in an integer field and a string in a text field.
struct TypedFields {
    /// Each field's definition by its name.
    var definitions: [String: JSON]
    /// On creation a set is a plain array; later it is `{add, remove}`.
    var isCreation: Bool

    func fields(_ options: FieldOptions) throws(Failure) -> [String: JSON] {
        var fields: [String: JSON] = [:]
        for assignment in options.values {
            try put(value(assignment), into: &fields, assignment.name)
        }
        for name in options.clear {
            guard !isCreation else {
                throw .usage("--clear \(Escaping.shown(name)): a new record has nothing to clear.")
            }
            try put(.null, into: &fields, name)
        }
        for assignment in options.rule {
            guard !isCreation else {
                throw .usage("--rule \(Escaping.shown(assignment.name)): a new record needs none.")
            }
            let value = try scalar(assignment, type(assignment.name))
            try put(.object(["rule": value]), into: &fields, assignment.name)
        }
        try change(options, &fields)
        return fields
    }

    private func put(
        _ value: JSON,
        into fields: inout [String: JSON],
        _ name: String
    ) throws(Failure) {
        guard fields.updateValue(value, forKey: name) == nil else {
            throw .usage("\(Escaping.shown(name)) is given twice.")
        }
    }

    /// The sets and counters that `--add` and `--remove` name.
    private func change(_ options: FieldOptions, _ fields: inout [String: JSON]) throws(Failure) {
        for name in Set((options.add + options.remove).map(\.name)).sorted() {
            let added = options.add.filter { $0.name == name }
            let removed = options.remove.filter { $0.name == name }
            let shown = Escaping.shown(name)
            if type(name) == "counter" {
                guard added.count == 1, removed.isEmpty else {
                    throw .usage(
                        "\(shown) is a counter: give one --add \(shown)=N; N may be negative."
                    )
                }
                try put(.object(["add": try integer(added[0])]), into: &fields, name)
                continue
            }
            var elements: (added: [JSON], removed: [JSON]) = ([], [])
            for assignment in added { elements.added.append(try element(assignment)) }
            for assignment in removed { elements.removed.append(try element(assignment)) }
            if isCreation {
                guard removed.isEmpty else {
                    throw .usage("--remove \(shown)=...: a new record has nothing to remove.")
                }
                try put(.array(elements.added), into: &fields, name)
            } else {
                var members: [String: JSON] = [:]
                if !added.isEmpty { members["add"] = .array(elements.added) }
                if !removed.isEmpty { members["remove"] = .array(elements.removed) }
                try put(.object(members), into: &fields, name)
            }
        }
    }

    /// One value with the JSON type that its field has.
    func single(_ value: String, of name: String) throws(Failure) -> JSON {
        try scalar(Assignment(name: name, value: value), type(name))
    }

    private func type(_ name: String) -> String? { definitions[name]?["type"]?.string }

    private func value(_ assignment: Assignment) throws(Failure) -> JSON {
        switch type(assignment.name) {
        case "counter": return .object(["add": try integer(assignment)])
        case "set":
            guard let array = JSON(Array(assignment.value.utf8)), array.array != nil, isCreation
            else {
                let shown = Escaping.shown(assignment.name)
                throw .usage("\(shown) is a set: give --add \(shown)=ELEMENT for each element.")
            }
            return array
        case let type: return try scalar(assignment, type)
        }
    }

    private func element(_ assignment: Assignment) throws(Failure) -> JSON {
        // `@parties` is patched like a set of member codes and is no field of the definition.
        if assignment.name.hasPrefix("@") { return .string(assignment.value) }
        guard let definition = definitions[assignment.name] else {
            return .string(assignment.value)
        }
        guard definition["type"]?.string == "set" else {
            throw .usage("\(Escaping.shown(assignment.name)) is no set: give --field.")
        }
        return try scalar(assignment, definition["of"]?.string)
    }

    /// An unknown field goes as a string: the node's refusal names it better than a guess would.
    private func scalar(_ assignment: Assignment, _ type: String?) throws(Failure) -> JSON {
        switch type {
        case "integer": return try integer(assignment)
        case "boolean":
            switch assignment.value {
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            default: throw .usage("\(Escaping.shown(assignment.name)) is true or false.")
            }
        default: return .string(assignment.value)
        }
    }

    private func integer(_ assignment: Assignment) throws(Failure) -> JSON {
        guard let number = Int64(assignment.value) else {
            throw .usage("\(Escaping.shown(assignment.name)) takes a whole number of 64 bits.")
        }
        return .integer(number)
    }
}
