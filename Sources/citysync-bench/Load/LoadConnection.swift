import NIOCore
import NIOPosix

/// One keep-alive connection that sends a prepared request, waits for its answer, and sends the next:
/// plain NIO, so that the load costs the machine as little as it can.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct Answer {
        var status: Int
        var body: ByteBuffer
        /// Nanoseconds from the sending of the request to the answer's last byte.
        var nanoseconds: UInt64
        /// When that byte was here.
        var moment: NIODeadline
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The next request; nil ends the connection.
    private let next: () -> PreparedRequest?
    private let take: (Answer) -> Void
    private let done: EventLoopPromise<Void>
    private var buffer = ByteBuffer()
    private var sentAt = NIODeadline.now()
    private var isDone = false

    private init(
        next: @escaping () -> PreparedRequest?,
        take: @escaping (Answer) -> Void,
        done: EventLoopPromise<Void>
    ) {
        self.next = next
        self.take = take
        self.done = done
    }

    /// Runs one connection to a node's socket until `next` has no more.
    ///
    /// Both closures are called on the connection's event loop.
    static func run(
        socket: String,
        on loop: any EventLoop,
        next: @escaping @Sendable () -> PreparedRequest?,
        take: @escaping @Sendable (Answer) -> Void
    ) async throws {
        let done = loop.makePromise(of: Void.self)
        do {
            _ = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LoadConnection(next: next, take: take, done: done)
                        )
                    }
                }
                .connect(unixDomainSocketPath: socket)
                .get()
        } catch {
            done.fail(error)
        }
        try await done.futureResult.get()
    }

    func channelActive(context: ChannelHandlerContext) {
        sendNext(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        buffer.writeBuffer(&part)
        do throws(Failure) {
            while let answer = try parse() {
                take(answer)
                sendNext(context)
            }
        } catch {
            end(context, error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, Failure(description: "the node closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, error)
    }

    private func sendNext(_ context: ChannelHandlerContext) {
        guard let request = next() else {
            end(context, nil)
            return
        }
        guard let due = request.due, due > .now() else {
            send(request, context)
            return
        }
        context.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            if !self.isDone { self.send(request, context) }
        }
    }

    private func send(_ request: PreparedRequest, _ context: ChannelHandlerContext) {
        sentAt = .now()
        context.writeAndFlush(wrapOutboundOut(request.bytes), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext, _ error: (any Error)?) {
        guard !isDone else { return }
        isDone = true
        if let error { done.fail(error) } else { done.succeed(()) }
        context.close(promise: nil)
    }

    /// One whole answer with a Content-Length; nil while it has not come in whole.
    private func parse() throws(Failure) -> Answer? {
        let view = buffer.readableBytesView
        guard let headEnd = Self.endOfHead(view) else { return nil }
        let head = String(decoding: view[..<headEnd], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Failure(description: "an answer that is no HTTP") }
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        guard let length else {
            throw Failure(description: "an answer without its length: \(head)")
        }
        guard view.endIndex - headEnd >= length else { return nil }
        buffer.moveReaderIndex(forwardBy: headEnd - view.startIndex)
        guard let body = buffer.readSlice(length: length) else { return nil }
        buffer.discardReadBytes()
        let now = NIODeadline.now()
        return Answer(
            status: status,
            body: body,
            nanoseconds: UInt64((now - sentAt).nanoseconds),
            moment: now
        )
    }

    private static func endOfHead(_ view: ByteBufferView) -> Int? {
        var index = view.startIndex
        while index + 3 < view.endIndex {
            if view[index] == 13, view[index + 1] == 10, view[index + 2] == 13,
                view[index + 3] == 10
            {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}
