import ArgumentParser
import Foundation

@main
struct Citysync: AsyncParsableCommand {
    static let version = "1.0.0"

    static let configuration = CommandConfiguration(
        commandName: "citysync",
        abstract: "Asks and operates a node of a CitySync alliance.",
        discussion: """
            Talks to one node over its HTTP API: by default over the local socket, which counts as \
            an operator; over TCP with a token.

            Exit status: status ends with 0 when healthy, 1 when degraded, 2 when critical, 3 when the \
            node cannot be asked; every other command with 0 when done, 1 when refused or not done in \
            time, 3 when the node cannot be asked. Wrong usage is 64.

            Examples:
              citysync status --watch 2
              citysync --api http://127.0.0.1:7421 --token-file clerk.token peers
              citysync wait --caught-up --timeout 60
            """,
        version: "citysync \(version)",
        subcommands: [
            StatusCommand.self, WaitCommand.self, PeersCommand.self, ItemsCommand.self,
            RecordsCommand.self, ConflictsCommand.self, HeldCommand.self, VerifyCommand.self,
            MembersCommand.self, AuditCommand.self, TokenCommand.self, BackupCommand.self,
            RestoreCommand.self, DoctorCommand.self,
        ]
    )

    @OptionGroup var options: GlobalOptions

    static func main() async {
        Foundation.exit(await execute(Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs one command line, says what there is to say, and returns the program's exit status.
    static func execute(_ arguments: [String]) async -> Int32 {
        let console = Console.current
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as Failure {
            console.endProgress()
            if let message = failure.message { console.writeError("citysync: \(message)\n") }
            return failure.exitStatus
        } catch {
            let status = exitCode(for: error).rawValue
            let message = fullMessage(for: error)
            if !message.isEmpty {
                (status == 0 ? console.write : console.writeError)(message + "\n")
            }
            return status
        }
    }
}

/// A command that asks a node.
protocol NodeCommand: AsyncParsableCommand {
    var options: GlobalOptions { get }
    func perform(_ node: NodeClient, _ console: Console) async throws
}

extension NodeCommand {
    func run() async throws {
        try await NodeClient.with(options) { try await perform($0, Console.current) }
    }

    /// Prints a document as the node gave it.
    func write(_ body: [UInt8], _ console: Console) {
        let text = String(decoding: body, as: UTF8.self)
        console.write(text.hasSuffix("\n") ? text : text + "\n")
    }
}
