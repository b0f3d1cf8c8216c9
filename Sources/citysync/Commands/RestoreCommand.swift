import AllianceFiles
import AllianceModel
import ArgumentParser
import Foundation
import NodeStore
import SecureTransport

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Puts a backup in the place of a node's store, while the node is down.",
        discussion: """
            The backup is copied into the data folder and verified entry by entry: its schema, its member \
            and alliance, every hash. Only then it takes the store's place; what it replaces stays beside \
            it under another name. Started on it, the node takes back from its peers what it had told \
            them after the backup was made.

            Example:
              citysync restore --config node.yaml /var/backups/citysync/2026-07-01.sqlite
            """
    )

    @Option(help: ArgumentHelp("The node's configuration.", valueName: "node.yaml"))
    var config: String

    @Argument(help: ArgumentHelp("The backup.", valueName: "FILE"), completion: .file())
    var file: String

    func run() async throws {
        let console = Console.current
        let (configuration, roster) = try loaded(console)
        let folder = try RestoreCommand.locked(configuration.data)
        defer { folder.unlock() }
        console.progress("copying and verifying \(Escaping.shown(file))")
        let restore = StoreRestore(
            into: folder,
            of: configuration.member,
            roster: roster,
            hash: SHA256.function
        )
        let result = Result { () throws(StoreRestore.Fault) in
            try restore.restore(file, stamp: RestoreCommand.stamp(Date()))
        }
        console.endProgress()
        let report = try result.mapError { refusal($0, configuration) }.get()
        var text = """
            Restored \(report.backup.bytes) bytes, up to log position \(report.backup.position), into \
            \(Escaping.shown(configuration.data)).

            """
        if let replaced = report.replaced {
            text += "What it replaces is kept: \(Escaping.shown(replaced))\n"
        }
        if let schema = report.backup.olderSchema {
            text += """
                It was made by an earlier version (schema \(schema)): the node brings it up to date when it \
                starts.

                """
        }
        text += """
            Start the node: it takes back from its peers what it had told them after the backup was made, \
            and citysync status says what.

            """
        console.write(text)
    }

    /// The data folder, which no node uses then.
    private static func locked(_ path: String) throws(Failure) -> DataFolder {
        do throws(StoreError) {
            return try DataFolder(path)
        } catch {
            guard case .locked(_, let pid) = error else { throw failure(error) }
            let process = pid.map { " (process \($0))" } ?? ""
            throw .notDone(
                """
                A node uses \(Escaping.shown(path))\(process).
                  Do: stop it first (systemctl stop citysyncd).
                """
            )
        }
    }

    private func loaded(
        _ console: Console
    ) throws(Failure) -> (NodeConfiguration, Roster) {
        do {
            return try NodeConfiguration.loadWithRoster(
                path: config,
                environment: console.environment
            )
        } catch {
            throw .notDone("The configuration cannot be used.\n\(Escaping.lines("\(error)"))")
        }
    }

    /// As a file's name may have it: `20260701T093000Z`.
    static func stamp(_ date: Date) -> String {
        let time = date.ISO8601Format(.init(dateSeparator: .omitted, timeSeparator: .omitted))
        return time.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    private static func failure(_ error: StoreError) -> Failure {
        .notDone("\(Escaping.shown(error.explanation))\n  Do: \(error.remedy).")
    }

    private func refusal(
        _ fault: StoreRestore.Fault,
        _ configuration: NodeConfiguration
    ) -> Failure {
        let shown = Escaping.shown(file)
        switch fault {
        case .store(.damaged(_, let reason)):
            return .notDone(
                """
                \(shown) does not verify: \(Escaping.shown(reason)). Nothing was changed.
                  Do: use another backup.
                """
            )
        case .store(.newer(_, let schema, let known)):
            return .notDone(
                """
                \(shown) was made by a later version (schema \(schema); this version knows \(known)). \
                Nothing was changed.
                  Do: install that version, or a later one.
                """
            )
        case .store(let error): return RestoreCommand.failure(error)
        case .notWhole:
            return .notDone(
                """
                \(shown) is a store that a node used: a write-ahead log is beside it.
                  Do: use a file made by citysync backup, or put both files back together by hand.
                """
            )
        case .otherMember(let member):
            return .notDone(
                """
                \(shown) is a backup of member \(member); \(Escaping.shown(config)) is of \
                \(configuration.member). Nothing was changed.
                  Do: use that member's configuration, or this member's backup.
                """
            )
        case .otherAlliance:
            return .notDone(
                """
                \(shown) is of an alliance with another first roster. Nothing was changed.
                  Do: use the alliance.yaml that the node was first started with.
                """
            )
        }
    }
}
