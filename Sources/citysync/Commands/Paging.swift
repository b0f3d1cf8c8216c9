import ArgumentParser

/// Paging, as every list of the API has it.
struct PageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The most rows to show, 1 to 1000.", valueName: "N"))
    var limit: Int?

    @Option(
        help: ArgumentHelp("Go on where the list before ended.", valueName: "CURSOR")
    )
    var cursor: String?

    func validate() throws {
        if let limit, !(1...1000).contains(limit) {
            throw ValidationError("--limit takes from 1 to 1000.")
        }
    }

    var query: [(String, String?)] { [("limit", limit.map(String.init)), ("cursor", cursor)] }
}

/// One page of a list: `{"<rows>": [...], "next": cursor or null}`.
struct Page {
    var rows: [JSON]
    var next: String?
    var body: [UInt8]

    init(_ answer: NodeClient.Answer, rows key: String) throws(Failure) {
        guard let document = JSON(answer.body), let rows = document[key]?.array else {
            throw .notDone("The answer is no list of \(key).")
        }
        self.rows = rows
        next = document["next"]?.string
        body = answer.body
    }
}

extension NodeCommand {
    /// Prints a page: the document for programs as it came, else as a table.
    func show(_ page: Page, _ console: Console, listing: () -> Listing) {
        guard options.output != .json else {
            write(page.body, console)
            return
        }
        console.write(listing().text(options.output, ink: console.ink))
        if let next = page.next {
            console.writeError("There are more: repeat with --cursor \(Escaping.shown(next))\n")
        }
    }
}
