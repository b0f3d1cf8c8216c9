import AllianceModel
import Foundation
import NIOCore
import NIOPosix
import SecureTransport
import Synchronization
import Testing

/// What a server saw of its connections; shared by their event loops.
final class Ledger: Sendable {
    private let state = Mutex<(peers: [MemberCode], refusals: [RefusalReason])>(([], []))

    func opened(_ member: MemberCode) { state.withLock { $0.peers.append(member) } }
    func refused(_ reason: RefusalReason) { state.withLock { $0.refusals.append(reason) } }

    var peers: [MemberCode] { state.withLock { $0.peers } }
    var refusals: [RefusalReason] { state.withLock { $0.refusals } }
}

/// Sends back what comes, and keeps the ledger.
final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let ledger: Ledger

    init(_ ledger: Ledger) { self.ledger = ledger }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let done = event as? TLSHandler.HandshakeCompleted else { return }
        ledger.opened(done.peer.member)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .refused(let reason) = error as? TransportError { ledger.refused(reason) }
        context.close(promise: nil)
    }
}

/// Real sockets, and openssl's own client as the peer.
@Suite(.timeLimit(.minutes(10)))
struct LoopbackTests {
    private typealias Refused = (name: String, options: [String], reason: RefusalReason)

    private static let refusals: [Refused] = [
        ("350300", ["-alpn", "citysync/1", "-tls1_2"], .protocolVersion),
        ("350300", ["-alpn", "h2"], .alpnWrong),
        ("350300", [], .alpnMissing),
        ("revoked", ["-alpn", "citysync/1"], .revoked),
        ("350300", ["-alpn", "citysync/1", "-groups", "P-521"], .parametersUnshared),
    ]

    private let alliance: TestAlliance
    private let group = MultiThreadedEventLoopGroup.singleton

    init() throws {
        alliance = try TestAlliance.shared.get()
    }

    private func serve(_ ledger: Ledger) async throws -> any Channel {
        let credentials = try alliance.credentials("350100")
        return try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        TLSHandler(
                            credentials: credentials,
                            policy: .roster(),
                            nowUnixSeconds: EnginePair.now
                        ),
                        Echo(ledger)
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private func openssl(
        _ server: any Channel,
        _ name: String,
        _ options: [String]
    ) throws
        -> Command.Outcome
    {
        let port = try #require(server.localAddress?.port)
        // The input stays open until the server has answered or closed; openssl ends on "Q".
        let script = "(printf 'ping\\n'; sleep 1; printf 'Q\\n') | exec openssl s_client \"$@\""
        return try Command.outcome(
            "/bin/sh",
            [
                "-c", script, "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile",
                alliance.path("ca/ca.pem"), "-cert", alliance.path("\(name)/node.pem"), "-key",
                alliance.path("\(name)/node.key"),
            ] + options,
            environment: Command.environment(nil)
        )
    }

    @Test func `openssl's client connects over TLS 1.3 and is answered`() async throws {
        let ledger = Ledger()
        let server = try await serve(ledger)
        let outcome = try openssl(server, "350300", ["-alpn", "citysync/1"])
        #expect(outcome.output.contains("New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"))
        #expect(outcome.output.contains("ALPN protocol: citysync/1"))
        #expect(outcome.output.contains("Verify return code: 0 (ok)"))
        #expect(outcome.output.contains("\nping\n"))
        #expect(!outcome.output.contains("New Session Ticket"))
        #expect(ledger.peers == [try #require(MemberCode("350300"))])
        try await server.close()
    }

    @Test(arguments: refusals)
    func `openssl's client is refused for its very reason`(
        name: String,
        options: [String],
        reason: RefusalReason
    ) async throws {
        let ledger = Ledger()
        let server = try await serve(ledger)
        let outcome = try openssl(server, name, options)
        #expect(ledger.refusals.first == reason)
        #expect(ledger.peers.isEmpty)
        #expect(!outcome.output.contains("\nping\n"))
        #expect((outcome.output + outcome.errors).contains("alert"))
        try await server.close()
    }

    @Test func `a megabyte makes its way through and back between two nodes`() async throws {
        let ledger = Ledger()
        let server = try await serve(ledger)
        let credentials = try alliance.credentials("350300")
        let done = group.next().makePromise(of: Int.self)
        let client = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        TLSHandler(
                            credentials: credentials,
                            policy: .roster(expecting: "350100"),
                            nowUnixSeconds: EnginePair.now
                        ),
                        Counter(until: 1 << 20, done)
                    )
                }
            }
            .connect(to: try #require(server.localAddress)).get()
        try await client.writeAndFlush(ByteBuffer(repeating: 7, count: 1 << 20))
        #expect(try await done.futureResult.get() == 1 << 20)
        try await client.close()
        try await server.close()
    }
}

/// Counts bytes and says when enough have come.
final class Counter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let enough: Int
    private let done: EventLoopPromise<Int>
    private var count = 0

    init(until enough: Int, _ done: EventLoopPromise<Int>) {
        self.enough = enough
        self.done = done
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count += unwrapInboundIn(data).readableBytes
        if count >= enough { done.succeed(count) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(ChannelError.eof)
    }
}
