package import AllianceFiles
import Glibc
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
package import NodeRuntime
import ServiceLifecycle

/// The node's HTTP API, on loopback TCP and on the Unix socket.
package struct NodeAPI: Service {
    /// Where a door listens once it does.
    package enum Address: Hashable, Sendable {
        case tcp(port: Int)
        case socket(path: String)
    }

    /// Connections without a request for so long are closed.
    private static let idleTimeout: TimeAmount = .seconds(75)
    /// Connections at once on one door.
    private static let connectionsMaximum = 4_096

    package let endpoints: Endpoints
    private let configuration: NodeConfiguration.API
    private let logger: Logger
    private let drain: Duration
    private let onListening: @Sendable (Address) async -> Void

    /// Throws when it would listen where other machines reach it: there is no TLS here.
    ///
    /// `drain`: how long a stop waits for the requests under way; whoever then still sends or reads is
    /// cut off.
    package init(
        _ service: any NodeService & NodeReviewing,
        _ configuration: NodeConfiguration.API,
        tokens: TokensFile,
        logger: Logger,
        drain: Duration = .seconds(5),
        onListening: @escaping @Sendable (Address) async -> Void = { _ in }
    ) throws(NodeStartError) {
        guard configuration.listen.isLoopback else {
            throw NodeStartError(
                "api.listen: \(configuration.listen) is not loopback",
                remedy: "listen on 127.0.0.1 and let a reverse proxy with TLS forward to it"
            )
        }
        self.configuration = configuration
        self.logger = logger
        self.drain = drain
        self.onListening = onListening
        endpoints = Endpoints(
            service: service,
            tokens: TokenDirectory(tokens),
            hosts: configuration.hosts,
            version: NodeVersion.text
        )
    }

    /// Takes up another tokens file; requests under way are not touched.
    package func reload(_ tokens: TokensFile) {
        endpoints.tokens.replace(with: tokens)
    }

    /// Serves until the node is to stop; throws `NodeStartError` when a door cannot be opened.
    package func run() async throws {
        // Nothing that this process makes from here on is for others, the socket above all.
        umask(0o077)
        let socket = APISocket(path: configuration.socket)
        try socket.prepare()
        defer { socket.remove() }
        // One door that cannot open closes the other in the orderly way.
        let doors = [Door.socket, .tcp].map { door in
            ServiceGroupConfiguration.ServiceConfiguration(
                service: DoorService(api: self, door: door),
                successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup
            )
        }
        var quiet = logger
        quiet.logLevel = .critical
        var group = ServiceGroupConfiguration(services: doors, logger: quiet)
        group.maximumGracefulShutdownDuration = drain
        try await ServiceGroup(configuration: group).run()
    }

    private struct DoorService: Service {
        let api: NodeAPI
        let door: Door

        func run() async throws {
            do {
                try await api.serve(door)
            } catch is CancellationError {
                api.logger.notice("connections that did not end in time were closed")
            }
        }
    }

    private func serve(_ door: Door) async throws {
        let address: BindAddress =
            switch door {
            case .tcp: .hostname(configuration.listen.host, port: configuration.listen.port)
            case .socket: .unixDomainSocket(path: configuration.socket)
            }
        // Its own lines name every address it binds at info level; ours are said below.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let logger = logger
        let application = Application(
            responder: APIResponder(door: door, endpoints: endpoints, logger: logger),
            server: .http1(
                configuration: HTTP1Channel.Configuration(idleTimeout: NodeAPI.idleTimeout)
            ),
            configuration: ApplicationConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    NodeAPI.connectionsMaximum
                )
            ),
            onServerRunning: { channel in await opened(door, channel) },
            logger: quiet
        )
        do {
            try await application.run()
        } catch let error as IOError {
            throw NodeStartError(
                "the API cannot listen on \(place(of: door)): "
                    + String(cString: strerror(error.errnoCode)),
                remedy: error.errnoCode == EADDRINUSE
                    ? "end what listens there, or choose another address under api"
                    : "choose another address under api"
            )
        }
    }

    private func place(of door: Door) -> String {
        door == .tcp ? "\(configuration.listen)" : configuration.socket
    }

    private func opened(_ door: Door, _ channel: any Channel) async {
        switch door {
        case .tcp:
            let port = channel.localAddress?.port ?? configuration.listen.port
            logger.notice(
                "API serving",
                metadata: ["address": "\(configuration.listen.host):\(port)"]
            )
            await onListening(.tcp(port: port))
        case .socket:
            logger.notice("API serving", metadata: ["socket": "\(configuration.socket)"])
            await onListening(.socket(path: configuration.socket))
        }
    }
}
