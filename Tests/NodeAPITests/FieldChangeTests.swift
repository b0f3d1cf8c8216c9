import AllianceModel
import HTTPTypes
@testable import NodeAPI
import ReplicationCore
import Testing

/// Counters, rulings and the record's own fields, as requests bring them.
struct FieldChangeTests {
    private static let definition = ReviewSamples.definition
    private static let identity = FieldValue.text(Text(Fixtures.identity))

    private func json(_ fields: String) throws -> JSON { try JSONReader.read(Bytes(fields.utf8)) }

    @Test(
        arguments: [
            (#"{"trips":{"add":3}}"#, FieldRequest(name: "trips", change: .add(.integer(3)))),
            (
                #"{"trips":{"add":-9223372036854775808}}"#,
                FieldRequest(name: "trips", change: .add(.integer(.min)))
            ),
            (
                #"{"applicant":{"rule":"\#(Fixtures.identity)"}}"#,
                FieldRequest(name: "applicant", change: .rule(identity))
            ),
            (
                #"{"applicant":{"rule":null}}"#,
                FieldRequest(name: "applicant", change: .rule(nil))
            ),
            (
                #"{"applicant":"\#(Fixtures.identity)"}"#,
                FieldRequest(name: "applicant", change: .set(identity))
            ),
            (
                #"{"@parties":{"add":["350300"],"remove":["350128"]}}"#,
                FieldRequest(
                    name: "@parties",
                    change: .elements(
                        add: [.member(Fixtures.putian)],
                        remove: [.member(Fixtures.code("350128"))]
                    )
                )
            ),
            (
                #"{"@handling":"350300"}"#,
                FieldRequest(name: "@handling", change: .set(.member(Fixtures.putian)))
            ),
            (#"{"@handling":null}"#, FieldRequest(name: "@handling", change: .set(nil))),
        ]
    )
    func `a change has the form of its field`(fields: String, request: FieldRequest) throws {
        let made = try FieldParsing.change(try json(fields), FieldChangeTests.definition)
        #expect(made == [request])
    }

    @Test(
        arguments: [
            (#"{"trips":3}"#, "trips"), (#"{"trips":{"add":0}}"#, "trips"),
            (#"{"trips":null}"#, "trips"), (#"{"trips":{"add":1,"remove":1}}"#, "trips"),
            (#"{"trips":{"add":"1"}}"#, "trips"), (#"{"trips":{"add":1.5}}"#, "trips"),
            (#"{"trips":{"add":9223372036854775808}}"#, "trips"), (#"{"trips":{}}"#, "trips"),
            (#"{"applicant":{"rule":"7"}}"#, "applicant"), (#"{"applicant":{}}"#, "applicant"),
            (#"{"applicant":{"rule":null,"x":1}}"#, "applicant"),
            (#"{"bank":{"rule":"x"}}"#, "bank"), (#"{"@parties":["350300"]}"#, "@parties"),
            (#"{"@parties":{"add":["x"]}}"#, "@parties"), (#"{"@handling":7}"#, "@handling"),
        ]
    )
    func `a change in another form is refused by the field's name`(
        fields: String,
        field: Text
    ) throws {
        let problem = #expect(throws: Problem.self) {
            try FieldParsing.change(try json(fields), FieldChangeTests.definition)
        }
        #expect(problem?.code == .fieldInvalid && problem?.field == field)
    }

    @Test
    func `a new record has additions for its counters, and none of the record's own fields`() throws
    {
        let made = try FieldParsing.creation(
            try json(#"{"trips":{"add":2},"applicant":null}"#),
            FieldChangeTests.definition
        )
        #expect(made == [FieldRequest(name: "trips", change: .add(.integer(2)))])
        for (fields, code) in [
            (#"{"trips":2}"#, ProblemCode.fieldInvalid),
            (#"{"trips":null}"#, .fieldInvalid),
            (#"{"applicant":{"rule":"x"}}"#, .fieldInvalid),
            (#"{"@parties":{"add":["350300"]}}"#, .fieldUnknown),
            (#"{"@stage":"x"}"#, .fieldUnknown),
        ] {
            let problem = #expect(throws: Problem.self) {
                try FieldParsing.creation(try json(fields), FieldChangeTests.definition)
            }
            #expect(problem?.code == code, "\(fields)")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a member that the alliance does not have is no party and handles nothing`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            let path = "/v1/records/\(made.id)"
            for (field, change) in [
                ("@parties", #"{"add":["999999"]}"#), ("@handling", "\"999999\""),
            ] {
                for (target, body) in [
                    (path, #"{"fields":{"\#(field)":\#(change)}}"#),
                    (
                        path + "/transition",
                        #"{"to":"checked","fields":{"\#(field)":\#(change)}}"#
                    ),
                ] {
                    let method: HTTPRequest.Method = target == path ? .patch : .post
                    let reply = try await client.ask(method, target, body)
                    #expect(reply.status == 404 && reply.code == "member_unknown")
                    #expect(reply.field == field)
                }
            }
            let stage = try await client.ask(.patch, path, #"{"fields":{"@stage":"decided"}}"#)
            #expect(stage.status == 400 && stage.code == "field_unknown")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a deletion is done once under its key, and what it had not seen revives the record`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            // Home deletes, so the record is this member's own.
            let made = try await client.ask(
                .post,
                "/v1/records",
                #"{"item":"NOTICE","fields":{"text":"x"}}"#
            )
            let etag = try #require(made.etag)
            let path = "/v1/records/\(made.id)"
            #expect(made.json?["deleted"] == .boolean(false))
            for _ in 0..<2 {
                let reply = try await client.ask(
                    .delete,
                    path,
                    ["If-Match": etag, "Idempotency-Key": "k"]
                )
                #expect(reply.status == 200 && reply.json?["deleted"] == .boolean(true))
                #expect(reply.etag != etag)
            }
            let late = try await client.ask(
                .patch,
                path,
                #"{"fields":{"text":"y"}}"#,
                ["If-Match": etag]
            )
            #expect(late.status == 200 && late.json?["deleted"] == .boolean(false))
            let wrong = try await client.ask(.delete, path, ["If-Match": "\"nonsense\""])
            #expect(wrong.status == 412 && wrong.code == "token_unknown")
        }
    }

    @Test(arguments: Harness.allCases)
    func `counters, sets, reviews and single values are written and shown`(
        harness: Harness
    ) async throws {
        let node = FakeNode(items: [Fixtures.mergesFile])
        try await harness.serving(node) { client in
            let made = try await client.ask(
                .post,
                "/v1/records",
                #"{"item":"MERGES","fields":{"trips":{"add":2},"tags":["a"],"rent":"1"}}"#
            )
            #expect(made.status == 201, "\(made.text)")
            #expect(made["trips"] == "2" && made["applicant"] == "null" && made["bank"] == "null")
            let path = "/v1/records/\(made.id)"
            let etag = try #require(made.etag)
            // Two counters of one city that have not seen each other.
            var last = made
            for bank in ["6333", "6222"] {
                last = try await client.ask(
                    .patch,
                    path,
                    #"{"fields":{"trips":{"add":-1},"bank":"\#(bank)"}}"#,
                    ["If-Match": etag]
                )
                #expect(last.status == 200, "\(last.text)")
            }
            #expect(last["trips"] == "0")
            #expect(last["bank"] == #"{"review":["6222","6333"]}"#)
            let reader = try await client.ask(.get, path, as: Tokens.reader)
            #expect(reader["bank"] == #"{"review":["***","***"]}"#)
            let decided = try await client.ask(.patch, path, #"{"fields":{"bank":"6333"}}"#)
            #expect(decided["bank"] == #""6333""#)
            for (value, status) in [("\(Fixtures.identity)", 200), ("\(Fixtures.identity)", 409)] {
                let once = try await client.ask(
                    .patch,
                    path,
                    #"{"fields":{"applicant":"\#(value)"}}"#
                )
                #expect(once.status == status, "\(once.text)")
            }
        }
    }
}
