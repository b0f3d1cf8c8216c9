import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Stands in for a node's API on a Unix socket or on loopback, and keeps what it was asked.
final class StubNode: Sendable {
    struct Request: Sendable {
        var method: String
        var uri: String
        var headers: [String: String]
        var body: String

        /// Method and path with its query, as a test names an expectation.
        var line: String { "\(method) \(uri)" }
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = "{}"
        /// Reads the request and closes without an answer.
        var hangsUp = false

        static func json(_ body: String, status: Int = 200) -> Reply {
            Reply(status: status, headers: [("Content-Type", "application/json")], body: body)
        }

        static func problem(_ status: Int, _ code: String, _ more: String = "") -> Reply {
            Reply(
                status: status,
                headers: [("Content-Type", "application/problem+json")],
                body: #"{"status":\#(status),"code":"\#(code)"\#(more)}"#
            )
        }
    }

    typealias Answering = @Sendable (Request) -> Reply

    private let channel: any Channel
    private let requests: Requests
    /// As `--api` takes it.
    let api: String

    /// Every request received, in order.
    var received: [Request] { requests.all }

    private init(channel: any Channel, api: String, requests: Requests) {
        self.channel = channel
        self.api = api
        self.requests = requests
    }

    /// Serves while `body` runs.
    static func serving<Result: Sendable>(
        overTCP: Bool = false,
        _ answering: @escaping Answering,
        _ body: (StubNode) async throws -> Result
    ) async throws -> Result {
        let requests = Requests()
        let bootstrap = ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        StubHandler(answering: answering, requests: requests)
                    )
                }
            }
        let path = "/tmp/cs-\(UUID().uuidString).sock"
        let channel: any Channel
        let api: String
        if overTCP {
            channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            api = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
        } else {
            channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
            api = "unix:\(path)"
        }
        let node = StubNode(channel: channel, api: api, requests: requests)
        do {
            let result = try await body(node)
            try await channel.close()
            unlink(path)
            return result
        } catch {
            try await channel.close()
            unlink(path)
            throw error
        }
    }
}

/// What several event loops write and a test reads.
private final class Requests: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [StubNode.Request] = []

    var all: [StubNode.Request] { lock.withLock { list } }
    func append(_ request: StubNode.Request) { lock.withLock { list.append(request) } }
}

private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answering: StubNode.Answering
    private let requests: Requests
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(answering: @escaping StubNode.Answering, requests: Requests) {
        self.answering = answering
        self.requests = requests
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            let request = StubNode.Request(
                method: head.method.rawValue,
                uri: head.uri,
                headers: head.headers.reduce(into: [:]) { $0[$1.name.lowercased()] = $1.value },
                body: String(decoding: body, as: UTF8.self)
            )
            requests.append(request)
            answer(answering(request), context)
        }
    }

    private func answer(_ reply: StubNode.Reply, _ context: ChannelHandlerContext) {
        guard !reply.hangsUp else {
            context.close(promise: nil)
            return
        }
        var headers = HTTPHeaders(reply.headers)
        headers.replaceOrAdd(name: "Content-Length", value: String(reply.body.utf8.count))
        let status = HTTPResponseStatus(statusCode: reply.status)
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: reply.body)))),
            promise: nil
        )
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
