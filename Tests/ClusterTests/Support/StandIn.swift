import ClusterHarness
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server that looks like a node to a client, keeps its records in memory and can be "killed".
///
/// An honest one stores before it answers; a lying one answers first and stores a little later, so
/// that a kill takes what it acknowledged.
final class StandIn: Sendable {
    private struct State {
        var stored = Contents()
        /// What clients see: the stored and what is not stored yet.
        var current = Contents()
        var channels: [any Channel] = []
        var writes = 0
    }

    private struct Contents {
        var records: [String: JSON] = [:]
        var answers: [String: JSON] = [:]
    }

    let port: Int
    private let isHonest: Bool
    private let state = Mutex(State())

    init(isHonest: Bool) {
        self.isHonest = isHonest
        port = FreePorts.take()
    }

    var client: NodeClient { NodeClient(port: port, token: nil) }

    func start() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(StandInHandler(self))
                    self.state.withLock { $0.channels.append(channel) }
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.channels.append(server) }
    }

    /// What was only in memory is gone.
    func kill() async throws {
        let channels = state.withLock { state in
            state.current = state.stored
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels.reversed() {
            channel.close(promise: nil)
            try? await channel.closeFuture.get()
        }
    }

    /// Carries a request out; returns status and body.
    func answer(
        _ method: String,
        _ path: String,
        _ key: String?,
        _ body: [UInt8]
    ) throws -> (Int, String) {
        try state.withLock { state in
            defer {
                // The lie: every 20th write only brings what was acknowledged before to safety.
                if method != "GET" { state.writes += 1 }
                if isHonest || state.writes % 20 == 0 { state.stored = state.current }
            }
            if method == "GET" {
                let rows = state.current.records.values.map { $0 }
                return try (200, StandIn.text(["records": .array(rows), "next": nil]))
            }
            if let key, let former = state.current.answers[key] {
                return try (method == "POST" ? 201 : 200, StandIn.text(former))
            }
            if path.hasSuffix(":import") {
                let lines = try body.split(separator: 10).enumerated().map { number, line in
                    let record = StandIn.create(try JSON(parsing: Array(line)), in: &state.current)
                    let answer: JSON = [
                        "line": .integer(Int64(number + 1)), "id": record["id"], "status": 201,
                    ]
                    return try StandIn.text(answer)
                }
                return (200, lines.joined(separator: "\n") + "\n")
            }
            let request = try JSON(parsing: body)
            let record: JSON
            if method == "POST" {
                record = StandIn.create(request, in: &state.current)
            } else {
                let id = String(path.split(separator: "/").last ?? "")
                // A record that a kill took: a real node would say 404, and so be found out at once.
                guard var known = state.current.records[id] else { return (200, "{}") }
                StandIn.apply(request["fields"], to: &known)
                state.current.records[id] = known
                record = known
            }
            if let key { state.current.answers[key] = record }
            return try (method == "POST" ? 201 : 200, StandIn.text(record))
        }
    }

    private static func create(_ request: JSON, in contents: inout Contents) -> JSON {
        let id = request["id"].string ?? UUID().uuidString
        var record: JSON = [
            "id": .string(id), "item": request["item"], "fields": request["fields"],
        ]
        record["fields"]["materials"] = []
        contents.records[id] = record
        return record
    }

    private static func apply(_ fields: JSON, to record: inout JSON) {
        for (name, value) in fields.members {
            let added = value["add"].elements
            record["fields"][name] =
                added.isEmpty ? value : .array(record["fields"][name].elements + added)
        }
    }

    private static func text(_ json: JSON) throws -> String {
        String(decoding: try json.bytes, as: UTF8.self)
    }
}

private final class StandInHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: StandIn
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: StandIn) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            let path = String(head.uri.split(separator: "?")[0])
            let key = head.headers.first(name: "Idempotency-Key")
            let (status, text) =
                (try? server.answer(head.method.rawValue, path, key, body)) ?? (400, "")
            body = []
            respond(status, text, context)
        }
    }

    private func respond(_ status: Int, _ text: String, _ context: ChannelHandlerContext) {
        let headers = HTTPHeaders([
            ("Content-Length", "\(text.utf8.count)"), ("Content-Type", "application/json"),
        ])
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: status),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
