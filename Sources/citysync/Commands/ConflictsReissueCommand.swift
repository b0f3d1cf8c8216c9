import ArgumentParser
import NIOCore
import NIOHTTP1

struct ConflictsReissueCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "reissue",
        abstract: "Issues this member's own forked writes again, after a clone of its node ran.",
        discussion: """
            Stop the second machine first. What either wrote on the fork counts for nothing anywhere \
            and stands in the journal; this writes it again, oldest first, as new writes that have \
            seen everything. Each is issued once, however often the command runs. Skipped is what a \
            later valid write has replaced, what stands under review with other values (conflicts \
            resolve decides that), and what this member may not write any more.

            Examples:
              citysync conflicts reissue --dry-run
              citysync conflicts reissue
            """
    )

    @Option(help: ArgumentHelp("Only those of this record.", valueName: "ID"))
    var record: String?

    @Flag(help: "Only tells what would be done.")
    var dryRun = false

    @OptionGroup var options: GlobalOptions

    private static let columns: [Listing.Column] = [
        .init(title: "RECORD", key: "record"), .init(title: "FIELD", key: "field"),
        .init(title: "WRITTEN", key: "time"), .init(title: "RESULT", key: "result"),
        .init(title: "REASON", key: "reason"), .init(title: "DETAIL", key: "detail"),
    ]

    func perform(_ node: NodeClient, _ console: Console) async throws {
        var writes: [JSON] = []
        var issued: Int64 = 0
        var lookedAt: Int64 = 0
        var cursor: JSON?
        repeat {
            let page = try await page(after: cursor, node)
            issued += page["issued"]?.integer ?? 0
            lookedAt += page["lookedAt"]?.integer ?? 0
            writes += page["writes"]?.array ?? []
            cursor = page["next"].flatMap { $0 == .null ? nil : $0 }
            console.progress("\(lookedAt) records looked at, \(issued) writes issued again")
        } while cursor != nil
        console.endProgress()
        guard options.output != .json else {
            let document = JSON.object([
                "issued": .integer(issued), "lookedAt": .integer(lookedAt),
                "writes": .array(writes),
            ])
            return console.write(document.text + "\n")
        }
        var listing = Listing(columns: Self.columns)
        listing.rows = writes.map { row($0) }
        if !writes.isEmpty || options.output == .tsv {
            console.write(listing.text(options.output, ink: console.ink))
        }
        guard options.output != .tsv else { return }
        console.write(summary(writes, issued) + "\n")
    }

    private func page(after cursor: JSON?, _ node: NodeClient) async throws -> JSON {
        var body: [String: JSON] = ["dryRun": .boolean(dryRun)]
        if let record { body["record"] = .string(record) }
        if let cursor { body["cursor"] = cursor }
        let answer = try await node.ask(
            .POST,
            ["conflicts:reissue"],
            headers: [("Content-Type", "application/json")],
            body: JSON.object(body).bytes,
            timeout: .minutes(5)
        )
        guard let page = JSON(answer.body), page["writes"]?.array != nil else {
            throw Failure.notDone("The answer does not say what was issued.")
        }
        return page
    }

    private func row(_ write: JSON) -> [Listing.Cell] {
        let record = write["record"]?.string
        let short = record.map { options.output == .wide ? $0 : RecordName.short($0) }
        let result = write["result"]?.string ?? "?"
        return [
            short.map { .init($0, exact: record) } ?? .absent,
            .optional(write["field"]?.string), .optional(write["time"]?.string),
            .init(result, colour: result == "skipped" ? .yellow : .green),
            .optional(write["reason"]?.string), .optional(write["detail"]?.string),
        ]
    }

    private func summary(_ writes: [JSON], _ issued: Int64) -> String {
        let skipped = writes.count { $0["result"]?.string == "skipped" }
        guard !writes.isEmpty else { return "No write of this member is forked." }
        let done =
            dryRun
            ? "\(writes.count - skipped) would be issued again" : "\(issued) issued again"
        return "\(done), \(skipped) skipped"
    }
}
