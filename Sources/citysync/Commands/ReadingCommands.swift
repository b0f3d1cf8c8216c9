import ArgumentParser

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
