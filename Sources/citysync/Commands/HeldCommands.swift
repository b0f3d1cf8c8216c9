import ArgumentParser
import NIOHTTP1

struct HeldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "held",
        abstract: "Changesets of other members that cannot be applied yet.",
        discussion: """
            Each is held alone, and the rest of its member's changesets flows. It takes effect by itself \
            once what it waits for is here.
            """,
        subcommands: [HeldListCommand.self, HeldRetryCommand.self]
    )
}

/// A held changeset as the API tells it.
enum HeldDocument {
    static let columns: [Listing.Column] = [
        .init(title: "POSITION", key: "position"), .init(title: "REASON", key: "reason"),
        .init(title: "WHO MUST ACT", key: "owner"), .init(title: "AUTHOR", key: "author"),
        .init(title: "RECORD", key: "record"), .init(title: "SINCE", key: "since"),
        .init(title: "NEXT TRY", key: "nextTry"), .init(title: "DETAIL", key: "detail"),
        .init(title: "WRITTEN", key: "written", isWide: true),
    ]

    static func row(_ document: JSON, _ format: OutputFormat) -> [Listing.Cell] {
        let record = document["record"]?.string
        let short = record.map { format == .wide ? $0 : RecordName.short($0) }
        return [
            .init(document["position"]?.plainText ?? "?"),
            .init(document["reason"]?.string ?? "?", colour: .yellow),
            .optional(document["owner"]?.string), .optional(document["author"]?.string),
            short.map { .init($0, exact: record) } ?? .absent,
            .optional(document["since"]?.string), .optional(document["nextTry"]?.string),
            .optional(document["detail"]?.string), .optional(document["written"]?.string),
        ]
    }
}

struct HeldListCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists what is held, why, and who must act.",
        discussion: """
            NEXT TRY is - where it is judged again as soon as what it waits for is here. Where an \
            earlier change is missing it is when that is asked for again: every member that may have \
            it was asked, and none gave it.

            Example:
              citysync held list
            """
    )

    @OptionGroup var page: PageOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let page = try Page(try await node.get(["held"], query: page.query), rows: "held")
        show(page, console) {
            var listing = Listing(columns: HeldDocument.columns)
            listing.rows = page.rows.map { HeldDocument.row($0, options.output) }
            return listing
        }
    }
}

struct HeldRetryCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Judges a held changeset again at once.",
        discussion: """
            Exit status: 0 when it took effect, 1 when it is still held.

            Example:
              citysync held retry 1204
            """
    )

    @Argument(help: ArgumentHelp("Its position, as held list has it.", valueName: "POSITION"))
    var position: Int64

    @OptionGroup var writing: WriteOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let path = ["held", String(position), "retry"]
        let answer = try await write(.POST, path, nil, writing, node)
        guard let document = JSON(answer.body), let released = document["released"]?.boolean else {
            throw Failure.notDone("The answer does not say what became of it.")
        }
        if options.output == .json {
            write(answer.body, console)
        } else if let held = document["held"], held != .null {
            var listing = Listing(columns: HeldDocument.columns)
            listing.rows = [HeldDocument.row(held, options.output)]
            console.write(listing.text(options.output, ink: console.ink))
        } else if options.output != .tsv {
            console.write("It took effect.\n")
        }
        guard released else { throw Failure.silent(Failure.exitNotDone) }
    }
}
