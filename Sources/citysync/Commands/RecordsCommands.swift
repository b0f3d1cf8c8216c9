import ArgumentParser
import NIOCore
import NIOHTTP1

struct RecordsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records",
        abstract: "The records that this node holds.",
        discussion: """
            Tables hide sensitive fields (***) unless --show-sensitive; -o json is the node's own \
            document.
            """,
        subcommands: [
            RecordsGetCommand.self, RecordsListCommand.self, RecordsCreateCommand.self,
            RecordsUpdateCommand.self, RecordsTransitionCommand.self, RecordsDeleteCommand.self,
            RecordsHistoryCommand.self, RecordsExplainCommand.self, RecordsImportCommand.self,
            RecordsExportCommand.self,
        ]
    )
}

struct SensitiveOptions: ParsableArguments {
    @Flag(help: "Show the values of sensitive fields in tables.")
    var showSensitive = false
}

struct WriteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Makes repeating this command harmless: the node answers as the first time.",
            discussion: "1 to 128 printable ASCII characters.",
            valueName: "K"
        )
    )
    var idempotencyKey: String?

    func validate() throws {
        if let idempotencyKey {
            let isPrintable = idempotencyKey.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            guard isPrintable, (1...128).contains(idempotencyKey.utf8.count) else {
                throw ValidationError(
                    "--idempotency-key takes 1 to 128 printable ASCII characters."
                )
            }
        }
    }
}

extension NodeCommand {
    /// Shows one record, its sensitive fields hidden unless asked for.
    func show(
        _ answer: NodeClient.Answer,
        showsSensitive: Bool,
        _ node: NodeClient,
        _ console: Console
    ) async throws {
        guard options.output != .json else { return write(answer.body, console) }
        let record = try RecordDocument(answer)
        var definitions = Definitions(node)
        let fields = try await definitions.fields(item: record.item ?? "", version: record.version)
        let mask = FieldMask(showsSensitive: showsSensitive, definitions: fields)
        if options.output == .tsv {
            let listing = Listing(columns: RecordDocument.columns, rows: [record.row(mask)])
            return console.write(listing.tabSeparated())
        }
        console.write(record.text(mask, etag: answer.etag, ink: console.ink))
    }

    /// Sends a write under an idempotency key, of which the user hears when the answer is lost: with
    /// it the same command can be repeated without doing the same twice.
    func write(
        _ method: HTTPMethod,
        _ path: [String],
        ifMatch: String? = nil,
        _ body: JSON?,
        _ writing: WriteOptions,
        _ node: NodeClient,
        timeout: TimeAmount = .seconds(60)
    ) async throws -> NodeClient.Answer {
        let key = writing.idempotencyKey ?? IdempotencyKey.random()
        var headers = [("Idempotency-Key", key)]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let ifMatch { headers.append(("If-Match", ifMatch)) }
        do {
            return try await node.ask(
                method,
                path,
                headers: headers,
                body: body?.bytes,
                timeout: timeout
            )
        } catch Failure.answerLost(let text) {
            throw Failure.answerLost(
                text
                    + "\n  Do: repeat the command with --idempotency-key \(key); it is carried out once."
            )
        }
    }
}

enum IdempotencyKey {
    /// 128 random bits, so that no two commands meet by chance.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next() as UInt64, generator.next() as UInt64]
        return "citysync-" + words.map { String($0, radix: 36) }.joined(separator: "-")
    }
}

struct RecordsGetCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Shows one record.",
        discussion: """
            Example:
              citysync records get 350100.0192f0c4-7abc-7def-8123-456789abcdef
            """
    )

    @Argument(help: ArgumentHelp("The record's id.", valueName: "ID"))
    var id: String

    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await node.get(["records", id])
        try await show(answer, showsSensitive: sensitive.showSensitive, node, console)
    }
}

struct RecordsListCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists records.",
        discussion: """
            Examples:
              citysync records list --item GJJ-07 --stage accepted --holder 350100
              citysync records list --subject 11010519491231002X -o json
            """
    )

    @OptionGroup var filter: RecordFilter
    @OptionGroup var page: PageOptions
    @OptionGroup var sensitive: SensitiveOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await node.get(["records"], query: filter.query + page.query)
        let page = try Page(answer, rows: "records")
        var definitions = Definitions(node)
        var listing = Listing(columns: RecordDocument.columns)
        // The plain table shows no field, so nothing has to be known of them.
        if options.output == .wide || options.output == .tsv {
            for row in page.rows {
                let record = RecordDocument(row)
                let fields = try await definitions.fields(
                    item: record.item ?? "",
                    version: record.version
                )
                let mask = FieldMask(showsSensitive: sensitive.showSensitive, definitions: fields)
                listing.rows.append(record.row(mask))
            }
        } else {
            let mask = FieldMask(showsSensitive: false, definitions: nil)
            listing.rows = page.rows.map { RecordDocument($0).row(mask) }
        }
        show(page, console) { listing }
    }
}
