import Testing

@testable import citysync

/// Conflicts, histories, explanations and what is held.
struct ReviewCommandsTests {
    private static let conflict = """
        {"id":"c-9f31a2c4d5e6f708","kind":"review","record":"\(Samples.recordID)","item":"GJJ-07",
         "field":"applicantId","since":"2026-01-02T00:00:00.000Z","open":true,"waits":true,
         "owner":"350128","rule":"two values stand under review","values":[
          {"value":"11010519491231002X","writer":"350100","time":"2026-01-01T00:00:00.000Z",
           "shown":true,"verdict":null,"dot":"350100/07/1"},
          {"value":{"add":["租赁"],"remove":[]},"writer":"350128","time":null,"shown":false,
           "verdict":"forked","dot":null}]}
        """

    private static let history = """
        {"history":[
          {"field":"@stage","value":"accepted","writer":"350100","time":"2026-01-01T00:00:00.000Z",
           "dot":"350100/07/1","seen":[],"ground":null,"verdict":null,"standing":true,"shown":true},
          {"field":"applicantId","value":"11010519491231002X","writer":"350100",
           "time":"2026-01-01T00:00:00.000Z","dot":"350100/07/1","seen":[],"ground":null,
           "verdict":null,"standing":false,"shown":false},
          {"field":"months","value":7,"writer":"350128","time":"2026-01-02T00:00:00.000Z",
           "dot":"350128/0a/1","seen":["350100/07/1"],"ground":"350100/07/1",
           "verdict":"overruled","standing":false,"shown":false}],"next":"3"}
        """

    private static let held = """
        {"position":1204,"reason":"definition_not_agreed","detail":"GJJ-07 version 2",
         "owner":"350128 350700","author":"350900","record":"\(Samples.recordID)",
         "written":"2026-01-01T00:00:00.000Z","since":"2026-01-02T00:00:00.000Z","nextTry":null}
        """

    private static let explanation = """
        {"id":"\(Samples.recordID)","explanation":[
          {"field":null,"text":"350100 accepted it for 350128","value":null,"conflict":null},
          {"field":"applicantId","text":"set by 350100","value":"11010519491231002X","conflict":null},
          {"field":"applicantId","text":"another stands\\u001b[2J","value":null,"conflict":"c-1"},
          {"field":"months","text":"350128 wrote it last","value":12,"conflict":null}],
         "held":[\(held)]}
        """

    /// A node with one record and all that there is to review of it.
    private static func answer(_ request: StubNode.Request) -> StubNode.Reply {
        let path = request.uri.split(separator: "?")[0]
        switch (request.method, path) {
        case ("GET", "/v1/records/\(Samples.recordID)/history"): return .json(history)
        case ("GET", "/v1/records/\(Samples.recordID)/explain"): return .json(explanation)
        case ("GET", "/v1/records/\(Samples.recordID)"): return .json(Samples.record)
        case ("GET", "/v1/items/GJJ-07/1"): return .json(Samples.item)
        case ("GET", "/v1/conflicts"): return .json(#"{"conflicts":[\#(conflict)],"next":null}"#)
        case ("GET", "/v1/conflicts/c-9f31a2c4d5e6f708"): return .json(conflict)
        case ("GET", "/v1/held"): return .json(#"{"held":[\#(held)],"next":null}"#)
        case ("POST", "/v1/held/1204/retry"):
            return .json(#"{"position":1204,"released":false,"held":\#(held)}"#)
        case ("POST", "/v1/held/9/retry"):
            return .json(#"{"position":9,"released":true,"held":null}"#)
        case ("POST", "/v1/conflicts/c-9f31a2c4d5e6f708/resolution"), ("DELETE", _):
            return .json(Samples.record)
        default: return .problem(404, "conflict_unknown")
        }
    }

    private func run(_ arguments: String...) async throws -> CommandRun {
        try await StubNode.serving(ReviewCommandsTests.answer) { node in
            await CommandRun(["--api", node.api] + arguments)
        }
    }

    // MARK: Conflicts

    @Test func `conflicts are listed with who has to decide them`() async throws {
        let table = try await run("conflicts", "list")
        #expect(
            table.output == """
                CONFLICT            KIND    RECORD        FIELD        VALUES  WAITS FOR  SINCE
                c-9f31a2c4d5e6f708  review  350100.0192…  applicantId  2       350128     2026-01-02T00:00:00.000Z

                """
        )
        let exact = try await run("conflicts", "list", "-o", "tsv")
        #expect(exact.output.contains("\treview\t\(Samples.recordID)\tapplicantId\t2\t350128\t"))
    }

    @Test(
        arguments: [
            ([], "/v1/conflicts"), (["--all"], "/v1/conflicts?open=false"),
            (
                ["--record", "a b", "--kind", "review", "--limit", "5"],
                "/v1/conflicts?record=a%20b&kind=review&limit=5"
            ),
        ]
    )
    func `a list asks for what it is told to`(options: [String], target: String) async throws {
        try await StubNode.serving(ReviewCommandsTests.answer) { node in
            _ = await CommandRun(["--api", node.api, "conflicts", "list"] + options)
            #expect(node.received.map(\.line) == ["GET \(target)"])
        }
    }

    @Test func `a conflict's values have the numbers that choose takes, sensitive ones hidden`()
        async throws
    {
        let table = try await run("conflicts", "show", "c-9f31a2c4d5e6f708")
        #expect(
            table.output == """
                c-9f31a2c4d5e6f708  review  waits for a decision
                record      \(Samples.recordID)
                item        GJJ-07
                field       applicantId
                since       2026-01-02T00:00:00.000Z
                waits for   350128
                rule        two values stand under review
                N  VALUE  WRITER  TIME                      STATE   WRITE
                0  ***    350100  2026-01-01T00:00:00.000Z  shown   350100/07/1
                1  ***    350128  -                         forked  -

                """
        )
        let shown = try await run("conflicts", "show", "c-9f31a2c4d5e6f708", "--show-sensitive")
        #expect(shown.output.contains("0  11010519491231002X "))
        #expect(shown.output.contains(#"1  {"add":["租赁"],"remove":[]}"#))
        let missing = try await run("conflicts", "show", "c-0")
        #expect(missing.status == 1 && missing.errors.contains("citysync conflicts list --all"))
    }

    @Test(
        arguments: [
            (["--choose", "1"], #"{"choose":1}"#), (["--value", "x"], #"{"value":"x"}"#),
            (["--rule", "x"], #"{"value":{"rule":"x"}}"#),
            (["--add", "-2"], #"{"value":{"add":-2}}"#), (["--clear"], #"{"value":null}"#),
            (["--json", #"{"add":["a"]}"#], #"{"value":{"add":["a"]}}"#),
            (["--close", "ID"], #"{"close":"ID"}"#),
        ]
    )
    func `a decision is sent in the form it was given`(
        options: [String],
        body: String
    ) async throws {
        try await StubNode.serving(ReviewCommandsTests.answer) { node in
            let words = ["--api", node.api, "conflicts", "resolve", "c-9f31a2c4d5e6f708"]
            let run = await CommandRun(words + options)
            #expect(run.status == 0 && run.output.contains(Samples.recordID))
            let sent = try #require(node.received.first { $0.method == "POST" })
            #expect(sent.uri == "/v1/conflicts/c-9f31a2c4d5e6f708/resolution")
            #expect(sent.body == body)
            #expect(sent.headers["idempotency-key"]?.hasPrefix("citysync-") == true)
        }
    }

    // MARK: Histories and explanations

    @Test func `a history says of each write what became of it`() async throws {
        let table = try await run("records", "history", Samples.recordID)
        #expect(
            table.output == """
                TIME                      FIELD        VALUE     WRITER  STATE
                2026-01-01T00:00:00.000Z  @stage       accepted  350100  shown
                2026-01-01T00:00:00.000Z  applicantId  ***       350100  replaced
                2026-01-02T00:00:00.000Z  months       7         350128  overruled

                """
        )
        #expect(table.errors.contains("--cursor 3"))
        let wide = try await run(
            "records",
            "history",
            Samples.recordID,
            "-o",
            "tsv",
            "--show-sensitive"
        )
        #expect(
            wide.output.contains("\tapplicantId\t11010519491231002X\t350100\treplaced\t350100/07/1")
        )
        #expect(wide.output.contains("overruled\t350128/0a/1\t350100/07/1\t350100/07/1"))
    }

    @Test func `an explanation is words under each field, harmless on a terminal`() async throws {
        let text = try await run("records", "explain", Samples.recordID)
        #expect(
            text.output == """
                350100 accepted it for 350128
                applicantId  ***
                  set by 350100
                  another stands\\u{1b}[2J  (citysync conflicts show c-1)
                months  12
                  350128 wrote it last
                held: definition_not_agreed, GJJ-07 version 2, 350128 350700 must act

                """
        )
        let exact = try await run("records", "explain", Samples.recordID, "-o", "json")
        #expect(exact.output.contains("11010519491231002X"))
    }

    @Test func `a deletion says what was seen, and carries no body`() async throws {
        try await StubNode.serving(ReviewCommandsTests.answer) { node in
            let run = await CommandRun(
                node,
                "records",
                "delete",
                Samples.recordID,
                "--if-match",
                "\"t\""
            )
            #expect(run.status == 0)
            let sent = try #require(node.received.first { $0.method == "DELETE" })
            #expect(sent.uri == "/v1/records/\(Samples.recordID)" && sent.body.isEmpty)
            #expect(sent.headers["if-match"] == "\"t\"" && sent.headers["content-type"] == nil)
            #expect(sent.headers["idempotency-key"] != nil)
        }
    }

    // MARK: Held

    @Test func `what is held is listed with who must act`() async throws {
        let table = try await run("held", "list")
        #expect(
            table.output == """
                POSITION  REASON                 WHO MUST ACT   AUTHOR  RECORD        SINCE                     NEXT TRY  DETAIL
                1204      definition_not_agreed  350128 350700  350900  350100.0192…  2026-01-02T00:00:00.000Z  -         GJJ-07 version 2

                """
        )
    }

    @Test func `a retry ends with 0 only if the changeset took effect`() async throws {
        let released = try await run("held", "retry", "9")
        #expect(released.status == 0 && released.output == "It took effect.\n")
        let still = try await run("held", "retry", "1204")
        #expect(still.status == 1 && still.output.contains("definition_not_agreed"))
        let json = try await run("held", "retry", "1204", "-o", "json")
        #expect(json.status == 1 && json.output.contains(#""released":false"#))
    }
}
