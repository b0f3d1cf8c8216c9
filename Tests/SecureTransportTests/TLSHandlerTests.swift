import AllianceModel
import NIOCore
import NIOEmbedded
import SecureTransport
import Testing

/// What reaches the handler above TLS, in its order.
final class Witness: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Event: Hashable {
        case peer(MemberCode)
        case bytes(Bytes)
        case refused(RefusalReason)
        case inactive
    }

    var events: [Event] = []

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let done = event as? TLSHandler.HandshakeCompleted else { return }
        events.append(.peer(done.peer.member))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Bytes(unwrapInboundIn(data).readableBytesView)
        if case .bytes(let before) = events.last {
            events[events.count - 1] = .bytes(before + bytes)
        } else {
            events.append(.bytes(bytes))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .refused(let reason) = error as? TransportError else { return }
        events.append(.refused(reason))
    }

    func channelInactive(context: ChannelHandlerContext) {
        events.append(.inactive)
    }

    var received: Bytes {
        events.reduce(into: Bytes()) { all, event in
            if case .bytes(let bytes) = event { all += bytes }
        }
    }
}

/// Two channels back to back, without sockets or time of their own.
struct ChannelPair {
    let client = EmbeddedChannel()
    let server = EmbeddedChannel()
    let clientWitness = Witness()
    let serverWitness = Witness()

    init(client: Credentials, server: Credentials, expecting: String = "350300") throws {
        let now = EnginePair.now
        try self.client.pipeline.syncOperations.addHandlers(
            TLSHandler(
                credentials: client,
                policy: .roster(expecting: expecting),
                nowUnixSeconds: now
            ),
            clientWitness
        )
        try self.server.pipeline.syncOperations.addHandlers(
            TLSHandler(credentials: server, policy: .roster(), nowUnixSeconds: now),
            serverWitness
        )
        for channel in [self.client, self.server] {
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 7420), promise: nil)
        }
    }

    /// Carries bytes until nothing moves; returns how many went from client to server.
    @discardableResult
    func run() throws -> Int {
        var sent = 0
        while true {
            client.embeddedEventLoop.run()
            server.embeddedEventLoop.run()
            let up = try client.readOutbound(as: ByteBuffer.self)
            let down = try server.readOutbound(as: ByteBuffer.self)
            guard up != nil || down != nil else { return sent }
            if let up {
                sent += up.readableBytes
                if server.isActive { try server.writeInbound(up) }
            }
            if let down, client.isActive { try client.writeInbound(down) }
        }
    }
}

struct TLSHandlerTests {
    private let alliance: TestAlliance

    init() throws {
        alliance = try TestAlliance.shared.get()
    }

    private func pair(server: String = "350300", expecting: String = "350300") throws -> ChannelPair
    {
        try ChannelPair(
            client: alliance.credentials("350100"),
            server: alliance.credentials(server),
            expecting: expecting
        )
    }

    @Test func `the peer is announced before its bytes, also of those written too early`() throws {
        let pair = try pair()
        let early = pair.client.writeAndFlush(ByteBuffer(string: "early"))
        try pair.run()
        pair.client.writeAndFlush(ByteBuffer(string: " late"), promise: nil)
        try pair.run()
        #expect(
            pair.serverWitness.events == [
                .peer(try #require(MemberCode("350100"))), .bytes(Bytes("early late".utf8)),
            ]
        )
        #expect(throws: Never.self) { try early.wait() }
    }

    @Test func `what is not flushed does not leave`() throws {
        let pair = try pair()
        try pair.run()
        pair.client.write(ByteBuffer(string: "one"), promise: nil)
        #expect(try pair.run() == 0)
        pair.client.flush()
        pair.client.write(ByteBuffer(string: "two"), promise: nil)
        try pair.run()
        #expect(pair.serverWitness.received == Bytes("one".utf8))
    }

    @Test func `small writes share records: 1,000 of them cost 28 records, not 1,000`() throws {
        let pair = try pair()
        try pair.run()
        var sent: Bytes = []
        for index in 0..<1_000 {
            let bytes = Bytes(repeating: UInt8(truncatingIfNeeded: index), count: 448)
            sent += bytes
            pair.client.write(ByteBuffer(bytes: bytes), promise: nil)
        }
        pair.client.flush()
        let records = (sent.count + TLSEngine.recordBytesMaximum - 1) / TLSEngine.recordBytesMaximum
        #expect(records == 28)
        #expect(try pair.run() == sent.count + records * 22)
        #expect(pair.serverWitness.received == sent)
    }

    @Test(arguments: [1, 7, 42, 1_000])
    func `writes of any sizes arrive in their order`(seed: UInt64) throws {
        let pair = try pair()
        try pair.run()
        var generator = SeededGenerator(seed: seed)
        var sent: Bytes = []
        var writes: [EventLoopFuture<Void>] = []
        for _ in 0..<40 {
            let size = [0, 1, 400, 16_384, 40_000, 200_000].randomElement(using: &generator) ?? 0
            let bytes = Bytes(repeating: UInt8.random(in: 0...255, using: &generator), count: size)
            sent += bytes
            writes.append(pair.client.write(ByteBuffer(bytes: bytes)))
            if Bool.random(using: &generator) { pair.client.flush() }
        }
        pair.client.flush()
        try pair.run()
        #expect(pair.serverWitness.received == sent)
        for write in writes { try write.wait() }
    }

    @Test func `a refused client sends its alert, and both learn why before the end`() throws {
        let pair = try pair(server: "350700")
        let lost = pair.client.writeAndFlush(ByteBuffer(string: "for 350300 only"))
        try pair.run()
        #expect(pair.clientWitness.events.first == .refused(.memberUnexpected("350700")))
        #expect(pair.serverWitness.events.first == .refused(.alert(42)))
        #expect(pair.serverWitness.received.isEmpty)
        #expect(throws: ChannelError.self) { try lost.wait() }
    }

    @Test func `a client refused after its own handshake sees the alert as the reason`() throws {
        let pair = try ChannelPair(
            client: alliance.credentials("revoked"),
            server: alliance.credentials("350300")
        )
        pair.client.writeAndFlush(ByteBuffer(string: "sent too soon"), promise: nil)
        try pair.run()
        #expect(pair.serverWitness.events.first == .refused(.revoked))
        #expect(pair.serverWitness.received.isEmpty)
        #expect(
            pair.clientWitness.events.prefix(2) == [
                .peer(try #require(MemberCode("350300"))), .refused(.alert(44)),
            ]
        )
    }

    @Test func `a handshake that takes longer than 10 s is refused, and closed within 5 s`() throws
    {
        let pair = try pair()
        let loop = pair.server.embeddedEventLoop
        loop.advanceTime(by: .seconds(TLSHandler.handshakeSeconds - 1))
        #expect(pair.serverWitness.events.isEmpty)
        loop.advanceTime(by: .seconds(1))
        #expect(pair.serverWitness.events.first == .refused(.handshakeTimeout))
        loop.advanceTime(by: .seconds(5))
        #expect(!pair.server.isActive)
    }

    @Test func `a session that is open has no time limit`() throws {
        let pair = try pair()
        try pair.run()
        pair.server.embeddedEventLoop.advanceTime(by: .hours(24))
        #expect(pair.server.isActive)
    }

    @Test func `a close takes what was flushed along and tells the peer`() throws {
        let pair = try pair()
        try pair.run()
        pair.client.writeAndFlush(ByteBuffer(string: "last words"), promise: nil)
        let unflushed = pair.client.write(ByteBuffer(string: "never sent"))
        pair.client.close(promise: nil)
        try pair.run()
        #expect(pair.serverWitness.received == Bytes("last words".utf8))
        #expect(!pair.serverWitness.events.contains(.refused(.peerClosed)))
        #expect(throws: ChannelError.self) { try unflushed.wait() }
    }

    @Test func `a connection that just ends is reported as such`() throws {
        let pair = try pair()
        try pair.run()
        pair.server.pipeline.fireChannelInactive()
        #expect(pair.serverWitness.events.suffix(2) == [.refused(.peerClosed), .inactive])
    }

    @Test func `garbage ends the connection and nothing comes of it`() throws {
        let pair = try pair()
        let request = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try pair.server.writeInbound(request)
        guard case .refused(.protocolViolation) = pair.serverWitness.events.first else {
            Issue.record("an HTTP request is not refused")
            return
        }
        #expect(pair.serverWitness.received.isEmpty)
    }
}
