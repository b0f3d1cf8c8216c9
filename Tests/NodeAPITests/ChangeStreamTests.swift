import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeStore
import Testing

struct ChangeStreamTests {
    private static let accept = ["Accept": "text/event-stream"]
    private static let pace = Endpoints.Pace(partMilliseconds: 20, heartbeat: .zero)

    /// A node with three changes that stops after one wait in vain.
    private func node(waits: Int = 1) -> FakeNode {
        let node = FakeNode()
        node.change { $0.waitsLeft = waits }
        return node
    }

    private func events(_ reply: Reply) -> [String] {
        reply.text.split(separator: "\n\n").map(String.init)
    }

    @Test(arguments: Harness.allCases)
    func `a stream tells what is there, then waits, and ends when the node stops`(
        harness: Harness
    ) async throws {
        try await harness.serving(node(), pace: ChangeStreamTests.pace) { client in
            let made = try await client.makeCase(#""note":"x""#)
            let reply = try await client.ask(.get, "/v1/changes", ChangeStreamTests.accept)
            #expect(reply.status == 200)
            #expect(reply.headers[.contentType] == "text/event-stream; charset=utf-8")
            #expect(reply.headers[.cacheControl] == "no-store")
            #expect(
                events(reply) == [
                    "retry: 2000",
                    """
                    id: 1
                    event: change
                    data: {"cursor":"1","record":"\(made.id)","item":"GJJ-07",\
                    "fields":["@stage","applicantId","note"]}
                    """,
                    // One wait in vain, and the pace of this test wants a heartbeat at once.
                    ":",
                ]
            )
        }
    }

    @Test(arguments: Harness.allCases)
    func `a client that connects again goes on behind the last event it had`(
        harness: Harness
    ) async throws {
        try await harness.serving(node(waits: 9), pace: ChangeStreamTests.pace) { client in
            for _ in 0..<3 { _ = try await client.makeCase() }
            for (path, last, ids) in [
                ("/v1/changes", "2", ["id: 3"]), ("/v1/changes?after=1", "2", ["id: 3"]),
                ("/v1/changes?cursor=2", "", ["id: 3"]),
                ("/v1/changes?after=1&limit=1", nil, ["id: 2", "id: 3"]),
            ] {
                var headers = ChangeStreamTests.accept
                headers["Last-Event-ID"] = last
                let reply = try await client.ask(.get, path, headers)
                let told = events(reply).compactMap { event in
                    event.split(separator: "\n").first { $0.hasPrefix("id:") }.map(String.init)
                }
                #expect(told == ids, "\(path) \(last ?? "-")")
            }
        }
    }

    @Test(
        arguments: [
            ("text/event-stream", true), ("TEXT/Event-Stream;q=0.5", true),
            ("application/json;q=0.1, text/event-stream", true),
            ("text/event-stream, application/json", false), ("*/*", false), ("text/*", false),
            ("text/event-stream;q=0", false), ("", false), (nil, false),
        ] as [(String?, Bool)]
    )
    func `who would rather have a page, or does not say, gets one`(
        accept: String?,
        isStream: Bool
    ) async throws {
        for harness in Harness.allCases {
            try await harness.serving(node(), pace: ChangeStreamTests.pace) { client in
                let headers = accept.map { ["Accept": $0] } ?? [:]
                let reply = try await client.ask(.get, "/v1/changes", headers)
                let type = reply.headers[.contentType] ?? ""
                #expect(type.hasPrefix(isStream ? "text/event-stream" : "application/json"))
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a stream that cannot begin is refused as a page is`(harness: Harness) async throws {
        try await harness.serving(node()) { client in
            for (path, last, code, field) in [
                ("/v1/changes?wait=1", nil, "field_invalid", "wait"),
                ("/v1/changes", "x", "field_invalid", "Last-Event-ID"),
                ("/v1/changes?after=1&cursor=1", nil, "field_invalid", "cursor"),
                ("/v1/changes?after=999", nil, "cursor_expired", nil),
            ] as [(String, String?, String, String?)] {
                var headers = ChangeStreamTests.accept
                headers["Last-Event-ID"] = last
                let reply = try await client.ask(.get, path, headers)
                #expect(reply.code == code && reply.field == field, "\(path)")
            }
        }
        try await harness.serving(node(), waitsMaximum: 0) { client in
            let reply = try await client.ask(.get, "/v1/changes", ChangeStreamTests.accept)
            #expect(reply.status == 429 && reply.code == "too_many")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a stream that has ended leaves its place to the next`(harness: Harness) async throws {
        try await harness.serving(node(), waitsMaximum: 1, pace: ChangeStreamTests.pace) {
            client in
            for _ in 0..<3 {
                let reply = try await client.ask(.get, "/v1/changes", ChangeStreamTests.accept)
                #expect(reply.status == 200)
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a store that fails ends the stream with what went wrong`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.change { $0.failure = .stopped }
        try await harness.serving(node) { client in
            let reply = try await client.ask(.get, "/v1/changes", ChangeStreamTests.accept)
            let last = try #require(events(reply).last)
            #expect(last.hasPrefix("event: problem\ndata: {"))
            #expect(last.contains(#""code":"store_stopped""#))
        }
    }
}

extension Client {
    func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: [String: String]
    ) async throws -> Reply {
        try await ask(method, path, bytes: nil, headers)
    }
}
