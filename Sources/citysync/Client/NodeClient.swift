import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks one node over its HTTP API.
struct NodeClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var etag: String?
        var body: [UInt8]
    }

    /// The most that one answer may hold: a page of 1000 records of 1 MiB each.
    private static let answerBytesMaximum = 1 << 30

    let endpoint: Endpoint
    private let secret: TokenSecret?
    private let http: HTTPClient

    /// Runs `body` with a client for the node that the options name, and closes it after.
    static func with<Result: Sendable>(
        _ options: GlobalOptions,
        _ body: (NodeClient) async throws -> Result
    ) async throws -> Result {
        let console = Console.current
        let endpoint = try options.endpoint(console)
        var secret: TokenSecret?
        if case .tcp(let base, let isLoopback, let isEncrypted) = endpoint {
            // The local socket goes by the rights of its file and wants no token.
            secret = try options.tokenPath(console).map { path throws(Failure) in
                guard isLoopback || isEncrypted else { throw NodeClient.inTheClear(base) }
                return try TokenSecret(path: path)
            }
        }
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let client = NodeClient(endpoint: endpoint, secret: secret, http: http)
            let result = try await body(client)
            try await http.shutdown()
            return result
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        // A node that is down is said to be down at once; commands that wait ask again themselves.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private static func inTheClear(_ base: String) -> Failure {
        .cannotAsk(
            """
            \(Escaping.shown(base)) is not this machine and not encrypted: the token would travel in \
            the clear.
              Do: use https:// through the node's reverse proxy, or the local socket there.
            """
        )
    }

    func get(
        _ path: [String],
        query: [(String, String?)] = [],
        timeout: TimeAmount = .seconds(60)
    ) async throws -> Answer {
        try await ask(.GET, path, query: query, timeout: timeout)
    }

    /// Sends a request and returns a 2xx answer; everything else is thrown as a `Failure`.
    ///
    /// `path` is the segments behind `/v1`, not yet encoded.
    func ask(
        _ method: HTTPMethod,
        _ path: [String],
        query: [(String, String?)] = [],
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        timeout: TimeAmount = .seconds(60)
    ) async throws -> Answer {
        // A colon is legal in a segment and stands in one route (`records:import`).
        let segments = path.map {
            PercentEncoding.component($0).split(separator: "%3A", omittingEmptySubsequences: false)
                .joined(separator: ":")
        }
        let target = "/v1/" + segments.joined(separator: "/") + PercentEncoding.query(query)
        var request = HTTPClientRequest(url: endpoint.url(target))
        request.method = method
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if case .unix = endpoint { request.headers.replaceOrAdd(name: "Host", value: "localhost") }
        if let secret {
            request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(secret.text)")
        }
        request.headers.replaceOrAdd(name: "User-Agent", value: "citysync/\(Citysync.version)")
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let answer: Answer
        do {
            let response = try await http.execute(request, timeout: timeout)
            let bytes = try await response.body.collect(upTo: NodeClient.answerBytesMaximum)
            answer = Answer(
                status: Int(response.status.code),
                etag: response.headers.first(name: "ETag"),
                body: Array(bytes.readableBytesView)
            )
        } catch {
            throw failure(error, isWrite: method != .GET)
        }
        guard (200..<300).contains(answer.status) else {
            throw Failure.refused(Problem(status: answer.status, body: answer.body))
        }
        return answer
    }
}

extension NodeClient {
    /// Tells a node that could not be reached, where nothing was sent, from one that did not answer.
    private func failure(_ error: any Error, isWrite: Bool) -> Failure {
        let place = Escaping.shown(endpoint.text)
        if let reason = NodeClient.reasonNotConnected(error) {
            return .cannotAsk(
                "Cannot reach the node at \(place): \(reason.text).\n  Do: \(remedy(reason))"
            )
        }
        let text = "The node at \(place) did not answer: \(NodeClient.text(error))."
        guard isWrite else { return .cannotAsk(text + "\n  Do: see that citysyncd runs there.") }
        return .answerLost(text + "\n  It may have carried the request out all the same.")
    }

    struct NotConnected {
        var text: String
        /// The number of the system call's error, where it was one.
        var code: Int32?
    }

    /// What connect(2) and socket(2) answer, and reading or writing an open connection does not.
    private static let codesOfConnecting: Set<Int32> = [
        ECONNREFUSED, ENOENT, EACCES, EPERM, ENOTSOCK, EPROTOTYPE, ENOTDIR, EHOSTUNREACH,
        ENETUNREACH,
        EADDRNOTAVAIL, EAFNOSUPPORT,
    ]

    static func reasonNotConnected(_ error: any Error) -> NotConnected? {
        switch error {
        case let error as IOError where codesOfConnecting.contains(error.errnoCode):
            NotConnected(text: SystemError.text(error.errnoCode), code: error.errnoCode)
        case let error as NIOConnectionError:
            reasonNotConnected(error)
        case let error as HTTPClientError where error == .connectTimeout:
            NotConnected(text: "no connection within the time allowed", code: nil)
        case is SocketAddressError:
            NotConnected(
                text: "this is no usable address (a socket's path has at most 107 bytes)",
                code: nil
            )
        default: nil
        }
    }

    private static func reasonNotConnected(_ error: NIOConnectionError) -> NotConnected {
        if let last = error.connectionErrors.last?.error as? IOError {
            return NotConnected(text: SystemError.text(last.errnoCode), code: last.errnoCode)
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return NotConnected(
                text: "the name \(Escaping.shown(error.host)) is not known",
                code: nil
            )
        }
        return NotConnected(text: "no connection", code: nil)
    }

    private func remedy(_ reason: NotConnected) -> String {
        switch (endpoint, reason.code) {
        case (.unix, EACCES), (.unix, EPERM):
            "run citysync as root or as a user who may use the socket, or use the API over TCP with "
                + "--api and --token-file."
        case (.unix, _):
            "see that citysyncd runs (systemctl status citysyncd) and that api.socket in its node.yaml "
                + "is this path; name another place with --api or CITYSYNC_API."
        case (.tcp, _):
            "see that citysyncd runs and that api.listen in its node.yaml is this address; name another "
                + "place with --api or CITYSYNC_API."
        }
    }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as IOError: SystemError.text(error.errnoCode)
        case let error as HTTPClientError where error == .deadlineExceeded:
            "the time allowed is over"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            "the connection was closed"
        default: Escaping.shown("\(error)")
        }
    }
}
