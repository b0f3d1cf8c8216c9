import AllianceFiles
import AllianceModel
import ArgumentParser
import Foundation
import Logging
import NodeAPI
import NodeRuntime
import ServiceLifecycle
import UnixSignals

/// The node of one city.
@main
struct CitySyncDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "citysyncd",
        abstract: "The CitySync node of one city.",
        discussion: """
            Holds the city's service records, replicates what the alliance agreed on with every \
            other member, and serves the city's counters over a local HTTP API.

            Every key of the configuration can be overridden by an environment variable: CITYSYNC_ \
            and its path in capitals, for example CITYSYNC_PEERS_LISTEN.

            SIGHUP reloads certificates, revocation lists and tokens. SIGTERM drains and exits.
            """,
        version: NodeVersion.text
    )

    @Option(name: .long, help: "The node's configuration file.")
    var config = "/etc/citysync/node.yaml"

    @Flag(name: .long, help: "Read and judge the configuration, then exit.")
    var check = false

    func run() async throws {
        // Whatever this process makes is its user's alone.
        umask(0o077)
        let environment = ProcessInfo.processInfo.environment
        do {
            let (configuration, roster) = try NodeConfiguration.loadWithRoster(
                path: config,
                environment: environment
            )
            guard !check else {
                print("\(config): in order")
                return
            }
            try await serve(configuration, roster)
        } catch let error as FileErrors {
            try Self.fail("\(error)")
        } catch let error as NodeStartError {
            try Self.fail("\(error)")
        }
    }

    private func serve(_ configuration: NodeConfiguration, _ roster: Roster) async throws {
        let logger = Self.logger(configuration.log)
        let tokens = try NodeTokens.load(configuration.api.tokens)
        let node = try await Node.start(configuration, roster: roster, logger: logger)
        let api = try NodeAPI(node, configuration.api, tokens: tokens, logger: logger)
        let reloading = ReloadService(node: node, api: api, configuration: configuration, logger)
        // Stopped in reverse: the API drains before the node says farewell to its peers.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: node, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: api, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: reloading),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
        if node.hasFailed { throw ExitCode(1) }
    }

    private static func logger(_ log: NodeConfiguration.Log) -> Logger {
        let format = log.format
        var logger = Logger(label: "citysync") { _ in LineLogHandler(format: format) }
        logger.logLevel = Logger.Level(rawValue: log.level.rawValue) ?? .info
        return logger
    }

    /// One message on standard error, and exit 1.
    private static func fail(_ message: String) throws -> Never {
        FileHandle.standardError.write(Data("citysyncd: \(message)\n".utf8))
        throw ExitCode(1)
    }
}
