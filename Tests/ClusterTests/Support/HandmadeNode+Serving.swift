import AllianceModel
import ClusterHarness
import Foundation
import NIOCore
import NIOPosix
import SecureTransport

extension HandmadeNode {
    /// Answers every call at `port` with the same frames, until `body` ends.
    func serve(
        port: Int,
        caller: Member,
        sending frames: [UInt8],
        _ body: () async throws -> Void
    ) async throws {
        struct NoCode: Error {}
        guard let code = MemberCode(caller.code) else { throw NoCode() }
        let policy = PeerPolicy(
            trustDomain: credentials.trustDomain,
            members: [code],
            expected: nil
        )
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [credentials] channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try TLSHandler(
                        credentials: credentials,
                        policy: policy,
                        nowUnixSeconds: Int64(Date().timeIntervalSince1970)
                    )
                    try channel.pipeline.syncOperations.addHandlers(tls, Reciter(frames))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        do { try await body() } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }
}

/// Says its frames once there is somebody, and hears nothing.
private final class Reciter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let frames: [UInt8]

    init(_ frames: [UInt8]) { self.frames = frames }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandler.HandshakeCompleted {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frames)), promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
