import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

struct ConflictRoutesTests {
    private static let resolution = "/v1/conflicts/c-1/resolution"

    @Test(arguments: Harness.allCases)
    func `a conflict is told with its rule and values, and read alone as in the list`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.put(ReviewSamples.review)
        try await harness.serving(node) { client in
            let list = try await client.ask(.get, "/v1/conflicts")
            let row = """
                {"id":"c-1","kind":"review","record":"350100.\(Fixtures.uuid)","item":"MERGES",\
                "field":"bank","since":"2026-09-21T14:13:20.003Z","open":true,"waits":true,\
                "owner":"350300","rule":"two values stand under review","values":[\
                {"value":"6222","writer":"350100","time":"2026-09-21T14:13:20.000Z","shown":true,\
                "verdict":null,"dot":"350100/0000000000000007/1"},\
                {"value":"6333","writer":"350300","time":"2026-09-21T14:13:20.001Z","shown":false,\
                "verdict":null,"dot":"350300/0000000000000007/1"}]}
                """
            #expect(list.text == #"{"conflicts":[\#(row)],"next":null}"#)
            let one = try await client.ask(.get, "/v1/conflicts/c-1")
            #expect(one.text == row)
            let other = try await client.ask(.get, "/v1/conflicts/c-2")
            #expect(other.status == 404 && other.code == "conflict_unknown")
        }
    }

    @Test(arguments: Harness.allCases)
    func `every form of a written value is told as PATCH takes it`(
        harness: Harness
    ) async throws {
        let values: [(Text, WriteValue?, String)] = [
            ("tags", .elements(add: [.text("a")], remove: []), #"{"add":["a"],"remove":[]}"#),
            ("trips", .single(.integer(3)), #"{"add":3}"#),
            ("rent", .single(.cleared), "null"), ("rent", nil, "null"),
            (
                "@parties", .elements(add: [.member(Fixtures.putian)], remove: []),
                #"{"add":["350300"],"remove":[]}"#
            ),
            ("@turn", .single(.member(Fixtures.putian)), #""350300""#),
        ]
        let node = FakeNode()
        for (index, value) in values.enumerated() {
            let id = Text("c-\(index)")
            node.put(ReviewSamples.conflict(id, .concurrent, field: value.0, values: [value.1]))
        }
        try await harness.serving(node) { client in
            for (index, value) in values.enumerated() {
                let reply = try await client.ask(.get, "/v1/conflicts/c-\(index)")
                let told = reply.json?["values"]?.elements?.first
                #expect(told?["value"].map(Reply.text) == value.2)
                #expect(told?["verdict"] == (value.1 == nil ? .string("forked") : .null))
                #expect(
                    told?["time"]
                        == (value.1 == nil
                            ? .null
                            : .string(
                                "2026-09-21T14:13:20.000Z"
                            ))
                )
                #expect(reply.json?["waits"] == .boolean(false))
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `filters reach the node, and a page leads to the next`(harness: Harness) async throws {
        let node = FakeNode()
        let closed = ReviewSamples.conflict(
            "c-2",
            .overruled,
            field: "rent",
            values: [],
            isOpen: false
        )
        node.put(ReviewSamples.review, closed)
        try await harness.serving(node) { client in
            let all = try await client.ask(.get, "/v1/conflicts?open=false&limit=1")
            #expect(all.json?["conflicts"]?.elements?.count == 1)
            let next = try #require(all.json?["next"]?.string)
            let rest = try await client.ask(.get, "/v1/conflicts?open=false&cursor=\(next)")
            #expect(rest.json?["conflicts"]?.elements?.first?["id"] == .string("c-2"))
            #expect(rest.json?["conflicts"]?.elements?.first?["open"] == .boolean(false))
            #expect(rest.json?["next"] == .null)
            let record = "350100.\(Fixtures.uuid)"
            _ = try await client.ask(.get, "/v1/conflicts?record=\(record)&kind=review&open=true")
            #expect(
                node.change { $0.review.queries.last }
                    == ConflictQuery(
                        record: RecordIdentifier(record),
                        kind: .review,
                        includesClosed: false,
                        limit: 100
                    )
            )
        }
    }

    @Test(arguments: Harness.allCases)
    func `a reader sees that there is a conflict of a sensitive field, not its values`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.put(ReviewSamples.review)
        try await harness.serving(node) { client in
            for path in ["/v1/conflicts", "/v1/conflicts/c-1"] {
                let reply = try await client.ask(.get, path, as: Tokens.reader)
                #expect(reply.status == 200 && !reply.text.contains("6222"))
                #expect(reply.text.contains(#"{"value":"***","writer":"350100""#))
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a field that this member may not see has no conflict here`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        let foreign = ReviewSamples.snapshot(accepting: Fixtures.putian, home: Fixtures.putian)
        node.put(
            ReviewSamples.conflict("c-1", .review, field: "bank", of: foreign, values: []),
            ReviewSamples.conflict("c-2", .overrun, field: "trips", of: foreign, values: [])
        )
        try await harness.serving(node) { client in
            let list = try await client.ask(.get, "/v1/conflicts")
            #expect(list.json?["conflicts"]?.elements?.map { $0["id"] } == [.string("c-2")])
            #expect(try await client.ask(.get, "/v1/conflicts/c-1").code == "conflict_unknown")
            let decided = try await client.ask(
                .post,
                ConflictRoutesTests.resolution,
                #"{"choose":0}"#
            )
            #expect(decided.code == "conflict_unknown")
        }
    }

    // MARK: Resolution

    @Test(arguments: Harness.allCases)
    func `a conflict is decided by one of its values, another one, or a record that is closed`(
        harness: Harness
    ) async throws {
        let record = "350100.\(Fixtures.uuid)"
        let cases: [(ConflictRow, String, Resolution)] = [
            (ReviewSamples.review, #"{"choose":1}"#, .choose(1)),
            (ReviewSamples.review, #"{"value":"6444"}"#, .write(.set(.text("6444")))),
            (ReviewSamples.review, #"{"value":null}"#, .write(.set(nil))),
            (
                ReviewSamples.conflict("c-1", .overrun, field: "trips", values: []),
                #"{"value":{"add":-2}}"#, .write(.add(.integer(-2)))
            ),
            // What stands is right: the resolution has seen it.
            (
                ReviewSamples.conflict("c-1", .overrun, field: "trips", values: []),
                #"{"value":{"add":0}}"#, .write(.add(.integer(0)))
            ),
            (
                ReviewSamples.conflict("c-1", .concurrent, field: "tags", values: []),
                #"{"value":{"add":["b","a"]}}"#,
                .write(.elements(add: [.text("a"), .text("b")], remove: []))
            ),
            (
                ReviewSamples.conflict("c-1", .alreadySet, field: "applicant", values: []),
                #"{"value":{"rule":"\#(Fixtures.identity)"}}"#,
                .write(.rule(.text(Text(Fixtures.identity))))
            ),
            (
                ReviewSamples.conflict(
                    "c-1",
                    .duplicate,
                    field: nil,
                    values: [.single(.text("x")), .single(.text(Text(record)))]
                ),
                #"{"close":"\#(record)"}"#,
                .close(ReviewSamples.snapshot().state.key.identifier)
            ),
        ]
        for (row, body, resolution) in cases {
            let node = FakeNode()
            node.put(row)
            try await harness.serving(node) { client in
                let reply = try await client.ask(.post, ConflictRoutesTests.resolution, body)
                #expect(reply.status == 200 && reply.id == record, "\(body): \(reply.text)")
                #expect(reply.etag == "\"token\"")
                #expect(node.change { $0.review.resolutions } == [resolution])
            }
        }
    }

    /// A body, the code it is refused with, and the field.
    static let refused: [(String, String, String?)] = [
        ("{}", "malformed", nil), (#"{"choose":0,"value":"x"}"#, "malformed", nil),
        ("[]", "malformed", nil), (#"{"chose":0}"#, "field_unknown", "chose"),
        (#"{"choose":2}"#, "field_invalid", "choose"),
        (#"{"choose":-1}"#, "field_invalid", "choose"),
        (#"{"choose":"0"}"#, "field_invalid", "choose"),
        (#"{"choose":9223372036854775807}"#, "field_invalid", "choose"),
        (#"{"value":7}"#, "field_invalid", "bank"), (#"{"value":[]}"#, "field_invalid", "bank"),
        (#"{"close":"350100.x"}"#, "field_invalid", "close"),
    ]

    @Test(arguments: Harness.allCases)
    func `a decision that decides nothing is refused`(harness: Harness) async throws {
        let node = FakeNode()
        node.put(ReviewSamples.review)
        try await harness.serving(node) { client in
            for (body, code, field) in ConflictRoutesTests.refused {
                let reply = try await client.ask(.post, ConflictRoutesTests.resolution, body)
                #expect(reply.code == code && reply.field == field, "\(body): \(reply.text)")
            }
            #expect(node.change { $0.review.resolutions }.isEmpty)
        }
    }

    @Test(arguments: Harness.allCases)
    func `of records that collide only one of them can be closed, and no field written`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.put(
            ReviewSamples.conflict("c-1", .duplicate, field: nil, values: [.single(.text("x"))])
        )
        try await harness.serving(node) { client in
            let other = #"{"close":"350100.\#(Fixtures.uuid)"}"#
            for (body, field) in [(other, "close"), (#"{"value":"x"}"#, "value")] {
                let reply = try await client.ask(.post, ConflictRoutesTests.resolution, body)
                #expect(reply.code == "field_invalid" && reply.field == field)
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a decision made again under its key is answered as the first time`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.put(ReviewSamples.review)
        try await harness.serving(node) { client in
            let key = ["Idempotency-Key": "decision 1"]
            for _ in 0..<2 {
                let reply = try await client.ask(
                    .post,
                    ConflictRoutesTests.resolution,
                    #"{"choose":1}"#,
                    key
                )
                #expect(reply.status == 200)
            }
            #expect(node.change { $0.review.resolutions } == [.choose(1)])
            let other = try await client.ask(
                .post,
                ConflictRoutesTests.resolution,
                #"{"choose":0}"#,
                key
            )
            #expect(other.status == 409 && other.code == "key_reused")
            let none = try await client.ask(.post, ConflictRoutesTests.resolution, #"{"choose":0}"#)
            #expect(none.code == "conflict_unknown")
        }
    }
}
