import NIOCore
import NIOPosix
import Synchronization

/// A TCP server that answers whatever comes with the same bytes, and keeps what came.
final class PlainServer: Sendable {
    private let collected = Mutex<[UInt8]>([])

    /// Serves at `port` until `body` ends; returns what all callers sent.
    static func serve(
        port: Int,
        answering answer: [UInt8],
        _ body: () async throws -> Void
    ) async throws -> [UInt8] {
        let server = PlainServer()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answerer(server, answer))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        do { try await body() } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
        return server.collected.withLock { $0 }
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let server: PlainServer
        private let answer: [UInt8]
        private var hasAnswered = false

        init(_ server: PlainServer, _ answer: [UInt8]) {
            self.server = server
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data).readableBytesView
            server.collected.withLock { $0 += bytes }
            guard !hasAnswered else { return }
            hasAnswered = true
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
