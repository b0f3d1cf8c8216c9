import Foundation
import Testing

@testable import citysync

struct RecordsCommandsTests {
    /// A node with the sample item and record.
    private static let node: StubNode.Answering = { request in
        if request.uri.hasPrefix("/v1/items/") { return .json(Samples.item) }
        var reply = StubNode.Reply.json(
            Samples.record,
            status: request.method == "POST" ? 201 : 200
        )
        reply.headers.append(("ETag", "\"t1\""))
        if request.uri.hasPrefix("/v1/records?")
            || request.uri == "/v1/records" && request.method == "GET"
        {
            reply.body = #"{"records":[\#(Samples.record)],"next":null}"#
        }
        return reply
    }

    @Test(arguments: ["table", "wide", "tsv"])
    func `sensitive fields are hidden unless asked for`(_ format: String) async throws {
        try await StubNode.serving(Self.node) { node in
            for words in [["get", Samples.recordID], ["list"]] {
                let arguments = ["--api", node.api, "-o", format, "records"] + words
                let run = await CommandRun(arguments)
                #expect(run.status == 0, "\(run.errors)")
                #expect(!run.output.contains("11010519491231002X"))
                let shown = await CommandRun(arguments + ["--show-sensitive"])
                let showsFields = words != ["list"] || format != "table"
                #expect(shown.output.contains("11010519491231002X") == showsFields)
                #expect(shown.output.contains("1800.00") == showsFields)
            }
        }
    }

    @Test func `what is not known to be harmless is hidden`() async throws {
        let answering: StubNode.Answering = { request in
            request.uri.hasPrefix("/v1/items/")
                ? .problem(404, "item_unknown") : .json(Samples.record)
        }
        try await StubNode.serving(answering) { node in
            let run = await CommandRun(node, "records", "get", Samples.recordID)
            #expect(run.status == 0)
            #expect(!run.output.contains("11010519491231002X"))
            #expect(!run.output.contains("1800.00"))
        }
    }

    @Test func `json is the document of the node`() async throws {
        try await StubNode.serving(Self.node) { node in
            let run = await CommandRun(node, "records", "get", Samples.recordID, "-o", "json")
            #expect(run.output == Samples.record + "\n")
            #expect(node.received.count == 1)
        }
    }

    @Test func `a record shows its case and its ETag`() async throws {
        try await StubNode.serving(Self.node) { node in
            let run = await CommandRun(node, "records", "get", Samples.recordID)
            for line in [
                "item        GJJ-07 version 1", "home        350128", "stage       accepted",
                "parties     350300", "etag        \"t1\"", "applicantId  ***",
                "monthlyRent  1800.00", "materials    [\"lease\"]", "urgent       -",
            ] {
                #expect(run.output.split(separator: "\n").contains(Substring(line)), "\(line)")
            }
        }
    }

    @Test func `filters go into the query`() async throws {
        try await StubNode.serving(Self.node) { node in
            let run = await CommandRun(
                node,
                "records",
                "list",
                "--item",
                "GJJ-07",
                "--home",
                "350128",
                "--stage",
                "a&b",
                "--holder",
                "350100",
                "--subject",
                "X",
                "--updated-after",
                "2026-01-01T00:00:00+08:00",
                "--limit",
                "5",
                "--cursor",
                "c"
            )
            #expect(run.status == 0)
            #expect(
                node.received.first?.uri
                    == "/v1/records?item=GJJ-07&home=350128&stage=a%26b&holder=350100&subject=X"
                    + "&updatedAfter=2026-01-01T00%3A00%3A00%2B08%3A00&limit=5&cursor=c"
            )
        }
    }

    @Test func `a creation is typed by the item and can be repeated`() async throws {
        try await StubNode.serving(Self.node) { node in
            let run = await CommandRun(
                node,
                "records",
                "create",
                "--item",
                "GJJ-07",
                "--home",
                "350128",
                "--party",
                "350300",
                "--party",
                "350700",
                "--field",
                "months=12",
                "--field",
                "monthlyRent=1800.00",
                "--add",
                "materials=lease",
                "--idempotency-key",
                "k 1"
            )
            #expect(run.status == 0, "\(run.errors)")
            let request = try #require(node.received.first { $0.method == "POST" })
            #expect(request.uri == "/v1/records")
            #expect(request.headers["idempotency-key"] == "k 1")
            #expect(
                JSON(Array(request.body.utf8))
                    == JSON(
                        Array(
                            """
                            {"item":"GJJ-07","home":"350128","parties":["350300","350700"],
                             "fields":{"months":12,"monthlyRent":"1800.00","materials":["lease"]}}
                            """.utf8
                        )
                    )
            )
        }
    }

    @Test func `a file is sent as it stands`() async throws {
        try await withFolder { folder in
            try store(#"{"item":"X","fields":{"n":9223372036854775807}}"#, at: "\(folder)/r")
            try await StubNode.serving(Self.node) { node in
                let run = await CommandRun(node, "records", "create", "--file", "\(folder)/r")
                #expect(run.status == 0)
                #expect(
                    node.received.first?.body == #"{"fields":{"n":9223372036854775807},"item":"X"}"#
                )
                try store("[]", at: "\(folder)/r")
                #expect(
                    await CommandRun(node, "records", "create", "--file", "\(folder)/r").status == 1
                )
            }
        }
    }

    @Test func `an update is typed by the record's own version and says what was seen`()
        async throws
    {
        try await StubNode.serving(Self.node) { node in
            let run = await CommandRun(
                node,
                "records",
                "update",
                Samples.recordID,
                "--field",
                "months=13",
                "--remove",
                "materials=lease",
                "--if-match",
                "\"t0\""
            )
            #expect(run.status == 0, "\(run.errors)")
            let patch = try #require(node.received.first { $0.method == "PATCH" })
            #expect(patch.uri == "/v1/records/\(Samples.recordID)")
            #expect(patch.headers["if-match"] == "\"t0\"")
            #expect(patch.body == #"{"fields":{"materials":{"remove":["lease"]},"months":13}}"#)
            #expect(node.received.contains { $0.uri == "/v1/items/GJJ-07/1" })
            _ = await CommandRun(
                node,
                "records",
                "update",
                Samples.recordID,
                "--field",
                "months=13"
            )
            #expect(node.received.last { $0.method == "PATCH" }?.headers["if-match"] == nil)
        }
    }

    @Test func `a transition moves, hands over and writes`() async throws {
        try await StubNode.serving(Self.node) { node in
            let run = await CommandRun(
                node,
                "records",
                "transition",
                Samples.recordID,
                "--to",
                "closed",
                "--holder",
                "350128",
                "--field",
                "months=1"
            )
            #expect(run.status == 0)
            let post = try #require(node.received.first { $0.method == "POST" })
            #expect(post.uri == "/v1/records/\(Samples.recordID)/transition")
            #expect(post.body == #"{"fields":{"months":1},"holder":"350128","to":"closed"}"#)
        }
    }

    // MARK: Import

    /// Refuses lines that say so.
    private static let importing: StubNode.Answering = { request in
        let lines = request.body.split(separator: "\n").enumerated().map { index, line in
            line.contains("bad")
                ? #"{"line":\#(index + 1),"id":null,"status":400,"code":"field_invalid","field":"note"}"#
                : #"{"line":\#(index + 1),"id":"350100.x\#(index)","status":201}"#
        }
        return .init(body: lines.map { $0 + "\n" }.joined())
    }

    private func lines(_ bad: Set<Int>, count: Int) -> String {
        (1...count).map { bad.contains($0) ? "{\"bad\":1}\n" : "{\"fields\":{}}\n" }.joined()
    }

    @Test func `an import loses only its bad lines and names them by their place in the file`()
        async throws
    {
        try await withFolder { folder in
            try store(lines([3, 700], count: 1100), at: "\(folder)/in")
            try await StubNode.serving(Self.importing) { node in
                let run = await CommandRun(node, "records", "import", "\(folder)/in", "--item", "X")
                #expect(run.status == 1)
                #expect(
                    run.output == """
                        line 3 refused: field_invalid, note
                        line 700 refused: field_invalid, note
                        1098 created, 2 refused

                        """
                )
                #expect(node.received.count == 3)
                #expect(node.received.allSatisfy { $0.line == "POST /v1/records:import" })
                #expect(node.received[0].body.hasPrefix(#"{"item":"X","fields":{}}"#))
            }
        }
    }

    @Test func `json has one line for each, numbered as in the file`() async throws {
        try await withFolder { folder in
            try store("\n" + lines([2], count: 3), at: "\(folder)/in")
            try await StubNode.serving(Self.importing) { node in
                let run = await CommandRun(node, "records", "import", "\(folder)/in", "-o", "json")
                let numbers = run.output.split(separator: "\n").map {
                    JSON(Array($0.utf8))?["line"]
                }
                #expect(numbers == [.integer(2), .integer(3), .integer(4)])
                #expect(run.errors == "2 created, 1 refused\n")
            }
        }
    }

    @Test func `a good import ends with 0`() async throws {
        try await withFolder { folder in
            try store(lines([], count: 2), at: "\(folder)/in")
            try await StubNode.serving(Self.importing) { node in
                let run = await CommandRun(node, "records", "import", "\(folder)/in")
                #expect(run.status == 0)
                #expect(run.output == "2 created, 0 refused\n")
            }
        }
    }

    @Test func `an import that breaks off says what is in and what is in doubt`() async throws {
        let answering: StubNode.Answering = { request in
            request.body.contains("end") ? .init(hangsUp: true) : Self.importing(request)
        }
        try await withFolder { folder in
            try store(lines([], count: 500) + "{\"end\":1}\n{}\n", at: "\(folder)/in")
            try await StubNode.serving(answering) { node in
                let run = await CommandRun(node, "records", "import", "\(folder)/in")
                #expect(run.status == 3)
                #expect(run.errors.contains("Stopped: 500 created, 0 refused"))
                #expect(run.errors.contains("Lines 501 to 502 are in doubt"))
            }
        }
    }
}
