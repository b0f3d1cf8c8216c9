import AllianceFiles
import AllianceModel
import Glibc
import Logging
import NIOCore
import NIOPosix
import ReplicationWire
import SecureTransport

/// Makes the channels between nodes, both those that dial and those that are dialled.
struct PeerChannels: Sendable {
    private static let connectSeconds: Int64 = 5
    /// Bytes the kernel may hold unsent, so that an alert never stands behind megabytes.
    private static let unsentBytesMaximum = 128 << 10
    private static let backlog: CInt = 64

    let group: any EventLoopGroup
    let delegate: any LinkDelegate
    let alliance: Text
    let limits: WireLimits
    let hash: HashFunction
    let gate = HandshakeGate()
    let logger: Logger
    /// The credentials in force when a connection begins.
    let credentials: @Sendable () -> Credentials
    let policy: @Sendable (_ expected: MemberCode?) -> PeerPolicy
    let clocks: NodeClocks

    func dial(_ member: MemberCode, at address: HostPort) async throws -> any Channel {
        try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(Self.connectSeconds))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(Self.unsentOption, value: Self.unsentBytesMaximum)
            .channelInitializer { channel in
                initialise(channel, called: member)
            }
            .connect(host: address.host, port: address.port)
            .get()
    }

    func listen(on address: HostPort) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(Self.unsentOption, value: Self.unsentBytesMaximum)
            .childChannelInitializer { channel in
                initialise(channel, called: nil)
            }
            .bind(host: address.host, port: address.port)
            .get()
    }

    private static let unsentOption = ChannelOptions.Types.SocketOption(
        level: .tcp,
        name: .init(rawValue: TCP_NOTSENT_LOWAT)
    )

    private func initialise(_ channel: any Channel, called: MemberCode?) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let credentials = credentials()
            let tls = try TLSHandler(
                credentials: credentials,
                policy: policy(called),
                nowUnixSeconds: clocks.wallMilliseconds() / 1_000
            )
            let link = LinkHandler(
                delegate: delegate,
                credentials: credentials,
                called: called,
                alliance: alliance,
                limits: limits,
                gate: gate,
                hash: hash,
                logger: logger
            )
            try channel.pipeline.syncOperations.addHandlers(tls, link)
        }
    }
}
