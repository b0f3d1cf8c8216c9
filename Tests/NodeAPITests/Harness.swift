import AllianceModel
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
@testable import NodeAPI
import NodeRuntime
import Testing

/// Every case runs against the responder alone, and against a listening server over a socket.
enum Harness: CaseIterable, Sendable {
    case router, live

    /// Serves `node` and calls `body` with a client of it.
    func serving<Value: Sendable>(
        _ node: FakeNode = FakeNode(),
        door: Door = .tcp,
        waitsMaximum: Int = WaitLimit.countDefault,
        pace: Endpoints.Pace = Endpoints.Pace(),
        _ body: @escaping @Sendable (Client) async throws -> Value
    ) async throws -> Value {
        let application = Application(
            responder: APIResponder(
                door: door,
                endpoints: Endpoints(
                    service: node,
                    tokens: TokenDirectory(Tokens.file),
                    hosts: ["node.example"],
                    version: "1.0.0",
                    waitsMaximum: waitsMaximum,
                    pace: pace,
                    wallMilliseconds: { Fixtures.now }
                ),
                logger: Harness.quiet
            ),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            logger: Harness.quiet
        )
        let framework: TestingSetup = self == .router ? .router : .live
        return try await application.test(framework) { try await body(Client(inner: $0)) }
    }

    static let quiet: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()
}

struct Client: Sendable {
    let inner: any TestClientProtocol

    func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        as token: String? = Tokens.operator,
        _ headers: [String: String] = [:]
    ) async throws -> Reply {
        try await ask(method, path, bytes: body.map { Bytes($0.utf8) }, as: token, headers)
    }

    func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        bytes: Bytes?,
        as token: String? = Tokens.operator,
        _ headers: [String: String] = [:]
    ) async throws -> Reply {
        var fields = HTTPFields()
        if let token { fields[.authorization] = "Bearer \(token)" }
        if bytes != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let response = try await inner.executeRequest(
            uri: path,
            method: method,
            headers: fields,
            body: bytes.map { ByteBuffer(bytes: $0) }
        )
        return Reply(response)
    }

    /// A new case of GJJ-07 with these fields beside the applicant.
    func makeCase(_ fields: String = "") async throws -> Reply {
        let more = fields.isEmpty ? "" : ", \(fields)"
        return try await ask(
            .post,
            "/v1/records",
            "{\"item\":\"GJJ-07\",\"home\":\"350300\",\"fields\":{\"applicantId\":\"\(Fixtures.identity)\"\(more)}}"
        )
    }
}

struct Reply: Sendable {
    let status: Int
    let headers: HTTPFields
    let bytes: Bytes

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        bytes = Bytes(response.body.readableBytesView)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSON? { try? JSONReader.read(bytes) }
    var code: String? { json?["code"]?.string?.string }
    var field: String? { json?["field"]?.string?.string }
    var id: String { json?["id"]?.string?.string ?? "" }
    var etag: String? { headers[.eTag] }

    /// The value of a field, as JSON text.
    subscript(_ field: Text) -> String? { json?["fields"]?[field].map(Reply.text) }

    static func text(_ json: JSON) -> String {
        switch json {
        case .null: "null"
        case .boolean(let flag): "\(flag)"
        case .number(let text): text.string
        case .string(let text): "\"\(text)\""
        case .unusableString: "?"
        case .array(let elements): "[" + elements.map(text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\"\($0.key)\":" + text($0.value) }.joined(separator: ",") + "}"
        }
    }
}
