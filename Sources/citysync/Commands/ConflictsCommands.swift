import ArgumentParser
import NIOHTTP1

struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "Values of which not all can count: what decides, and who.",
        discussion: """
            review, overrun, duplicate and two_creations wait for somebody's decision; the others were \
            decided by rule and are listed, so that nothing is lost unseen. Tables hide sensitive values \
            (***) unless --show-sensitive.
            """,
        subcommands: [
            ConflictsListCommand.self, ConflictsShowCommand.self, ConflictsResolveCommand.self,
            ConflictsReissueCommand.self,
        ]
    )
}

struct ConflictsListCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists conflicts, the open ones unless --all.",
        discussion: """
            Examples:
              citysync conflicts list --kind review
              citysync conflicts list --record ID --all
            """
    )

    @Option(help: ArgumentHelp("Only of this record.", valueName: "ID"))
    var record: String?

    @Option(help: ArgumentHelp("Only of this kind.", valueName: "KIND"))
    var kind: String?

    @Flag(help: "Also those that a later write has decided.")
    var all = false

    @OptionGroup var page: PageOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let filters = [("record", record), ("kind", kind), ("open", all ? "false" : nil)]
        let answer = try await node.get(["conflicts"], query: filters + page.query)
        show(try Page(answer, rows: "conflicts"), console) {
            var listing = Listing(columns: ConflictDocument.columns)
            let rows = (JSON(answer.body)?["conflicts"]?.array ?? [])
            listing.rows = rows.map { ConflictDocument($0).row(options.output) }
            return listing
        }
    }
}

struct ConflictsShowCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one conflict: its values, their writers, and the rule.",
        discussion: """
            Example:
              citysync conflicts show c-9f31a2c4d5e6f708 --show-sensitive
            """
    )

    @Argument(help: ArgumentHelp("The conflict's id.", valueName: "CONFLICT"))
    var id: String

    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await node.get(["conflicts", id])
        guard options.output != .json else { return write(answer.body, console) }
        let conflict = try ConflictDocument(answer)
        let mask = try await mask(of: conflict.record, sensitive, node)
        if options.output == .tsv {
            return console.write(conflict.valueListing(mask).tabSeparated())
        }
        console.write(conflict.text(mask, ink: console.ink))
    }
}

struct ConflictsResolveCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Decides a conflict by a new write that has seen everything.",
        discussion: """
            One of: a value of the conflict by its number (conflicts show), another value, home's ruling \
            on a field that is set once, an addition to a counter (0: the total is right), nothing \
            (--clear), a change as PATCH takes it (--json), or the record to close of those that collide.

            Examples:
              citysync conflicts resolve c-9f31a2c4d5e6f708 --choose 1
              citysync conflicts resolve c-9f31a2c4d5e6f708 --value "6222 0203"
              citysync conflicts resolve c-70ad11c2b3e4f506 --close ID
            """
    )

    @Argument(help: ArgumentHelp("The conflict's id.", valueName: "CONFLICT"))
    var id: String

    @Option(help: ArgumentHelp("The value of this number.", valueName: "N"))
    var choose: Int?

    @Option(help: ArgumentHelp("Another value, typed by the field.", valueName: "VALUE"))
    var value: String?

    @Option(
        help: ArgumentHelp("Home's ruling on a field that is set once.", valueName: "VALUE")
    )
    var rule: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Adds to a counter; may be negative or 0.", valueName: "N")
    )
    var add: Int64?

    @Flag(help: "Clears the field.")
    var clear = false

    @Option(help: ArgumentHelp("A change of the field as PATCH takes it.", valueName: "JSON"))
    var json: String?

    @Option(help: ArgumentHelp("Closes this record.", valueName: "ID"))
    var close: String?

    @OptionGroup var writing: WriteOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        let given = [
            choose != nil, value != nil, rule != nil, add != nil, clear, json != nil, close != nil,
        ]
        guard given.count(where: { $0 }) == 1 else {
            throw ValidationError(
                "Give one of --choose, --value, --rule, --add, --clear, --json and --close."
            )
        }
        if let json, JSON(Array(json.utf8)) == nil { throw ValidationError("--json is no JSON.") }
    }

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let body = try await body(node)
        let path = ["conflicts", id, "resolution"]
        let answer = try await write(.POST, path, .object(body), writing, node)
        try await show(answer, showsSensitive: sensitive.showSensitive, node, console)
    }

    private func body(_ node: NodeClient) async throws -> [String: JSON] {
        if let choose { return ["choose": .integer(Int64(choose))] }
        if let close { return ["close": .string(close)] }
        if let add { return ["value": .object(["add": .integer(add)])] }
        if clear { return ["value": .null] }
        if let json { return ["value": JSON(Array(json.utf8)) ?? .null] }
        let typed = try await typed(value ?? rule ?? "", node)
        return ["value": rule == nil ? typed : .object(["rule": typed])]
    }

    /// The value with the JSON type that the conflict's field has.
    private func typed(_ value: String, _ node: NodeClient) async throws -> JSON {
        let conflict = try ConflictDocument(try await node.get(["conflicts", id]))
        guard let field = conflict.field else {
            throw Failure.usage("This conflict is of whole records: give --close ID.")
        }
        let record = try RecordDocument(try await node.get(["records", conflict.record]))
        var definitions = Definitions(node)
        let fields = try await definitions.fields(item: record.item ?? "", version: record.version)
        let type = fields?[field]?["type"]?.string
        guard type != "set", type != "counter" else {
            throw Failure.usage(
                "\(Escaping.shown(field)) is a \(type ?? ""): give --json or --add."
            )
        }
        return try TypedFields(definitions: fields ?? [:], isCreation: false)
            .single(value, of: field)
    }
}
