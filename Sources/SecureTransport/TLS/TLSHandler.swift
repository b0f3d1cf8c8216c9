package import NIOCore

/// A TLS session in a channel's pipeline: ciphertext towards the network, plaintext above.
///
/// `HandshakeCompleted` is fired before any plaintext. A refusal, by either side, is fired as
/// `TransportError.refused` as soon as it is known, and the channel closes. What is flushed is
/// encrypted in full records of 16 KiB, whatever the sizes of the writes; what is written before the
/// handshake is over waits for its end.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Fired once, as a user event, before any plaintext.
    package struct HandshakeCompleted: Hashable, Sendable {
        package let peer: PeerIdentity
    }

    package static let handshakeSeconds: Int64 = 10
    /// How long a connection may take to carry its last bytes away once it is to end.
    package static let lingerSeconds: Int64 = 3

    private enum Phase {
        /// Can transition to `open` and `ending`.
        case handshaking
        /// Can transition to `ending`.
        case open
        /// The last bytes are on their way; what comes in is thrown away.
        case ending
    }

    private let engine: TLSEngine
    private var outbound = TLSOutbound()
    private var phase = Phase.handshaking
    private var hasBegun = false
    private var hasDelivered = false
    /// The handshake's time limit, then that of the end.
    private var timer: Scheduled<Void>?
    private var closePromises: [EventLoopPromise<Void>] = []

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

    package func handlerRemoved(context: ChannelHandlerContext) {
        finish()
    }

    package func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if phase != .ending {
            phase = .ending
            engine.receiveEnd()
            fireRefusal(context)
        }
        finish()
        context.fireChannelInactive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !hasBegun else { return }
        hasBegun = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(Self.handshakeSeconds)) {
            let (handler, context) = bound.value
            guard handler.phase == .handshaking else { return }
            handler.engine.refuse(.handshakeTimeout)
            handler.advance(context)
        }
        engine.start()
        advance(context)
        context.read()
    }

    // MARK: Inbound

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .ending else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { engine.receive($0) }
        advance(context)
    }

    /// Where ciphertext came but no plaintext went up, the reader above is still waiting.
    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if !hasDelivered { context.read() }
        hasDelivered = false
    }

    /// Hands on whatever the engine has after it was fed: the peer, plaintext, ciphertext, the end.
    private func advance(_ context: ChannelHandlerContext) {
        if case .open(let peer) = engine.state, phase == .handshaking {
            phase = .open
            timer?.cancel()
            // The last of the handshake goes before anything that is written on the event.
            outbound.send(from: engine, context, promise: nil)
            context.flush()
            context.fireUserInboundEventTriggered(HandshakeCompleted(peer: peer))
            encrypt(context)
        }
        if phase == .open { deliver(context) }
        settle(context)
    }

    private func deliver(_ context: ChannelHandlerContext) {
        while case .open = engine.state, engine.inputByteCount > 0 {
            // Plaintext is shorter than its ciphertext, so one buffer holds what has come.
            let room = min(engine.inputByteCount, TLSOutbound.chunkBytes)
            var buffer = context.channel.allocator.buffer(capacity: room)
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) {
                engine.read(into: $0)
            }
            guard count > 0 else { return }
            hasDelivered = true
            context.fireChannelRead(wrapInboundOut(buffer))
        }
    }

    // MARK: Outbound

    package func write(
        context: ChannelHandlerContext,
        data: NIOAny,
        promise: EventLoopPromise<Void>?
    ) {
        guard phase != .ending else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        outbound.append(unwrapOutboundIn(data), promise)
    }

    package func flush(context: ChannelHandlerContext) {
        outbound.mark()
        guard phase == .open else { return }
        encrypt(context)
        settle(context)
    }

    private func encrypt(_ context: ChannelHandlerContext) {
        outbound.encrypt(with: engine, context)
        context.flush()
    }

    // MARK: The end

    package func close(
        context: ChannelHandlerContext,
        mode: CloseMode,
        promise: EventLoopPromise<Void>?
    ) {
        guard mode == .all else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        guard hasBegun, context.channel.isActive else {
            context.close(mode: mode, promise: promise)
            return
        }
        if let promise { closePromises.append(promise) }
        engine.close()
        settle(context)
    }

    /// Sends what the engine has left to say and, when it is closed, begins the end.
    private func settle(_ context: ChannelHandlerContext) {
        guard case .closed = engine.state, phase != .ending else {
            if engine.outputByteCount > 0 {
                outbound.send(from: engine, context, promise: nil)
                context.flush()
            }
            return
        }
        phase = .ending
        timer?.cancel()
        outbound.fail()
        fireRefusal(context)
        // The peer must be able to read our last words: so they are sent, then only our half is
        // closed. To close all of it while the peer's bytes lie unread would reset the connection
        // and throw away the alert that tells the peer why.
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) {
            bound.value.1.close(promise: nil)
        }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { result in
            let context = bound.value.1
            switch result {
            case .success: context.close(mode: .output, promise: nil)
            case .failure: context.close(promise: nil)
            }
        }
        outbound.send(from: engine, context, promise: sent)
        context.flush()
    }

    private func fireRefusal(_ context: ChannelHandlerContext) {
        guard case .closed(.refused(let reason)) = engine.state else { return }
        context.fireErrorCaught(TransportError.refused(reason))
    }

    /// Nothing goes in or out any more.
    private func finish() {
        timer?.cancel()
        timer = nil
        outbound.fail()
        let promises = closePromises
        closePromises = []
        for promise in promises { promise.succeed(()) }
    }
}
