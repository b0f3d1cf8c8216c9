import AsyncHTTPClient
import Foundation
package import NIOCore
import NIOHTTP1
import NIOPosix

/// Drives one node over its HTTP API, with connections kept alive and any number of requests at
/// once.
///
/// Nothing is ever sent twice behind the caller's back.
package struct NodeClient: Sendable {
    /// Why there is no 2xx answer.
    package enum Failure: Error, CustomStringConvertible {
        /// Nothing was sent: the request has certainly no effect.
        case notConnected(String)
        /// Sent, and no answer came: it may have been carried out or not.
        case unanswered(String)
        case refused(Reply)

        package var description: String {
            switch self {
            case .notConnected(let text): "not connected: \(text)"
            case .unanswered(let text): "no answer: \(text)"
            case .refused(let reply): "\(reply.status) \(reply.text)"
            }
        }

        /// The code of a refusal.
        package var code: String? {
            guard case .refused(let reply) = self else { return nil }
            return (try? reply.json)?["code"].string
        }
    }

    package struct Reply: Sendable {
        package var status: Int
        package var etag: String?
        package var mediaType: String?
        package var body: ByteBuffer

        package var json: JSON {
            get throws { try JSON(parsing: Array(body.readableBytesView)) }
        }
        package var text: String { String(buffer: body) }
        package var isSuccess: Bool { (200..<300).contains(status) }
    }

    package struct Request: Sendable {
        package var method: String
        /// With its query, encoded.
        package var path: String
        package var body: ByteBuffer?
        package var mediaType = "application/json"
        package var idempotencyKey: String?
        package var ifMatch: String?
        package var headers: [String: String] = [:]
        package var limit: TimeAmount = .seconds(60)

        package init(_ method: String, _ path: String, _ body: JSON? = nil) throws {
            self.method = method
            self.path = path
            self.body = try body.map { ByteBuffer(bytes: try $0.bytes) }
        }
    }

    /// One for the process; it lives as long as that.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let base: String
    private let token: String?

    /// Over the Unix socket: as operator.
    package init(socket: String) {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._"))
        base =
            "http+unix://"
            + (socket.addingPercentEncoding(withAllowedCharacters: allowed) ?? socket)
        token = nil
    }

    /// Over TCP on loopback.
    package init(port: Int, token: String?) {
        base = "http://127.0.0.1:\(port)"
        self.token = token
    }

    /// Whatever the node answers; throws only `notConnected` and `unanswered`.
    package func send(_ request: Request) async throws -> Reply {
        var message = HTTPClientRequest(url: base + request.path)
        message.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers {
            message.headers.replaceOrAdd(name: name, value: value)
        }
        if let token {
            message.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)")
        }
        if let key = request.idempotencyKey {
            message.headers.replaceOrAdd(name: "Idempotency-Key", value: key)
        }
        if let etag = request.ifMatch {
            message.headers.replaceOrAdd(name: "If-Match", value: etag)
        }
        if !message.headers.contains(name: "Host"), base.hasPrefix("http+unix") {
            message.headers.replaceOrAdd(name: "Host", value: "localhost")
        }
        if let body = request.body {
            message.headers.replaceOrAdd(name: "Content-Type", value: request.mediaType)
            message.body = .bytes(body)
        }
        do {
            let response = try await NodeClient.http.execute(message, timeout: request.limit)
            let body = try await response.body.collect(upTo: 1 << 30)
            return Reply(
                status: Int(response.status.code),
                etag: response.headers.first(name: "ETag"),
                mediaType: response.headers.first(name: "Content-Type"),
                body: body
            )
        } catch {
            throw NodeClient.failure(error)
        }
    }

    /// The reply, if it is a 2xx.
    package func succeed(_ request: Request) async throws -> Reply {
        let reply = try await send(request)
        guard reply.isSuccess else { throw Failure.refused(reply) }
        return reply
    }

    package func get(_ path: String) async throws -> JSON {
        try await succeed(try Request("GET", path)).json
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case let error as IOError where codesOfConnecting.contains(error.errnoCode):
            .notConnected("\(error)")
        case is NIOConnectionError: .notConnected("\(error)")
        case let error as HTTPClientError where error == .connectTimeout:
            .notConnected("\(error)")
        default: .unanswered("\(error)")
        }
    }

    /// What connect(2) answers, and reading or writing an open connection does not.
    private static let codesOfConnecting: Set<Int32> = [
        ECONNREFUSED, ENOENT, ENOTSOCK, ENOTDIR, EAGAIN,
    ]
}
