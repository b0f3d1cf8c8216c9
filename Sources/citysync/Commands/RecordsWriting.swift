import ArgumentParser
import NIOHTTP1

struct RecordsCreateCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Creates a record.",
        discussion: """
            The values are typed by the item's definition: a number in an integer field, a string in a \
            text field. With --file the request is sent as it stands: {item, home?, parties?, fields, id?}.

            Examples:
              citysync records create --item GJJ-07 --home 350128 --field monthlyRent=1800.00
              citysync records create --file case.json
            """
    )

    @Option(help: ArgumentHelp("The item's code.", valueName: "X"))
    var item: String?

    @Option(help: ArgumentHelp("The home member; else the node's own.", valueName: "C"))
    var home: String?

    @Option(
        help: ArgumentHelp("A further member that takes part; may be repeated.", valueName: "C")
    )
    var party: [String] = []

    @OptionGroup var fields: FieldOptions

    @Option(
        help: ArgumentHelp("Send the JSON in this file; - is standard input.", valueName: "JSON|-")
    )
    var file: String?

    @OptionGroup var writing: WriteOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        let saysMore = item != nil || home != nil || !party.isEmpty || !fields.isEmpty
        if file != nil, saysMore {
            throw ValidationError("--file holds the whole request: leave the other options out.")
        }
        if file == nil, item == nil { throw ValidationError("Give --item X, or --file JSON.") }
    }

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await write(.POST, ["records"], try await request(node), writing, node)
        try await show(answer, showsSensitive: sensitive.showSensitive, node, console)
    }

    private func request(_ node: NodeClient) async throws -> JSON {
        if let file {
            guard let request = JSON(try InputBytes.whole(file)), request.object != nil else {
                throw Failure.notDone("\(Escaping.shown(file)) is not a JSON object.")
            }
            return request
        }
        let item = item ?? ""
        var request: [String: JSON] = ["item": .string(item), "fields": .object([:])]
        if let home { request["home"] = .string(home) }
        if !party.isEmpty { request["parties"] = .array(party.map(JSON.string)) }
        if !fields.isEmpty {
            let definition = try ItemDocument(try await node.get(["items", item]))
            let typed = TypedFields(definitions: definition.fields, isCreation: true)
            request["fields"] = .object(try typed.fields(fields))
        }
        return .object(request)
    }
}

extension NodeCommand {
    /// The fields of a write to a record that exists, typed by the version it was accepted under.
    func typed(_ fields: FieldOptions, of id: String, _ node: NodeClient) async throws -> JSON {
        guard !fields.isEmpty else { return .object([:]) }
        let record = try RecordDocument(try await node.get(["records", id]))
        var definitions = Definitions(node)
        let known = try await definitions.fields(item: record.item ?? "", version: record.version)
        return .object(try TypedFields(definitions: known ?? [:], isCreation: false).fields(fields))
    }
}

struct RecordsUpdateCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Writes fields of a record.",
        discussion: """
            Without --if-match the write replaces what the node has now; with it, what was seen when \
            that ETag was given: a value written meanwhile is not lost but stands as a conflict.

            Examples:
              citysync records update ID --field monthlyRent=1900.00
              citysync records update ID --add materials=lease
            """
    )

    @Argument(help: ArgumentHelp("The record's id.", valueName: "ID"))
    var id: String

    @OptionGroup var fields: FieldOptions

    @Option(help: ArgumentHelp("The ETag of the record as it was seen.", valueName: "ETAG"))
    var ifMatch: String?

    @OptionGroup var writing: WriteOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if fields.isEmpty {
            throw ValidationError("Nothing to write: give --field, --add, --remove or --clear.")
        }
    }

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let body = JSON.object(["fields": try await typed(fields, of: id, node)])
        let answer = try await write(
            .PATCH,
            ["records", id],
            ifMatch: ifMatch,
            body,
            writing,
            node
        )
        try await show(answer, showsSensitive: sensitive.showSensitive, node, console)
    }
}

struct RecordsTransitionCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "transition",
        abstract: "Moves a case to its next stage, or hands it over.",
        discussion: """
            With --holder the move hands the case over; --holder without --to hands it over within its \
            stage. Fields given are written by the same move.

            Examples:
              citysync records transition ID --to checked --holder 350128
              citysync records transition ID --to decided --field note=granted
            """
    )

    @Argument(help: ArgumentHelp("The record's id.", valueName: "ID"))
    var id: String

    @Option(help: ArgumentHelp("The stage to move to.", valueName: "STAGE"))
    var to: String?

    @Option(help: ArgumentHelp("The member to hand the case over to.", valueName: "C"))
    var holder: String?

    @OptionGroup var fields: FieldOptions

    @Option(help: ArgumentHelp("The ETag of the record as it was seen.", valueName: "ETAG"))
    var ifMatch: String?

    @OptionGroup var writing: WriteOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if to == nil && holder == nil {
            throw ValidationError("Give --to STAGE, --holder C or both.")
        }
    }

    func perform(_ node: NodeClient, _ console: Console) async throws {
        var body: [String: JSON] = [:]
        if let to { body["to"] = .string(to) }
        if let holder { body["holder"] = .string(holder) }
        if !fields.isEmpty { body["fields"] = try await typed(fields, of: id, node) }
        let path = ["records", id, "transition"]
        let answer = try await write(.POST, path, ifMatch: ifMatch, .object(body), writing, node)
        try await show(answer, showsSensitive: sensitive.showSensitive, node, console)
    }
}
