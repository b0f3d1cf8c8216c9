import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeRuntime
import ReplicationCore
import Testing

struct UpkeepRoutesTests {
    @Test(arguments: Harness.allCases)
    func `what is held is told with who must act and when it is tried again`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.change { state in
            state.review.held = [
                ReviewSamples.held(
                    3,
                    .definitionNotAgreed,
                    owners: [Fixtures.code("350128"), Fixtures.putian]
                ),
                ReviewSamples.held(9, .malformed, owners: [Fixtures.putian], isReadable: false),
                ReviewSamples.held(12, .clockAhead),
            ]
        }
        try await harness.serving(node) { client in
            let first = try await client.ask(.get, "/v1/held?limit=1")
            #expect(
                first.text == """
                    {"held":[{"position":3,"reason":"definition_not_agreed","detail":"waits for 350300",\
                    "owner":"350128 350300","author":"350300","record":"350100.\(Fixtures.uuid)",\
                    "written":"2026-09-21T14:13:20.001Z","since":"2026-09-21T14:13:20.000Z",\
                    "nextTry":"2026-09-21T14:13:21.000Z"}],"next":"3"}
                    """
            )
            let rest = try await client.ask(.get, "/v1/held?cursor=3")
            #expect(rest.json?["next"] == .null)
            let rows = try #require(rest.json?["held"]?.elements)
            #expect(rows.map { $0["owner"] } == [.string("350300"), .null])
            #expect(rows[0]["record"] == .null && rows[0]["nextTry"] == .null)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a retry says whether the changeset took effect`(harness: Harness) async throws {
        let node = FakeNode()
        node.change { state in
            state.review.held = [3, 9].map { ReviewSamples.held($0, .groundMissing) }
            state.review.releases = [9]
        }
        try await harness.serving(node) { client in
            let still = try await client.ask(.post, "/v1/held/3/retry")
            #expect(still.status == 200 && still.json?["released"] == .boolean(false))
            #expect(still.json?["held"]?["reason"]?.string == "ground_missing")
            let released = try await client.ask(.post, "/v1/held/9/retry")
            #expect(released.text == #"{"position":9,"released":true,"held":null}"#)
            for position in ["9", "0", "-1", "x", "9223372036854775808"] {
                let reply = try await client.ask(.post, "/v1/held/\(position)/retry")
                #expect(reply.status == 404 && reply.code == "held_unknown", "\(position)")
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a backup goes to an absolute path of the node's machine`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        try await harness.serving(node) { client in
            let body = #"{"file":"/var/backups/一.sqlite"}"#
            let reply = try await client.ask(.post, "/v1/backup", body)
            #expect(reply.status == 200)
            #expect(
                reply.text
                    == #"{"file":"/var/backups/一.sqlite","bytes":4096,"position":0,"milliseconds":12}"#
            )
            let again = try await client.ask(.post, "/v1/backup", body)
            #expect(again.status == 400 && again.field == "file")
            let long = String(repeating: "x", count: 4_096)
            for (body, field) in [
                (#"{"file":"relative"}"#, "file"), (#"{"file":""}"#, "file"),
                (#"{"file":"/a\u0000b"}"#, "file"), (#"{"file":7}"#, "file"), ("{}", "file"),
                (#"{"file":"/\#(long)"}"#, "file"), (#"{"file":"/a","x":1}"#, "x"),
            ] {
                let reply = try await client.ask(.post, "/v1/backup", body)
                #expect(reply.status == 400 && reply.field == field, "\(body.prefix(40))")
            }
            #expect(node.change { $0.review.backups } == ["/var/backups/一.sqlite"])
        }
    }

    @Test(
        arguments: Harness.allCases,
        [
            "/v1/conflicts/c-1/resolution", "/v1/conflicts:reissue", "/v1/held/3/retry",
            "/v1/backup",
        ]
    )
    func `resolution, reissue, retry and backup are for operators`(
        harness: Harness,
        path: String
    ) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(.post, path, "{}", as: Tokens.clerk)
            #expect(reply.status == 403 && reply.code == "role_insufficient")
        }
    }
}
