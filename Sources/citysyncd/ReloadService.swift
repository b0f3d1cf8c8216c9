import AllianceFiles
import Dispatch
import Logging
import NodeAPI
import NodeRuntime
import ServiceLifecycle
import UnixSignals

/// Takes up certificates, revocation lists and tokens anew at each SIGHUP.
///
/// What is not in order is said and changes nothing.
struct ReloadService: Service {
    let node: Node
    let api: NodeAPI
    let configuration: NodeConfiguration
    let logger: Logger

    init(node: Node, api: NodeAPI, configuration: NodeConfiguration, _ logger: Logger) {
        self.node = node
        self.api = api
        self.configuration = configuration
        self.logger = logger
    }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do {
                try await node.reload()
            } catch {
                logger.error("certificates were not reloaded, the former ones stay: \(error)")
            }
            do {
                api.reload(try NodeTokens.load(configuration.api.tokens))
                logger.notice("tokens reloaded")
            } catch {
                logger.error("tokens were not reloaded, the former ones stay: \(error)")
            }
        }
    }
}
