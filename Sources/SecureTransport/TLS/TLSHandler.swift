package import NIOCore

/// Why a connection is closed before or instead of an orderly end.
package enum TransportError: Error, Hashable, Sendable {
    case refused(RefusalReason)
}

/// A TLS session in a channel's pipeline: ciphertext towards the network, plaintext above.
///
/// `HandshakeCompleted` is fired before any plaintext. A refusal, by either side, is fired as
/// `TransportError.refused` and closes the channel. What is written is encrypted at `flush`, in
/// records of 16 KiB.
package final class TLSHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Fired once, as a user event, before any plaintext.
    package struct HandshakeCompleted: Sendable {
        package let peer: PeerIdentity
    }

    package static let handshakeSeconds: Int64 = 10
    /// How long a refused connection may take to carry its alert away.
    private static let lingerSeconds: Int64 = 3
    private static let readBytes = 64 << 10

    private let engine: TLSEngine
    private var pending: [(buffer: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    private var isOpen = false
    private var isEnding = false
    private var timeout: Scheduled<Void>?

    package init(engine: TLSEngine) {
        self.engine = engine
    }

    package convenience init(
        credentials: Credentials,
        policy: PeerPolicy,
        nowUnixSeconds: Int64
    ) throws(CredentialsError) {
        self.init(
            engine: try TLSEngine(
                credentials: credentials,
                policy: policy,
                nowUnixSeconds: nowUnixSeconds
            )
        )
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        timeout?.cancel()
        if !isEnding {
            engine.receiveEnd()
            // A cut, or the end of a session that was never open.
            if case .closed(.refused(let reason)) = engine.state {
                isEnding = true
                context.fireErrorCaught(TransportError.refused(reason))
            }
        }
        failPending()
        context.fireChannelInactive()
    }

    // MARK: Inbound

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { engine.receive($0) }
        advance(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard timeout == nil else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: .seconds(Self.handshakeSeconds)) {
            let (handler, context) = bound.value
            guard !handler.isOpen else { return }
            handler.engine.refuse(.handshakeTimeout)
            handler.advance(context)
        }
        engine.start()
        advance(context)
    }

    /// Hands on whatever the engine has after it was fed: ciphertext, the peer, plaintext, the end.
    private func advance(_ context: ChannelHandlerContext) {
        send(context)
        if case .open(let peer) = engine.state, !isOpen {
            isOpen = true
            timeout?.cancel()
            context.fireUserInboundEventTriggered(HandshakeCompleted(peer: peer))
            encrypt(context)
        }
        if isOpen { deliver(context) }
        send(context)
        if case .closed(let closure) = engine.state { end(closure, context) }
    }

    private func deliver(_ context: ChannelHandlerContext) {
        while true {
            var buffer = context.channel.allocator.buffer(capacity: Self.readBytes)
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.readBytes) {
                engine.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<Self.readBytes]))
            }
            guard count > 0 else { return }
            context.fireChannelRead(wrapInboundOut(buffer))
        }
    }

    // MARK: Outbound

    package func write(
        context: ChannelHandlerContext,
        data: NIOAny,
        promise: EventLoopPromise<Void>?
    ) {
        pending.append((unwrapOutboundIn(data), promise))
    }

    package func flush(context: ChannelHandlerContext) {
        guard isOpen else { return }
        encrypt(context)
        send(context)
        if case .closed(let closure) = engine.state { end(closure, context) }
    }

    package func close(
        context: ChannelHandlerContext,
        mode: CloseMode,
        promise: EventLoopPromise<Void>?
    ) {
        guard !isEnding else {
            context.close(mode: mode, promise: promise)
            return
        }
        isEnding = true
        encrypt(context)
        engine.close()
        send(context)
        failPending()
        context.close(mode: mode, promise: promise)
    }

    private func encrypt(_ context: ChannelHandlerContext) {
        guard isOpen, !pending.isEmpty else { return }
        let writes = pending
        pending = []
        for (buffer, promise) in writes {
            if buffer.withUnsafeReadableBytes({ engine.write($0) }) {
                promise?.succeed(())
            } else {
                promise?.fail(ChannelError.ioOnClosedChannel)
            }
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        let count = engine.outputByteCount
        guard count > 0 else { return }
        var buffer = context.channel.allocator.buffer(capacity: count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
            engine.readOutput(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    // MARK: The end

    private func end(_ closure: TLSEngine.Closure, _ context: ChannelHandlerContext) {
        guard !isEnding else { return }
        isEnding = true
        timeout?.cancel()
        failPending()
        if case .refused(let reason) = closure {
            context.fireErrorCaught(TransportError.refused(reason))
        }
        // The alert goes first, and the peer reads it before a reset can overtake it: so only our
        // half is closed, and the rest when the peer closes or after a while.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.close(mode: .output, promise: nil)
        context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) {
            bound.value.close(promise: nil)
        }
    }

    private func failPending() {
        let writes = pending
        pending = []
        for (_, promise) in writes { promise?.fail(ChannelError.ioOnClosedChannel) }
    }
}

extension TLSHandler: @unchecked Sendable {}
