import ArgumentParser
import NIOHTTP1

struct RecordsDeleteCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Deletes a record, as its home may.",
        discussion: """
            Nothing is erased: the record is marked as deleted at every member. Where its item revives, a \
            write that the deletion had not seen brings it back; --if-match says what was seen.

            Example:
              citysync records delete ID
            """
    )

    @Argument(help: ArgumentHelp("The record's id.", valueName: "ID"))
    var id: String

    @Option(help: ArgumentHelp("The ETag of the record as it was seen.", valueName: "ETAG"))
    var ifMatch: String?

    @OptionGroup var writing: WriteOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await write(
            .DELETE,
            ["records", id],
            ifMatch: ifMatch,
            nil,
            writing,
            node
        )
        try await show(answer, showsSensitive: sensitive.showSensitive, node, console)
    }
}

struct RecordsHistoryCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists every write ever applied to a record, oldest first.",
        discussion: """
            STATE: shown, standing (not shown, not replaced), replaced, or the verdict of a write that \
            counts for nothing. SEEN (wide): the writes to the field that the writer had applied.

            Example:
              citysync records history ID -o wide
            """
    )

    @Argument(help: ArgumentHelp("The record's id.", valueName: "ID"))
    var id: String

    @OptionGroup var page: PageOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await node.get(["records", id, "history"], query: page.query)
        let page = try Page(answer, rows: "history")
        guard options.output != .json else { return write(page.body, console) }
        let mask = try await mask(of: id, sensitive, node)
        show(page, console) {
            var listing = Listing(columns: HistoryDocument.columns)
            listing.rows = page.rows.map { HistoryDocument($0).row(mask) }
            return listing
        }
    }
}

struct RecordsExplainCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says in words why a record looks as it does, or what it waits for.",
        discussion: """
            Example:
              citysync records explain ID
            """
    )

    @Argument(help: ArgumentHelp("The record's id.", valueName: "ID"))
    var id: String

    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await node.get(["records", id, "explain"])
        guard options.output != .json else { return write(answer.body, console) }
        guard let document = JSON(answer.body), let lines = document["explanation"]?.array else {
            throw Failure.notDone("The answer is no explanation.")
        }
        let mask = try await mask(of: id, sensitive, node)
        if options.output == .tsv {
            return console.write(ExplanationText.listing(lines, mask).tabSeparated())
        }
        let held = document["held"]?.array ?? []
        console.write(ExplanationText.text(lines, held: held, mask, ink: console.ink))
    }
}

extension NodeCommand {
    /// What may be shown of a record's fields: by its item's definition, which has to be asked for.
    func mask(
        of id: String,
        _ sensitive: SensitiveOptions,
        _ node: NodeClient
    ) async throws -> FieldMask {
        if sensitive.showSensitive { return FieldMask(showsSensitive: true, definitions: nil) }
        let record = try RecordDocument(try await node.get(["records", id]))
        var definitions = Definitions(node)
        let fields = try await definitions.fields(item: record.item ?? "", version: record.version)
        return FieldMask(showsSensitive: false, definitions: fields)
    }
}

struct RecordsExportCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints records as NDJSON: one line each, to the last one.",
        discussion: """
            Each line is the record as records get -o json has it, sensitive fields included unless the \
            token is a reader's. If it stops in between, --cursor goes on where standard error says.

            Examples:
              citysync records export --item GJJ-07 > cases.ndjson
              citysync records export --updated-after 2026-07-01T00:00:00Z | jq .id
            """
    )

    @OptionGroup var filter: RecordFilter

    @Option(help: ArgumentHelp("Go on where an export before stopped.", valueName: "CURSOR"))
    var cursor: String?

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        var cursor = cursor
        var count = 0
        repeat {
            do {
                let query = filter.query + [("limit", "1000"), ("cursor", cursor)]
                let page = try Page(
                    try await node.get(["records"], query: query),
                    rows: "records"
                )
                console.write(page.rows.map { $0.text + "\n" }.joined())
                count += page.rows.count
                cursor = page.next
                console.progress("\(count) records")
            } catch let failure as Failure {
                if count > 0, let cursor {
                    console.endProgress()
                    console.writeError(
                        "\(count) records were printed; go on with --cursor \(Escaping.shown(cursor))\n"
                    )
                }
                throw failure
            }
        } while cursor != nil
        console.endProgress()
    }
}
