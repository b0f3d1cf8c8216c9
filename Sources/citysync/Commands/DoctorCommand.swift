import AllianceFiles
import AllianceModel
import ArgumentParser
import Foundation
import NIOCore

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at a node and its surroundings, and says what to do.",
        discussion: """
            With --config it looks at the configuration, the files it names and their rights, \
            certificates and revocation lists, the disk, and whether the peers' addresses can be reached, \
            also while the node is down; and always at what the node says of itself, its clock against \
            its peers' among it. Run it \
            as the node's user or root.

            Exit status: 1 if anything is FAIL.

            Examples:
              citysync doctor --config node.yaml
              citysync doctor -o json
            """
    )

    @Option(
        help: ArgumentHelp("The node's configuration.", valueName: "node.yaml"),
        completion: .file()
    )
    var config: String?

    @OptionGroup var options: GlobalOptions

    private static let timeout = TimeAmount.seconds(10)

    func run() async throws {
        let console = Console.current
        _ = try options.endpoint(console)
        let found = await diagnoses(console)
        if options.output == .json {
            let document = JSON.object(["checks": .array(found.map(\.json))])
            console.write(document.text + "\n")
        } else {
            console.write(Diagnosis.listing(found).text(options.output, ink: console.ink))
        }
        guard found.allSatisfy({ $0.level != .fail }) else {
            throw Failure.silent(Failure.exitNotDone)
        }
    }

    private func diagnoses(_ console: Console) async -> [Diagnosis] {
        var found: [Diagnosis] = []
        var options = options
        var configuration: NodeConfiguration?
        if let config {
            let read = DoctorCommand.read(config, console)
            found += read.found
            configuration = read.configuration
            if let configuration {
                // The node that the configuration is of, if no other is named.
                if options.api == nil, console.environment["CITYSYNC_API"] == nil {
                    options.api = "unix:\(configuration.api.socket)"
                }
                let checks = FileChecks(
                    configuration: configuration,
                    roster: read.roster,
                    now: Int64(Date().timeIntervalSince1970)
                )
                found += checks.all()
            }
            if let configuration, let roster = read.roster {
                found += await NetworkChecks.peers(configuration, roster)
            }
        }
        let sample = await StatusSample.take(options, timeout: DoctorCommand.timeout)
        found += NodeChecks.all(sample)
        if sample.failure != nil, let configuration {
            found += await NetworkChecks.listening(configuration)
        }
        return found
    }

    private struct Reading {
        var configuration: NodeConfiguration?
        var roster: Roster?
        var found: [Diagnosis]
    }

    /// What can be read of the configuration, and everything that is wrong with it.
    private static func read(_ path: String, _ console: Console) -> Reading {
        let configuration: NodeConfiguration
        do {
            configuration = try NodeConfiguration.load(path: path, environment: console.environment)
        } catch {
            return Reading(found: error.errors.map { wrong("configuration", $0) })
        }
        do {
            let (_, roster) = try NodeConfiguration.loadWithRoster(
                path: path,
                environment: console.environment
            )
            let text = "member \(configuration.member) of \(roster.alliance)"
            return Reading(
                configuration: configuration,
                roster: roster,
                found: [.ok("configuration", text)]
            )
        } catch {
            return Reading(
                configuration: configuration,
                found: error.errors.map { wrong("alliance", $0) }
            )
        }
    }

    private static func wrong(_ check: String, _ error: FileError) -> Diagnosis {
        let place = error.line > 0 ? "\(error.file):\(error.line)" : error.file
        let words = [place, error.key, error.reason].filter { !$0.isEmpty }
        return .fail(check, words.joined(separator: ": "), error.remedy)
    }
}
