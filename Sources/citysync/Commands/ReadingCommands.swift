import ArgumentParser
import NIOCore

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

struct PeersCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "Shows every peer, and what was refused at the door.",
        discussion: """
            As the table of status, always with one line for each peer, and with its address. \
            Connections that were refused without a known member are counted by reason below.

            Example:
              citysync peers -o wide
            """
    )

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let answer = try await node.get(["peers"], query: [("limit", "1000")])
        guard options.output != .json else { return write(answer.body, console) }
        let document = try PeersDocument(answer.body)
        let listing = PeerListing(document.peers, showsAll: true).listing
        console.write(listing.text(options.output, ink: console.ink))
        guard options.output != .tsv, !document.refusals.isEmpty else { return }
        var refusals = Listing(columns: [
            .init(title: "REFUSED", key: "reason"), .init(title: "TIMES", key: "count"),
        ])
        refusals.rows = document.refusals.map { [.init($0.reason), .init(String($0.count))] }
        console.write("\n" + refusals.text(options.output, ink: console.ink))
    }
}

struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members",
        abstract: "The members of the alliance.",
        subcommands: [MembersListCommand.self]
    )
}

struct MembersListCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the members of the roster.",
        discussion: """
            Example:
              citysync members list
            """
    )

    @OptionGroup var options: GlobalOptions
    @OptionGroup var page: PageOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let page = try Page(try await node.get(["members"], query: page.query), rows: "members")
        show(page, console) {
            var listing = Listing(columns: [
                .init(title: "MEMBER", key: "code"), .init(title: "NAME", key: "name"),
                .init(title: "ENGLISH", key: "english"), .init(title: "ADDRESS", key: "address"),
            ])
            listing.rows = page.rows.map { row in
                [
                    .optional((row["code"] ?? row["member"])?.string),
                    .optional(row["name"]?["zh"]?.string ?? row["name"]?.string),
                    .optional(row["name"]?["en"]?.string),
                    .optional(row["address"]?.string),
                ]
            }
            return listing
        }
    }
}

struct AuditCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Shows who did what at this node.",
        discussion: """
            Every change stands here with its actor: the name of a token, or the user at the local \
            socket. Values are never recorded.

            Example:
              citysync audit --limit 20
            """
    )

    @OptionGroup var options: GlobalOptions
    @OptionGroup var page: PageOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let page = try Page(try await node.get(["audit"], query: page.query), rows: "audit")
        show(page, console) {
            var listing = Listing(columns: [
                .init(title: "TIME", key: "time"), .init(title: "ACTOR", key: "actor"),
                .init(title: "ROUTE", key: "route"), .init(title: "RECORD", key: "record"),
                .init(title: "RESULT", key: "result"),
            ])
            listing.rows = page.rows.map { row in
                let record = row["record"]?.plainText ?? ""
                let isWide = options.output == .wide
                return [
                    .optional(row["time"]?.plainText),
                    .optional(row["actor"]?.plainText),
                    .optional(row["route"]?.plainText),
                    record.isEmpty
                        ? .absent
                        : .init(isWide ? record : RecordName.short(record), exact: record),
                    .optional(row["result"]?.plainText),
                ]
            }
            return listing
        }
    }
}

struct VerifyCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compares what this node and its peers hold in common.",
        discussion: """
            Both sides count and hash the records that both are entitled to. Equal digests mean equal \
            records. Exit status: 0 all equal, 1 otherwise, also when a peer could not be compared.

            Examples:
              citysync verify
              citysync verify --peer 350300 -o json
            """
    )

    @Option(help: ArgumentHelp("Only with this peer, by its member code.", valueName: "C"))
    var peer: String?

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        var peers = peer.map { [$0] } ?? []
        if peer == nil {
            peers = try StatusDocument(try await node.get(["status"]).body).peers.map(\.member)
        }
        var comparisons: [Comparison] = []
        for (index, member) in peers.enumerated() {
            console.progress(
                "comparing with \(Escaping.shown(member)), \(index + 1) of \(peers.count)"
            )
            comparisons.append(try await compare(member, node))
        }
        console.endProgress()
        show(comparisons, console)
        guard comparisons.allSatisfy(\.isEqual) else { throw Failure.silent(Failure.exitNotDone) }
    }

    /// What came of one comparison: the node's document, or why there is none.
    private struct Comparison {
        var member: String
        var document: JSON?
        var body: [UInt8] = []
        var refusal: Problem?

        var isEqual: Bool { document?["equal"]?.boolean == true }
    }

    private func compare(_ member: String, _ node: NodeClient) async throws -> Comparison {
        do {
            let answer = try await node.get(
                ["verify"],
                query: [("member", member)],
                timeout: .minutes(10)
            )
            guard let document = JSON(answer.body) else {
                throw Failure.notDone("The answer is no comparison.")
            }
            return Comparison(member: member, document: document, body: answer.body)
        } catch Failure.refused(let problem) where peer == nil {
            // One city that is away does not hide how the others are.
            return Comparison(member: member, refusal: problem)
        }
    }

    private func show(_ comparisons: [Comparison], _ console: Console) {
        if options.output == .json {
            if peer != nil, let only = comparisons.first { return write(only.body, console) }
            let documents = comparisons.map { comparison in
                comparison.document
                    ?? .object([
                        "member": .string(comparison.member), "equal": .null,
                        "code": comparison.refusal?.code.map(JSON.string) ?? .null,
                    ])
            }
            return console.write(JSON.object(["verify": .array(documents)]).text + "\n")
        }
        var listing = Listing(columns: [
            .init(title: "PEER", key: "member"), .init(title: "EQUAL", key: "equal"),
            .init(title: "RECORDS", key: "records"), .init(title: "DIGEST", key: "digest"),
            .init(title: "DIFFERING", key: "differing"),
        ])
        listing.rows = comparisons.map(row)
        console.write(listing.text(options.output, ink: console.ink))
        guard options.output != .tsv else { return }
        for comparison in comparisons {
            for entry in comparison.document?["differing"]?.array ?? [] {
                let words = [
                    comparison.member, entry["record"]?.plainText, entry["reason"]?.plainText,
                ]
                console.write(
                    "  " + Escaping.shown(words.compactMap { $0 }.joined(separator: "  ")) + "\n"
                )
            }
        }
    }

    private func row(_ comparison: Comparison) -> [Listing.Cell] {
        let document = comparison.document
        let digest = document?["digest"]?.string
        let shown = digest.map { options.output == .wide ? $0 : String($0.prefix(16)) }
        return [
            .init(comparison.member),
            document?["equal"]?.boolean.map {
                .init($0 ? "yes" : "NO", exact: $0 ? "true" : "false", colour: $0 ? .green : .red)
            } ?? .init("?"),
            .init(document?["records"]?.integer.map { String($0) } ?? "?"),
            shown.map { .init($0, exact: digest) } ?? .init("?"),
            comparison.refusal.map { .init($0.code ?? "HTTP \($0.status)", colour: .red) }
                ?? .init(document?["differing"]?.array.map { String($0.count) } ?? "?"),
        ]
    }
}
