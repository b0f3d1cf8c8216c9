import Testing

@testable import citysync

/// `conflicts reissue`.
struct ReissueCommandTests {
    private static func write(_ field: String, _ rest: String) -> String {
        """
        {"record":"\(Samples.recordID)","field":"\(field)","time":"2026-01-02T00:00:00.000Z",
         "dot":"350100/07/4",\(rest)}
        """
    }

    private static let issued = write(
        "months",
        #""result":"issued","reason":null,"detail":null"#
    )
    private static let skipped = write(
        "note",
        #""result":"skipped","reason":"refused","detail":"unauthorised: \u001b[2J""#
    )

    /// Two pages of one write each; a trial run has none.
    private static func answer(_ request: StubNode.Request) -> StubNode.Reply {
        guard request.method == "POST", request.uri == "/v1/conflicts:reissue" else {
            return .problem(404, "route_unknown")
        }
        let body = request.body
        if body.contains("\"dryRun\":true") {
            return .json(#"{"issued":0,"lookedAt":3,"writes":[],"next":null}"#)
        }
        return body.contains("\"cursor\":\"40\"")
            ? .json(#"{"issued":0,"lookedAt":2,"writes":[\#(skipped)],"next":null}"#)
            : .json(#"{"issued":1,"lookedAt":100,"writes":[\#(issued)],"next":"40"}"#)
    }

    private func run(_ arguments: String...) async throws -> CommandRun {
        try await StubNode.serving(Self.answer) { node in
            await CommandRun(["--api", node.api, "conflicts", "reissue"] + arguments)
        }
    }

    @Test func `every page is asked for, and each write told`() async throws {
        let run = try await run()
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 4)
        #expect(lines[1].contains("months") && lines[1].contains("issued"))
        #expect(lines[2].contains(#"unauthorised: \u{1b}[2J"#))
        #expect(lines[3] == "1 issued again, 1 skipped")
    }

    @Test func `for programs there is one document, or a line for each write`() async throws {
        let json = try await run("-o", "json")
        let document = try #require(JSON(Array(json.output.utf8)))
        #expect(document["issued"]?.integer == 1 && document["lookedAt"]?.integer == 102)
        #expect(document["writes"]?.array?.count == 2)
        let tsv = try await run("-o", "tsv")
        #expect(tsv.output.split(separator: "\n").count == 3)
        #expect(tsv.output.hasPrefix("record\tfield\ttime\tresult\treason\tdetail\n"))
    }

    @Test func `where nothing is forked it says so`() async throws {
        let run = try await run("--dry-run")
        #expect(run.output == "No write of this member is forked.\n")
    }
}
