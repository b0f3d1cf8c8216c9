import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeStore
import ReplicationCore
import Testing

/// A request that is refused, and how.
struct Refused: Sendable, CustomTestStringConvertible {
    var method: HTTPRequest.Method
    var path: String
    var body: String?
    var token: String? = Tokens.operator
    var headers: [String: String] = [:]
    var code: ProblemCode
    var field: String?

    var testDescription: String { "\(method.rawValue) \(path.prefix(60)) \(code.rawValue)" }

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String?,
        token: String? = Tokens.operator,
        headers: [String: String] = [:],
        _ code: ProblemCode,
        _ field: String? = nil
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.token = token
        self.headers = headers
        self.code = code
        self.field = field
    }

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        token: String? = Tokens.operator,
        headers: [String: String] = [:],
        _ code: ProblemCode,
        _ field: String? = nil
    ) {
        self.init(method, path, nil, token: token, headers: headers, code, field)
    }
}

struct ProblemsTests {
    private static let record = "/v1/records/350100.\(Fixtures.uuid)"
    private static let good = #"{"item":"NOTICE","fields":{"text":"x"}}"#
    private static let big = #"{"item":"\#(String(repeating: "x", count: 1 << 20))"}"#

    static let refused: [Refused] = [
        // Bodies that are no JSON, or not the object that is wanted.
        Refused(.post, "/v1/records", "", .malformed),
        Refused(.post, "/v1/records", "{", .malformed),
        Refused(.post, "/v1/records", "[]", .malformed),
        Refused(.post, "/v1/items", "7", .malformed),
        Refused(.post, "/v1/records", #"{"item":"A","item":"B"}"#, .malformed),
        Refused(.post, "/v1/records", good + "x", .malformed),
        Refused(.post, "/v1/records", "\u{FEFF}" + good, .malformed),
        Refused(.post, "/v1/records", String(repeating: "[", count: 100_000), .malformed),
        Refused(.post, "/v1/records", #"{"fields":{}}"#, .fieldInvalid, "item"),
        Refused(.post, "/v1/records", #"{"item":7,"fields":{}}"#, .fieldInvalid, "item"),
        Refused(.post, "/v1/records", #"{"item":"\u0000","fields":{}}"#, .fieldInvalid, "item"),
        Refused(.post, "/v1/records", #"{"item":"NOTICE"}"#, .fieldInvalid, "fields"),
        Refused(.post, "/v1/records", #"{"item":"NOTICE","fields":[]}"#, .fieldInvalid, "fields"),
        Refused(.post, "/v1/records", #"{"item":"NOTICE","fields":{}}"#, .fieldInvalid, "text"),
        Refused(.post, "/v1/records", #"{"item":"NOTICE","fields":{},"x":1}"#, .fieldUnknown, "x"),
        Refused(.post, "/v1/records", #"{"item":"NOTICE","fields":{"n":1}}"#, .fieldUnknown, "n"),
        Refused(
            .post,
            "/v1/records",
            #"{"item":"NOTICE","fields":{"text":"x"},"id":"7"}"#,
            .fieldInvalid,
            "id"
        ),
        // A UUID, but of version 4.
        Refused(
            .post,
            "/v1/records",
            #"{"item":"NOTICE","fields":{"text":"x"},"id":"0192f0c4-7abc-4def-8123-456789abcdef"}"#,
            .fieldInvalid,
            "id"
        ),
        Refused(
            .post,
            "/v1/records",
            #"{"item":"NOTICE","fields":{"text":"x"},"home":"999999"}"#,
            .memberUnknown,
            "home"
        ),
        Refused(
            .post,
            "/v1/records",
            #"{"item":"NOTICE","fields":{"text":"x"},"parties":["350300","x"]}"#,
            .memberUnknown,
            "parties"
        ),
        Refused(
            .post,
            "/v1/records",
            #"{"item":"NOTICE","fields":{"text":"x"},"parties":"350300"}"#,
            .fieldInvalid,
            "parties"
        ),
        // Items.
        Refused(.post, "/v1/records", #"{"item":"NONE","fields":{}}"#, .itemUnknown, "item"),
        Refused(.post, "/v1/records", #"{"item":"LATER","fields":{}}"#, .itemNotEffective, "item"),
        Refused(.get, "/v1/items/NONE", .itemUnknown),
        Refused(.get, "/v1/items/NOTICE/2", .itemUnknown),
        Refused(.get, "/v1/items/NOTICE/x", .itemUnknown),
        Refused(
            .post,
            "/v1/items/NOTICE/1/approval",
            #"{"digest":"\#(String(repeating: "0", count: 64))"}"#,
            .itemUnknown
        ),
        Refused(.post, "/v1/items/NOTICE/1/approval", #"{"digest":"x"}"#, .fieldInvalid, "digest"),
        Refused(.post, "/v1/items/NOTICE/1/approval", "{}", .fieldInvalid, "digest"),
        Refused(.post, "/v1/items", #"{"item":"X"}"#, .definitionRefused, "version"),
        // Records.
        Refused(.get, record, .recordUnknown), Refused(.get, "/v1/records/x", .recordUnknown),
        Refused(.get, "/v1/records/%ff", .routeUnknown),
        Refused(.get, "/v1/records/350100.0192F0C4-7ABC-7DEF-8123-456789ABCDEF", .recordUnknown),
        Refused(.patch, record, #"{"fields":{"text":"x"}}"#, .recordUnknown),
        Refused(.post, record + "/transition", #"{"to":"x"}"#, .recordUnknown),
        // Queries.
        Refused(.get, "/v1/records?limit=0", .fieldInvalid, "limit"),
        Refused(.get, "/v1/records?limit=1001", .fieldInvalid, "limit"),
        Refused(.get, "/v1/records?limit=ten", .fieldInvalid, "limit"),
        Refused(.get, "/v1/records?cursor=%20", .fieldInvalid, "cursor"),
        Refused(.get, "/v1/records?home=x", .fieldInvalid, "home"),
        Refused(.get, "/v1/records?updatedAfter=2026", .fieldInvalid, "updatedAfter"),
        Refused(.get, "/v1/records?colour=red", .fieldUnknown, "colour"),
        Refused(.get, "/v1/records?item=A&item=B", .malformed, "item"),
        Refused(.get, "/v1/records?item=%zz", .malformed),
        Refused(.get, "/v1/status?x=1", .fieldUnknown, "x"),
        Refused(.get, "/v1/changes?wait=61", .fieldInvalid, "wait"),
        Refused(.get, "/v1/changes?after=-1", .fieldInvalid, "after"),
        Refused(.get, "/v1/changes?after=1&cursor=1", .fieldInvalid, "cursor"),
        Refused(.get, "/v1/changes?after=99", .cursorExpired),
        Refused(.get, "/v1/members?cursor=!", .fieldInvalid, "cursor"),
        Refused(.get, "/v1/audit?cursor=x", .fieldInvalid, "cursor"),
        Refused(.get, "/v1/verify?member=999999", .memberUnknown, "member"),
        Refused(.get, "/v1/verify?member=350100", .fieldInvalid, "member"),
        // Routes and methods; what later versions bring is not there yet.
        Refused(.get, "/", .routeUnknown), Refused(.get, "/v1/records/", .routeUnknown),
        Refused(.get, record + "/history", .recordUnknown),
        Refused(.get, record + "/explain", .recordUnknown),
        Refused(.delete, "/v1/records/x", .recordUnknown),
        Refused(.delete, record, .recordUnknown),
        Refused(.get, "/v1/conflicts/c-1", .conflictUnknown),
        Refused(.get, "/v1/conflicts?record=x", .recordUnknown, "record"),
        Refused(.get, "/v1/conflicts?kind=war", .fieldInvalid, "kind"),
        Refused(.get, "/v1/conflicts?open=yes", .fieldInvalid, "open"),
        Refused(.get, "/v1/conflicts?cursor=!", .fieldInvalid, "cursor"),
        Refused(.get, "/v1/held?cursor=-1", .fieldInvalid, "cursor"),
        Refused(.post, "/v1/held/1/retry", .heldUnknown),
        Refused(.get, record + "/receipts", .routeUnknown),
        Refused(.get, "/v1/lookups/350300/x", .routeUnknown),
        Refused(.delete, record + "/history", .methodRefused),
        Refused(.put, "/v1/records", .methodRefused),
        Refused(.options, "/healthz", .methodRefused), Refused(.post, "/v1/status", .methodRefused),
        // Size and media.
        Refused(.post, "/v1/records", big, .tooLarge),
        Refused(.post, "/v1/records", good, headers: ["Content-Type": "text/plain"], .mediaRefused),
        Refused(
            .post,
            "/v1/records",
            good,
            headers: ["Content-Type": "application/json; charset=gbk"],
            .mediaRefused
        ),
        Refused(
            .post,
            "/v1/records:import",
            good,
            headers: ["Content-Type": "text/csv"],
            .mediaRefused
        ),
        Refused(
            .post,
            "/v1/records:import",
            good,
            headers: ["Idempotency-Key": "k"],
            .malformed,
            "Idempotency-Key"
        ),
        // Tokens and roles.
        Refused(.get, "/v1/status", token: nil, .tokenMissing),
        Refused(.get, "/metrics", token: nil, .tokenMissing),
        Refused(.get, "/v1/openapi.json", token: nil, .tokenMissing),
        Refused(.get, "/v1/status", token: "", .tokenInvalid),
        Refused(.get, "/v1/status", token: "x", .tokenInvalid),
        Refused(.get, "/v1/status", token: Tokens.reader + "x", .tokenInvalid),
        Refused(
            .get,
            "/v1/status",
            token: "cs_none_00000000000000000000000000000000000000000",
            .tokenInvalid
        ),
        Refused(.get, "/v1/status", token: Tokens.expired, .tokenInvalid),
        Refused(
            .get,
            "/v1/status",
            headers: ["Authorization": "Basic \(Tokens.operator)"],
            .tokenInvalid
        ),
        Refused(.post, "/v1/records", good, token: Tokens.reader, .roleInsufficient),
        Refused(.post, "/v1/records:import", good, token: Tokens.reader, .roleInsufficient),
        Refused(.post, "/v1/items", "{}", token: Tokens.clerk, .roleInsufficient),
        Refused(.get, "/v1/audit", token: Tokens.clerk, .roleInsufficient),
        // Pages of others.
        Refused(.get, "/healthz", headers: ["Origin": "https://evil.example"], .originRefused),
        Refused(.get, "/healthz", headers: ["Origin": "null"], .originRefused),
        Refused(.get, "/healthz", headers: ["Origin": "http://localhost:3000"], .originRefused),
    ]

    @Test(arguments: Harness.allCases)
    func `each refusal has its status, its code and its field`(harness: Harness) async throws {
        try await harness.serving { client in
            for refused in ProblemsTests.refused {
                let reply = try await client.ask(
                    refused.method,
                    refused.path,
                    refused.body,
                    as: refused.token,
                    refused.headers
                )
                let name = refused.testDescription
                #expect(reply.status == refused.code.status, "\(name): \(reply.text)")
                #expect(reply.headers[.contentType] == "application/problem+json", "\(name)")
                #expect(reply.code == refused.code.rawValue, "\(name)")
                #expect(reply.field == refused.field, "\(name)")
                #expect(reply.json?["status"]?.integer == Int64(refused.code.status))
                #expect(reply.json?["title"]?.string?.string == refused.code.title)
                #expect(
                    reply.json?["type"]?.string?.string
                        == "urn:citysync:problem:\(refused.code.rawValue)"
                )
                #expect(reply.json?["detail"]?.string?.isEmpty == false)
            }
        }
    }

    /// Codes that only a node in trouble, or with more than this release, gives.
    @Test(arguments: Harness.allCases, RefusalCode.allCases)
    func `what the node refuses keeps its code and field`(
        harness: Harness,
        code: RefusalCode
    ) async throws {
        let node = FakeNode()
        node.change { $0.refusal = Refusal(code, field: "text", "as the node words it") }
        try await harness.serving(node) { client in
            let reply = try await client.ask(.post, "/v1/records", ProblemsTests.good)
            #expect(reply.code == code.rawValue)
            #expect(reply.status == ProblemCode(code).status)
            #expect(reply.field == "text")
            #expect(reply.json?["detail"]?.string == "as the node words it")
        }
    }

    @Test(arguments: [
        (StoreError.stopped, 503), (.full(path: "p"), 503),
        (.failed(path: "p", code: 5, message: "m"), 500),
    ])
    func `a failing store is 503 when nothing is stored, and 500 when that is open`(
        error: StoreError,
        status: Int
    ) async throws {
        for harness in Harness.allCases {
            let node = FakeNode()
            node.change { $0.failure = error }
            try await harness.serving(node) { client in
                for (method, path, body) in [
                    (HTTPRequest.Method.post, "/v1/records", ProblemsTests.good as String?),
                    (.get, ProblemsTests.record, nil), (.get, "/v1/changes", nil),
                ] {
                    let reply = try await client.ask(method, path, body)
                    #expect(reply.status == status)
                    #expect(reply.code == (status == 503 ? "store_stopped" : "failed"))
                    #expect(!reply.text.contains("\"p\""))
                }
            }
        }
    }

    @Test
    func `every code is provoked by one of these tests`() {
        let provoked =
            Set(ProblemsTests.refused.map(\.code)).union(RefusalCode.allCases.map(ProblemCode.init))
            .union([.failed])
        // The first in AccessTests, the second in ChangesTests.
        #expect(Set(ProblemCode.allCases).subtracting(provoked) == [.hostRefused, .tooMany])
    }

    @Test(arguments: Harness.allCases)
    func `a method that is refused comes with those that are not`(harness: Harness) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(.put, ProblemsTests.record)
            #expect(reply.headers[.allow] == "DELETE, GET, HEAD, PATCH")
            let token = try await client.ask(.get, "/v1/status", as: nil)
            #expect(token.headers[.wwwAuthenticate] == "Bearer")
        }
    }

    @Test(arguments: Harness.allCases)
    func `every reason why a definition is refused is listed`(harness: Harness) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(
                .post,
                "/v1/items",
                #"{"item":"X","version":0,"name":{"zh":"x"},"colour":1,"fields":{"a":{"type":"txt"}}}"#
            )
            #expect(reply.status == 422)
            let keys =
                reply.json?["reasons"]?.elements?.compactMap { $0["key"]?.string?.string } ?? []
            for key in ["version", "colour", "name.en", "fields.a.type"] {
                #expect(keys.contains(key), "\(keys)")
            }
        }
    }
}
