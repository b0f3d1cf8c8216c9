import ArgumentParser
import NIOCore
import NIOHTTP1

struct RecordsImportCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Creates records from NDJSON, one to a line.",
        discussion: """
            Each line is the request of one creation: {"item", "home"?, "parties"?, "fields", "id"?}. A \
            bad line is named and refused, and the good ones go in. Give each line an id (a UUIDv7): \
            then the same file can be imported again after an interruption and nothing is created twice.

            Exit status: 0 all lines are in, 1 some were refused.

            Examples:
              citysync records import cases.ndjson
              zcat cases.ndjson.gz | citysync records import - --item GJJ-07
            """
    )

    @Argument(
        help: ArgumentHelp("The NDJSON file; - is standard input.", valueName: "FILE|-"),
        completion: .file()
    )
    var file: String

    @Option(help: ArgumentHelp("The item of lines that name none.", valueName: "CODE"))
    var item: String?

    @OptionGroup var options: GlobalOptions

    private struct Tally {
        var created = 0
        var refused = 0
    }

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let lines = try InputLines(path: file)
        defer { lines.close() }
        var chunks = ImportChunks(lines, item: item)
        var tally = Tally()
        if options.output == .tsv { console.write("line\tid\tstatus\tcode\tfield\n") }
        do {
            while let chunk = try chunks.next() {
                let results = try await send(chunk, node)
                for result in results {
                    tally.refused += result.isRefused ? 1 : 0
                    tally.created += result.isRefused ? 0 : 1
                    show(result, console)
                }
                console.progress("\(tally.created) created, \(tally.refused) refused")
            }
        } catch let failure as Failure {
            console.endProgress()
            console.writeError(
                "Stopped: \(tally.created) created, \(tally.refused) refused before.\n"
            )
            throw failure
        }
        console.endProgress()
        let summary = "\(tally.created) created, \(tally.refused) refused\n"
        // For programs the output holds lines of one kind only.
        let isForEyes = options.output == .table || options.output == .wide
        (isForEyes ? console.write : console.writeError)(summary)
        if tally.refused > 0 { throw Failure.silent(Failure.exitNotDone) }
    }

    private func show(_ result: ImportResult, _ console: Console) {
        switch options.output {
        case .json: console.write(result.document.text + "\n")
        case .tsv:
            let cells = result.cells.map { Escaping.tabSeparated($0.exact) }
            console.write(cells.joined(separator: "\t") + "\n")
        case .table, .wide:
            guard result.isRefused || options.output == .wide else { return }
            if console.outputIsTerminal { console.endProgress() }
            let id = result.document["id"]?.string ?? "?"
            console.write(
                (result.isRefused ? result.text : "line \(result.line) \(Escaping.shown(id))")
                    + "\n"
            )
        }
    }

    private func send(
        _ chunk: ImportChunks.Chunk,
        _ node: NodeClient
    ) async throws -> [ImportResult] {
        var results = chunk.tooLong.map(ImportResult.tooLong)
        guard let first = chunk.numbers.first, let last = chunk.numbers.last else { return results }
        do {
            let answer = try await node.ask(
                .POST,
                ["records:import"],
                headers: [("Content-Type", "application/x-ndjson")],
                body: chunk.body,
                timeout: .minutes(5)
            )
            results += try ImportResult.results(answer.body, numbers: chunk.numbers)
        } catch Failure.answerLost(let text) {
            throw Failure.answerLost(
                text
                    + "\n  Lines \(first) to \(last) are in doubt. Those with an id can be imported again; "
                    + "look for the others with citysync records list."
            )
        }
        return results.sorted { $0.line < $1.line }
    }
}
