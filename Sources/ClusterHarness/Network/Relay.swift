import NIOCore
import NIOPosix
import Synchronization

/// One connection through a link: two channels on one event loop, on which everything here runs.
final class Relay: @unchecked Sendable {
    private enum Side: Int { case near, far }

    /// What one channel gave and the other has not got.
    private struct Direction {
        var held: [ByteBuffer] = []
        var hasEnded = false
        var hasPassedEnd = false
    }

    private let near: any Channel
    private var far: (any Channel)?
    private let target: Int
    private let state: LinkState
    /// Indexed by the side that gives.
    private var directions = [Direction(), Direction()]
    private var isDialling = false
    /// One of the channels is closed for good.
    private var hasGone = false
    private var isClosed = false

    init(near: any Channel, target: Int, state: LinkState) {
        self.near = near
        self.target = target
        self.state = state
    }

    private var loop: any EventLoop { near.eventLoop }

    /// Called by the channel's initializer, hence on its loop, before anything can arrive.
    func begin() throws {
        state.add(self)
        try near.pipeline.syncOperations.addHandler(RelayHandler(self, isNear: true))
        move()
    }

    /// From any thread.
    func stateChanged() { loop.execute { self.move() } }
    func close() { loop.execute { self.finish() } }

    /// Does what can be done now; nothing while the link is cut.
    private func move() {
        guard !isClosed, !state.isCut else { return }
        guard let far else { return dial() }
        pass(from: .near, to: far)
        pass(from: .far, to: near)
        if hasGone || directions.allSatisfy(\.hasPassedEnd) { return finish() }
        // Read only what the other side can take.
        if far.isWritable { near.read() }
        if near.isWritable { far.read() }
    }

    private func pass(from side: Side, to channel: any Channel) {
        let held = directions[side.rawValue].held
        directions[side.rawValue].held = []
        for buffer in held {
            state.bytesPassed.add(buffer.readableBytes, ordering: .relaxed)
            channel.write(buffer, promise: nil)
        }
        if !held.isEmpty { channel.flush() }
        if directions[side.rawValue].hasEnded, !directions[side.rawValue].hasPassedEnd {
            directions[side.rawValue].hasPassedEnd = true
            channel.close(mode: .output, promise: nil)
        }
    }

    private func dial() {
        guard !isDialling else { return }
        isDialling = true
        ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = RelayHandler(self, isNear: false)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: target)
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    self.far = channel
                    if self.isClosed { channel.close(promise: nil) } else { self.move() }
                case .failure:
                    self.finish()
                }
            }
    }

    func received(_ buffer: ByteBuffer, isNear: Bool) {
        directions[(isNear ? Side.near : Side.far).rawValue].held.append(buffer)
    }

    func readIsComplete() { move() }

    func ended(isNear: Bool) {
        directions[(isNear ? Side.near : Side.far).rawValue].hasEnded = true
        move()
    }

    /// The channel is gone for good; what it gave last still passes.
    func becameInactive(isNear: Bool) {
        guard !isClosed else { return }
        hasGone = true
        ended(isNear: isNear)
    }

    func becameWritable() { move() }

    private func finish() {
        guard !isClosed else { return }
        isClosed = true
        state.remove(self)
        near.close(promise: nil)
        far?.close(promise: nil)
    }
}

/// Tells the relay what happens on one of its channels.
private final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let relay: Relay
    private let isNear: Bool

    init(_ relay: Relay, isNear: Bool) {
        self.relay = relay
        self.isNear = isNear
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        relay.received(unwrapInboundIn(data), isNear: isNear)
    }

    func channelReadComplete(context: ChannelHandlerContext) { relay.readIsComplete() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { relay.becameWritable() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            relay.ended(isNear: isNear)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { relay.becameInactive(isNear: isNear) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
