import AllianceFiles
import ArgumentParser
import NIOHTTP1

struct ItemsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "items",
        abstract: "The standards that the members agree on.",
        discussion: """
            A member proposes a version of an item, the others approve it; agreed, it takes effect \
            everywhere at one time.
            """,
        subcommands: [
            ItemsListCommand.self, ItemsShowCommand.self, ItemsProposeCommand.self,
            ItemsApproveCommand.self, ItemsDiffCommand.self,
        ]
    )
}

struct ItemsListCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists every item and version with its state.",
        discussion: """
            States: proposed, agreed, effective, superseded.

            Example:
              citysync items list
            """
    )

    @OptionGroup var options: GlobalOptions
    @OptionGroup var page: PageOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let page = try Page(try await node.get(["items"], query: page.query), rows: "items")
        show(page, console) {
            var listing = Listing(columns: [
                .init(title: "ITEM", key: "item"), .init(title: "VERSION", key: "version"),
                .init(title: "NAME", key: "name"), .init(title: "STATE", key: "state"),
                .init(title: "APPROVALS", key: "approvals"),
                .init(title: "EFFECTIVE", key: "effective"), .init(title: "DIGEST", key: "digest"),
            ])
            listing.rows = page.rows.map { ItemDocument($0).row(format: options.output) }
            return listing
        }
    }
}

struct ItemsShowCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one item: its fields, workflow and proposals.",
        discussion: """
            Without a version, the one that the node answers with: the effective one where there is.

            Examples:
              citysync items show GJJ-07
              citysync items show GJJ-07 2 -o json
            """
    )

    @Argument(help: ArgumentHelp("The item's code.", valueName: "CODE"))
    var code: String

    @Argument(help: ArgumentHelp("One of its versions.", valueName: "VERSION"))
    var version: Int?

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let path = ["items", code] + (version.map { [String($0)] } ?? [])
        let answer = try await node.get(path)
        guard options.output != .json else { return write(answer.body, console) }
        let item = try ItemDocument(answer)
        if options.output == .tsv { return console.write(item.fieldListing.tabSeparated()) }
        console.write(item.text(ink: console.ink))
    }
}

struct ItemsProposeCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose",
        abstract: "Proposes the item in a YAML file to all members.",
        discussion: """
            The file is checked here first; an error names its line and what to do. A proposal counts \
            as this member's approval.

            Example:
              citysync items propose GJJ-07.yaml
            """
    )

    @Argument(help: ArgumentHelp("The item file.", valueName: "FILE"), completion: .file())
    var file: String

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let text = String(decoding: try InputBytes.whole(file), as: UTF8.self)
        let body: [UInt8]
        do {
            body = try ItemFile.json(text, file: file)
        } catch {
            throw Failure.notDone("The file was not proposed.\n\(Escaping.lines("\(error)"))")
        }
        let answer = try await node.ask(
            .POST,
            ["items"],
            headers: [("Content-Type", "application/json")],
            body: body
        )
        guard options.output != .json else { return write(answer.body, console) }
        let item = try ItemDocument(answer)
        var listing = ItemDocument.outcome
        listing.rows = [item.outcomeRow]
        console.write(listing.text(options.output, ink: console.ink))
    }
}

struct ItemsApproveCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approves a proposed version in the name of this member.",
        discussion: """
            What is approved is one definition, named by its digest. With several proposals of one \
            version --digest says which; its first characters are enough.

            Example:
              citysync items show GJJ-07 2
              citysync items approve GJJ-07 2
            """
    )

    @Argument(help: ArgumentHelp("The item's code.", valueName: "CODE"))
    var code: String

    @Argument(help: ArgumentHelp("The version.", valueName: "VERSION"))
    var version: Int

    @Option(
        help: ArgumentHelp(
            "The proposal's digest, or at least its first 6 characters.",
            valueName: "D"
        )
    )
    var digest: String?

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if let digest, digest.utf8.count < 6 {
            throw ValidationError("--digest takes at least 6 characters.")
        }
    }

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let item = try ItemDocument(try await node.get(["items", code, String(version)]))
        let proposal = try chosen(item)
        if options.output == .table || options.output == .wide {
            console.write("Approving proposal \(Escaping.shown(proposal.digest)):\n")
            console.write(item.proposed(by: proposal).text(ink: console.ink) + "\n")
        }
        let answer = try await node.ask(
            .POST,
            ["items", code, String(version), "approval"],
            headers: [("Content-Type", "application/json")],
            body: JSON.object(["digest": .string(proposal.digest)]).bytes
        )
        guard options.output != .json else { return write(answer.body, console) }
        let after = try ItemDocument(answer)
        var listing = ItemDocument.outcome
        listing.rows = [after.outcomeRow]
        console.write(listing.text(options.output, ink: console.ink))
    }

    private func chosen(_ item: ItemDocument) throws(Failure) -> ItemDocument.Proposal {
        let fitting = item.proposals.filter { proposal in
            digest.map { proposal.digest.hasPrefix($0.lowercased()) } ?? true
        }
        if fitting.count == 1 { return fitting[0] }
        let list = item.proposals.map { "  - \($0.digest) \($0.summary)" }.joined(separator: "\n")
        let what = Escaping.shown("\(code) version \(version)")
        if item.proposals.isEmpty { throw .notDone("\(what) has no proposal to approve.") }
        let text =
            fitting.isEmpty
            ? "No proposal of \(what) has this digest" : "Several proposals of \(what)"
        throw .notDone("\(text); name one with --digest:\n\(Escaping.lines(list))")
    }
}
