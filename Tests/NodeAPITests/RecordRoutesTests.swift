import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeStore
import ReplicationCore
import Testing

struct RecordRoutesTests {
    @Test(arguments: Harness.allCases)
    func `a created record is answered with its place, its ETag and every field`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let reply = try await client.makeCase()
            #expect(reply.status == 201)
            #expect(reply.headers[.location] == "/v1/records/\(reply.id)")
            #expect(reply.headers[.contentType] == "application/json")
            #expect(reply.etag?.first == "\"" && reply.etag?.last == "\"")
            let keys = reply.json?.members?.map(\.key.string)
            #expect(
                keys == [
                    "id", "item", "version", "home", "accepting", "parties", "stage", "holder",
                    "turn", "fields", "conflicts", "created", "updated", "deleted",
                ]
            )
            #expect(reply.id.hasPrefix("350100."))
            #expect(reply.json?["home"]?.string == "350300")
            #expect(reply.json?["accepting"]?.string == "350100")
            #expect(reply.json?["stage"]?.string == "accepted")
            #expect(reply.json?["holder"]?.string == "350100")
            #expect(reply.json?["turn"]?.integer == 0)
            #expect(reply.json?["created"]?.string == "2026-09-21T14:13:20.001Z")
            // Never written: null, and [] for a set.
            #expect(reply["monthlyRent"] == "null")
            #expect(reply["materials"] == "[]")
            #expect(reply["note"] == "null")

            let read = try await client.ask(.get, "/v1/records/\(reply.id)")
            #expect(read.status == 200)
            #expect(read.bytes == reply.bytes)
            #expect(read.etag == reply.etag)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a plain record has neither stage nor holder nor turn`(harness: Harness) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(
                .post,
                "/v1/records",
                #"{"item":"NOTICE","fields":{"text":"x"},"id":"\#(Fixtures.uuid)"}"#
            )
            #expect(reply.id == "350100.\(Fixtures.uuid)")
            for key: Text in ["stage", "holder", "turn"] { #expect(reply.json?[key] == .null) }
        }
    }

    /// A field and a value as the client writes and reads it.
    static let values: [(Text, String, String)] = [
        ("company", "\"\(Fixtures.organization)\"", "\"\(Fixtures.organization)\""),
        ("monthlyRent", "\"1800\"", "\"1800.00\""),
        ("monthlyRent", "\"-0.5\"", "\"-0.50\""),
        ("bankAccount", #""6222 \"7\" 行""#, #""6222 "7" 行""#),
        ("materials", #"["b","a","b"]"#, #"["a","b"]"#),
        ("years", "[2026,-3]", "[-3,2026]"),
        ("count", "9223372036854775807", "9223372036854775807"),
        ("count", "-9223372036854775808", "-9223372036854775808"),
        ("urgent", "true", "true"),
        ("due", "\"2026-02-28\"", "\"2026-02-28\""),
        ("seen", "\"2026-02-28T08:00:00+08:00\"", "\"2026-02-28T00:00:00.000Z\""),
        ("kind", "\"again\"", "\"again\""),
        ("office", "\"350300\"", "\"350300\""),
        ("former", "\"paper 7\"", "\"paper 7\""),
        ("note", "\"😀\"", "\"😀\""),
        ("monthlyRent", "null", "null"),
    ]

    @Test(arguments: Harness.allCases)
    func `every type is written and read in its own form`(harness: Harness) async throws {
        try await harness.serving { client in
            for (field, written, read) in RecordRoutesTests.values {
                let reply = try await client.makeCase("\"\(field)\":\(written)")
                #expect(reply.status == 201, "\(field) \(written): \(reply.text)")
                #expect(reply[field] == read)
            }
        }
    }

    /// A field and a value that it cannot have.
    static let invalid: [(Text, String)] = [
        ("company", "\"91350100M000100Y40\""), ("monthlyRent", "1800"),
        ("monthlyRent", "\"1800.001\""), ("monthlyRent", "\"1e3\""),
        ("bankAccount", "\"\(String(repeating: "7", count: 41))\""),
        ("bankAccount", #""a\u0000b""#), ("bankAccount", #""a\ud800b""#),
        ("bankAccount", #""\udc00\ud800""#), ("bankAccount", "7"), ("bankAccount", "[]"),
        ("materials", "\"a\""), ("materials", #"{"add":["a"]}"#), ("materials", "[7]"),
        ("materials", "null"), ("materials", "[null]"), ("materials", #"["\u0000"]"#),
        ("count", "9223372036854775808"), ("count", "1.0"), ("count", "1e2"), ("count", "\"1\""),
        ("urgent", "1"), ("urgent", "\"true\""), ("due", "\"2026-02-29\""), ("due", "20260228"),
        ("seen", "\"2026-02-28\""), ("kind", "\"other\""), ("office", "\"x\""), ("former", "\"\""),
        ("applicantId", "\"350100199001010019\""), ("applicantId", "null"),
        ("remarks", #"{"rule":"x"}"#),
    ]

    @Test(arguments: Harness.allCases)
    func `a value that a field cannot have is refused by the field's name and never repeated`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            for (field, value) in RecordRoutesTests.invalid {
                var fields = "\"\(field)\":\(value)"
                if field != "applicantId" { fields += ",\"applicantId\":\"\(Fixtures.identity)\"" }
                let reply = try await client.ask(
                    .post,
                    "/v1/records",
                    "{\"item\":\"GJJ-07\",\"fields\":{\(fields)}}"
                )
                #expect(reply.status == 400 && reply.code == "field_invalid", "\(field) \(value)")
                #expect(reply.field == field.string)
                #expect(!reply.text.contains(Fixtures.identity))
                let isTelling =
                    value.utf8.count > 12 && reply.text.contains(value.dropFirst().dropLast())
                #expect(!isTelling)
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a patch sets, clears, adds and removes`(harness: Harness) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase(#""materials":["a","b"],"count":1"#)
            let path = "/v1/records/\(made.id)"
            let reply = try await client.ask(
                .patch,
                path,
                #"{"fields":{"count":null,"kind":"new","materials":{"add":["c"],"remove":["a"]}}}"#
            )
            #expect(reply.status == 200)
            #expect(reply["count"] == "null")
            #expect(reply["kind"] == "\"new\"")
            #expect(reply["materials"] == #"["b","c"]"#)
            #expect(reply.etag != made.etag)
            #expect(reply.headers[.location] == nil)
        }
    }

    /// Plain forms and empty changes of a set, and what is no field.
    static let invalidPatches: [(String, String, String)] = [
        (#"{"materials":["a"]}"#, "field_invalid", "materials"),
        (#"{"materials":null}"#, "field_invalid", "materials"),
        (#"{"materials":{}}"#, "field_invalid", "materials"),
        (#"{"materials":{"add":[]}}"#, "field_invalid", "materials"),
        (#"{"materials":{"add":["a"],"remove":["a"]}}"#, "field_invalid", "materials"),
        (#"{"materials":{"add":["a"],"put":[]}}"#, "field_invalid", "materials"),
        (#"{}"#, "field_invalid", "fields"), ("[]", "field_invalid", "fields"),
        (#"{"@turn":"350300"}"#, "field_unknown", "@turn"),
        (#"{"@delete":true}"#, "field_unknown", "@delete"),
        (#"{"nothing":1}"#, "field_unknown", "nothing"),
    ]

    @Test(arguments: Harness.allCases)
    func `a patch in another form is refused by the field's name`(harness: Harness) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            for (fields, code, field) in RecordRoutesTests.invalidPatches {
                let reply = try await client.ask(
                    .patch,
                    "/v1/records/\(made.id)",
                    "{\"fields\":\(fields)}"
                )
                #expect(reply.status == 400 && reply.code == code, "\(fields)")
                #expect(reply.field == field)
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a move takes the case to its stage and its next holder`(harness: Harness) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            let path = "/v1/records/\(made.id)/transition"
            let reply = try await client.ask(
                .post,
                path,
                #"{"to":"checked","holder":"350300","fields":{"monthlyRent":"5"}}"#
            )
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.json?["stage"]?.string == "checked")
            #expect(reply.json?["holder"]?.string == "350300")
            #expect(reply.json?["turn"]?.integer == 1)
            #expect(reply["monthlyRent"] == "\"5.00\"")

            let late = try await client.ask(.post, path, #"{"to":"decided"}"#)
            #expect(late.status == 409 && late.code == "transition_refused")
            let empty = try await client.ask(.post, path, "{}")
            #expect(empty.status == 400 && empty.field == "to")
        }
    }

    @Test(arguments: Harness.allCases)
    func `an ETag as given, an old one and a star are taken; another is token_unknown`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            let path = "/v1/records/\(made.id)"
            let body = #"{"fields":{"count":5}}"#
            let etag = try #require(made.etag)
            for header in [etag, etag, "*"] {
                let reply = try await client.ask(.patch, path, body, ["If-Match": header])
                #expect(reply.status == 200, "\(header)")
            }
            for header in ["\"\"", "W/\(etag)", "\(etag), \(etag)", "\"nonsense\"", "\"*\""] {
                let reply = try await client.ask(.patch, path, body, ["If-Match": header])
                #expect(reply.status == 412 && reply.code == "token_unknown", "\(header)")
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a key answers again, and only for the same request`(harness: Harness) async throws {
        try await harness.serving { client in
            let body = #"{"item":"NOTICE","fields":{"text":"x"}}"#
            let key = ["Idempotency-Key": "counter 7 !~"]
            let first = try await client.ask(.post, "/v1/records", body, key)
            let second = try await client.ask(.post, "/v1/records", body, key)
            #expect(first.status == 201 && second.status == 201)
            #expect(first.id == second.id)
            let other = try await client.ask(.post, "/v1/records", body + " ", key)
            #expect(other.status == 409 && other.code == "key_reused")
            let patch = try await client.ask(
                .patch,
                "/v1/records/\(first.id)",
                #"{"fields":{"text":"y"}}"#,
                key
            )
            #expect(patch.status == 409 && patch.code == "key_reused")
        }
    }

    @Test(
        arguments: Harness.allCases,
        ["", String(repeating: "k", count: 129), "ключ", "a\tb"]
    )
    func `a key that is not 1 to 128 printable ASCII characters is malformed`(
        harness: Harness,
        key: String
    ) async throws {
        // An HTTP client of its own accord sends no header that is not ASCII.
        guard harness == .router || key.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return }
        try await harness.serving { client in
            let reply = try await client.ask(
                .post,
                "/v1/records",
                #"{"item":"NOTICE","fields":{"text":"x"}}"#,
                ["Idempotency-Key": key]
            )
            #expect(reply.status == 400 && reply.code == "malformed")
            #expect(reply.field == "Idempotency-Key")
        }
    }

    @Test(arguments: Harness.allCases)
    func `an id given twice is one record, and another body is id_taken`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let body = #"{"item":"NOTICE","fields":{"text":"x"},"id":"\#(Fixtures.uuid)"}"#
            let first = try await client.ask(.post, "/v1/records", body)
            let second = try await client.ask(.post, "/v1/records", body)
            #expect(first.status == 201 && second.status == 201)
            #expect(first.bytes == second.bytes)
            let other = try await client.ask(
                .post,
                "/v1/records",
                #"{"item":"NOTICE","fields":{"text":"y"},"id":"\#(Fixtures.uuid)"}"#
            )
            #expect(other.status == 409 && other.code == "id_taken")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a reader sees sensitive fields masked, wherever something is in them`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase(#""bankAccount":"6222","materials":["a"]"#)
            let path = "/v1/records/\(made.id)"
            for target in [path, "/v1/records?item=GJJ-07"] {
                let reply = try await client.ask(.get, target, as: Tokens.reader)
                #expect(reply.status == 200)
                #expect(!reply.text.contains(Fixtures.identity) && !reply.text.contains("6222"))
                let record = reply.json?["records"]?.elements?.first ?? reply.json
                #expect(record?["fields"]?["applicantId"]?.string == "***")
                #expect(record?["fields"]?["bankAccount"]?.string == "***")
                #expect(record?["fields"]?["years"] == .array([]))
                #expect(record?["fields"]?["materials"] == .array([.string("a")]))
            }
            let clerk = try await client.ask(.get, path, as: Tokens.clerk)
            #expect(clerk["bankAccount"] == "\"6222\"")
        }
    }

    @Test
    func `a field that this member may not see is left out`() throws {
        let node = FakeNode()
        let made = try record(in: node)
        var json = JSONWriter()
        json.record(made, for: Fixtures.code("350128"), masks: false)
        let fields = try JSONReader.read(json.bytes)["fields"]
        #expect(fields?["applicantId"] == nil && fields?["materials"] == nil)
        #expect(fields?["count"] == .null)
    }

    private func record(in node: FakeNode) throws -> RecordSnapshot {
        let definition = Fixtures.definition(Fixtures.caseFile)
        let header = RecordHeader(
            item: "GJJ-07",
            definition: Fixtures.digest("d"),
            home: Fixtures.me
        )
        let identifier = try #require(RecordIdentifier("350100.\(Fixtures.uuid)"))
        let key = RecordKey(identifier: identifier, header: header) { _ in Fixtures.digest("h") }
        let timestamp = HybridTimestamp(milliseconds: 1, counter: 0)
        let state = RecordState(
            key: key,
            header: header,
            created: timestamp,
            updated: timestamp,
            fields: [],
            turns: []
        )
        return RecordSnapshot(state: state, definition: definition, token: "t")
    }

    @Test(arguments: Harness.allCases)
    func `lists filter, and page to their end`(harness: Harness) async throws {
        try await harness.serving { client in
            for _ in 0..<5 { _ = try await client.makeCase() }
            _ = try await client.ask(
                .post,
                "/v1/records",
                #"{"item":"NOTICE","fields":{"text":"x"}}"#
            )
            var found: Set<String> = []
            var pages = 0
            var path = "/v1/records?item=GJJ-07&limit=2"
            while true {
                let reply = try await client.ask(.get, path)
                #expect(reply.status == 200)
                found.formUnion(
                    (reply.json?["records"]?.elements ?? []).compactMap { $0["id"]?.string?.string }
                )
                pages += 1
                guard let next = reply.json?["next"]?.string else { break }
                path = "/v1/records?item=GJJ-07&limit=2&cursor=\(next)"
            }
            #expect(found.count == 5 && pages == 3)
            let counts = [
                "home=350300": 5, "home=350100": 1, "stage=accepted": 5, "holder=350300": 0,
                "subject=\(Fixtures.identity)": 5, "updatedAfter=2100-01-01T00:00:00Z": 0,
                "item=NONE": 0,
            ]
            for (query, count) in counts {
                let reply = try await client.ask(.get, "/v1/records?\(query)")
                #expect(reply.json?["records"]?.elements?.count == count, "\(query)")
            }
        }
    }
}
