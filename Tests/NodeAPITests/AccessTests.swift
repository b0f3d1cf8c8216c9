import AllianceFiles
import AllianceModel
import HTTPTypes
import Hummingbird
import Logging
@testable import NodeAPI
import NIOCore
import NIOEmbedded
import NodeRuntime
import Testing

struct AccessTests {
    @Test(arguments: [
        "localhost", "LOCALHOST:7421", "127.0.0.1", "127.0.0.1:7421", "127.255.0.3", "[::1]",
        "[::1]:80", "node.example", "Node.Example:443",
    ])
    func `loopback and the names of the configuration are Hosts of ours`(host: String) {
        #expect(HostRule(hosts: ["node.example"]).allows(host: host))
    }

    @Test(arguments: [
        nil, "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.1",
        "10.0.0.1",
        "0.0.0.0", "node.example.", "node.example:x", "localhost:", "localhost:65536",
        "localhost:1:2",
        "[::2]", "[::1", "[::1]x", "127.0.0.256", " localhost", "user@localhost",
    ])
    func `any other Host is refused`(host: String?) {
        #expect(!HostRule(hosts: ["node.example"]).allows(host: host))
    }

    @Test
    func `a port in the configuration binds the name to it`() {
        let rule = HostRule(hosts: ["node.example:8443"])
        #expect(rule.allows(host: "node.example:8443"))
        #expect(!rule.allows(host: "node.example") && !rule.allows(host: "node.example:1"))
    }

    @Test(
        arguments: [
            (nil, true), ("http://localhost:7421", true), ("https://node.example", true),
            ("http://localhost", false), ("https://evil.example", false), ("null", false),
            ("file://", false), ("http://node.example.evil.example", false), ("http://", false),
            ("", false),
        ] as [(String?, Bool)]
    )
    func `an Origin is the request's own Host, or a name of the configuration`(
        origin: String?,
        isAllowed: Bool
    ) {
        let rule = HostRule(hosts: ["node.example"])
        #expect(rule.allows(origin: origin, host: "localhost:7421") == isAllowed)
    }

    private func reply(
        door: Door,
        host: String?,
        path: String = "/healthz",
        headers: HTTPFields = [:]
    ) async throws -> Response {
        let responder = APIResponder(
            door: door,
            endpoints: Endpoints(
                service: FakeNode(),
                tokens: TokenDirectory(Tokens.file),
                hosts: [],
                version: "1"
            ),
            logger: Harness.quiet
        )
        let head = HTTPRequest(
            method: .get,
            scheme: "http",
            authority: host,
            path: path,
            headerFields: headers
        )
        let source = ApplicationRequestContextSource(
            channel: EmbeddedChannel(),
            logger: Harness.quiet
        )
        return try await responder.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
            context: APIContext(source: source)
        )
    }

    @Test
    func `over TCP a foreign Host is refused before anything else`() async throws {
        for path in ["/healthz", "/nowhere", "/v1/status"] {
            for host in [nil, "evil.example"] {
                let response = try await reply(door: .tcp, host: host, path: path)
                #expect(response.status.code == 403)
            }
        }
        #expect(try await reply(door: .tcp, host: "localhost").status == .ok)
    }

    @Test
    func `the socket asks for neither Host nor token`() async throws {
        for path in ["/healthz", "/v1/status", "/v1/audit"] {
            let response = try await reply(
                door: .socket,
                host: "evil.example",
                path: path,
                headers: [.origin: "https://evil.example"]
            )
            #expect(response.status == .ok)
        }
    }

    @Test(arguments: Harness.allCases)
    func `probes are open, and HEAD is GET without a body`(harness: Harness) async throws {
        try await harness.serving { client in
            for path in ["/healthz", "/readyz"] {
                let reply = try await client.ask(.get, path, as: nil)
                #expect(reply.status == 200 && !reply.bytes.isEmpty)
            }
            let head = try await client.ask(.head, "/v1/status")
            #expect(head.status == 200 && head.bytes.isEmpty)
            let get = try await client.ask(.get, "/v1/status")
            #expect(head.headers[.contentLength] == get.headers[.contentLength])
        }
    }

    @Test
    func `a token is known by its whole text, until it is expired, revoked or replaced`() {
        let tokens = TokenDirectory(Tokens.file)
        let known = tokens.principal(of: Tokens.clerk, nowMilliseconds: Fixtures.now)
        #expect(known == Principal(actor: "counter clerk", role: .clerk))
        #expect(tokens.principal(of: Tokens.clerk, nowMilliseconds: Fixtures.now + 1) == nil)
        #expect(tokens.principal(of: Tokens.expired, nowMilliseconds: Fixtures.now) == nil)
        #expect(tokens.principal(of: Tokens.expired, nowMilliseconds: Fixtures.now - 1) != nil)
        for wrong in ["", "cs_", "cs__x", "cs_clerk", "cs_clerk_", "clerk", "cs_CLERK_x"] {
            #expect(tokens.principal(of: wrong, nowMilliseconds: Fixtures.now) == nil)
        }
        tokens.replace(with: TokensFile(entries: []))
        #expect(tokens.principal(of: Tokens.reader, nowMilliseconds: Fixtures.now) == nil)
    }

    /// The least role of each route, by trying all three.
    @Test(arguments: Harness.allCases)
    func `each role may do what its route says, and those above it too`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let bearers: [(AccessRole, String)] = [
                (.reader, Tokens.reader), (.clerk, Tokens.clerk), (.operator, Tokens.operator),
            ]
            for route in Route.all {
                guard let least = route.role else { continue }
                let path = route.path.replacing("{id}", with: "x").replacing(
                    "{code}",
                    with: "NOTICE"
                )
                .replacing("{version}", with: "1").replacing("{position}", with: "1")
                for (role, token) in bearers {
                    let body = route.media == .none ? nil : "{}"
                    let reply = try await client.ask(route.method, path, body, as: token)
                    #expect((reply.code == "role_insufficient") == (role < least), "\(route.name)")
                    #expect(reply.status != 401)
                }
            }
        }
    }
}
