import AllianceFiles
import AllianceModel
import ArgumentParser
import Foundation

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes, lists and revokes the API tokens of a node.",
        discussion: """
            Edits the node's tokens file, also while the node is down; a running node takes the change \
            up on SIGHUP. The file keeps no token, only its SHA-256.
            """,
        subcommands: [TokenNewCommand.self, TokenListCommand.self, TokenRevokeCommand.self]
    )
}

extension AccessRole: ExpressibleByArgument {}

/// What a user has to know after each change.
private let reload =
    "A running node takes this up on SIGHUP (systemctl reload citysyncd).\n"

struct TokenNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Makes a token and prints it, once, alone on the last line.",
        discussion: """
            Roles: reader reads, sensitive fields masked; clerk writes records as well; operator may do \
            everything.

            Examples:
              citysync token new --config node.yaml --name "counter 1" --role clerk
              citysync token new --file tokens.yaml --name a --role reader --expires 2027-01-01
            """
    )

    @OptionGroup var place: TokensPlace

    @Option(help: ArgumentHelp("Who uses it; the audit names it so.", valueName: "N"))
    var name: String

    @Option(help: ArgumentHelp("What it may do.", valueName: "R"))
    var role: AccessRole

    @Option(
        help: ArgumentHelp(
            "The day or time from which it is refused; without it, never.",
            discussion: "YYYY-MM-DD (midnight UTC) or RFC 3339.",
            valueName: "DATE"
        )
    )
    var expires: String?

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard TokensFile.isValid(name: name) else {
            throw ValidationError(
                "--name takes 1 to \(TokensFile.nameCharactersMaximum) characters, none of them control characters."
            )
        }
        if let expires, TokenNewCommand.expiry(expires) == nil {
            throw ValidationError("--expires takes YYYY-MM-DD or a time of RFC 3339.")
        }
    }

    func run() async throws {
        let console = Console.current
        let expiry = expires.flatMap(TokenNewCommand.expiry)
        if let expiry, expiry <= TokenListCommand.nowMilliseconds {
            throw Failure.usage("--expires is in the past.")
        }
        let path = try place.path(console)
        let token = try TokensFileEdit.edit(path) { tokens throws(Failure) in
            guard !tokens.entries.contains(where: { $0.name == name }) else {
                throw .notDone(
                    "There is a token of this name.\n  Do: use another name, or revoke that one first."
                )
            }
            let token = NewToken(name: name, role: role, expires: expiry, taken: tokens.entries)
            tokens.entries.append(token.entry)
            return token
        }
        if options.output == .json {
            let document = JSON.object([
                "id": .string(token.entry.id), "name": .string(name),
                "role": .string(role.rawValue), "token": .string(token.text),
                "expires": expiry.map { .string(Timestamps.format($0)) } ?? .null,
            ])
            return console.write(document.text + "\n")
        }
        let until = expiry.map { "until \(Timestamps.format($0))" } ?? "without expiry"
        console.writeError("Token \(token.entry.id) for \(name), \(role.rawValue), \(until). ")
        console.writeError("It is shown only this once.\n" + reload)
        console.write(token.text + "\n")
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    static func expiry(_ text: String) -> Int64? {
        CalendarDate(text).map { Int64($0.daysSince1970) * 86_400_000 } ?? Timestamps.parse(text)
    }
}

struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the tokens; the tokens themselves are not kept.",
        discussion: """
            Example:
              citysync token list --config node.yaml
            """
    )

    @OptionGroup var place: TokensPlace
    @OptionGroup var options: GlobalOptions

    static var nowMilliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    func run() async throws {
        let console = Console.current
        let tokens = try TokensFileEdit.read(try place.path(console))
        let now = TokenListCommand.nowMilliseconds
        if options.output == .json {
            return console.write(TokenListCommand.document(tokens, now: now).text + "\n")
        }
        var listing = Listing(columns: [
            .init(title: "ID", key: "id"), .init(title: "NAME", key: "name"),
            .init(title: "ROLE", key: "role"), .init(title: "EXPIRES", key: "expires"),
            .init(title: "STATE", key: "state"),
        ])
        listing.rows = tokens.entries.map { entry in
            let isExpired = entry.isExpired(nowMilliseconds: now)
            return [
                .init(entry.id), .init(entry.name), .init(entry.role.rawValue),
                .optional(entry.expires.map { Timestamps.format($0) }),
                .init(isExpired ? "expired" : "valid", colour: isExpired ? .red : .plain),
            ]
        }
        console.write(listing.text(options.output, ink: console.ink))
    }

    private static func document(_ tokens: TokensFile, now: Int64) -> JSON {
        .object([
            "tokens": .array(
                tokens.entries.map { entry in
                    .object([
                        "id": .string(entry.id), "name": .string(entry.name),
                        "role": .string(entry.role.rawValue),
                        "expires": entry.expires.map { .string(Timestamps.format($0)) } ?? .null,
                        "expired": .boolean(entry.isExpired(nowMilliseconds: now)),
                    ])
                }
            )
        ])
    }
}

struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Takes a token out of the file.",
        discussion: """
            Example:
              citysync token revoke k3f9xm --config node.yaml
            """
    )

    @Argument(help: ArgumentHelp("The token's id, as token list shows it.", valueName: "ID"))
    var id: String

    @OptionGroup var place: TokensPlace
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let console = Console.current
        let path = try place.path(console)
        let entry = try TokensFileEdit.edit(path, creates: false) { tokens throws(Failure) in
            guard let index = tokens.entries.firstIndex(where: { $0.id == id }) else {
                throw .notDone(
                    "No token has the id \(Escaping.shown(id)).\n  Do: see citysync token list."
                )
            }
            return tokens.entries.remove(at: index)
        }
        if options.output == .json {
            return console.write(JSON.object(["revoked": .string(entry.id)]).text + "\n")
        }
        console.write("Token \(entry.id) for \(entry.name) is revoked.\n")
        console.writeError(reload)
    }
}
