import Testing

@testable import citysync

struct NodeClientTests {
    @Test func `over TCP the token goes along, over the socket it does not`() async throws {
        try await withFolder { folder in
            try store("cs_k3f9_secret\n", at: "\(folder)/t")
            for overTCP in [true, false] {
                try await StubNode.serving(overTCP: overTCP, { _ in .json(Samples.status()) }) {
                    node in
                    let run = await CommandRun(node, "status", "--token-file", "\(folder)/t")
                    #expect(run.status == 0, "\(run.errors)")
                    let header = node.received.first?.headers["authorization"]
                    #expect(header == (overTCP ? "Bearer cs_k3f9_secret" : nil))
                }
            }
        }
    }

    @Test func `a token does not travel in the clear to another machine`() async throws {
        try await withFolder { folder in
            try store("cs_k3f9_secret\n", at: "\(folder)/t")
            let run = await CommandRun([
                "peers", "--api", "http://192.0.2.1:7421", "--token-file", "\(folder)/t",
            ])
            #expect(run.status == 3)
            #expect(run.errors.contains("in the clear"))
        }
    }

    @Test func `global options stand before or after the command, or in the environment`()
        async throws
    {
        try await StubNode.serving({ _ in .json(Samples.status()) }) { node in
            let lines = [
                ["--api", node.api, "-o", "json", "status"],
                ["status", "--api", node.api, "-o", "json"],
                ["-o", "json", "status", "--api", node.api],
            ]
            for line in lines {
                let run = await CommandRun(line)
                #expect(run.status == 0, "\(line): \(run.errors)")
                #expect(run.output.hasPrefix("{"))
            }
            let environment = ["CITYSYNC_API": node.api]
            #expect(await CommandRun(["status"], environment: environment).status == 0)
            // What the command line says wins.
            let arguments = ["status", "--api", "unix:/tmp/cs-absent.sock"]
            #expect(await CommandRun(arguments, environment: environment).status == 3)
        }
    }

    @Test(arguments: [
        ["peers"], ["items", "list"], ["items", "show", "X"], ["items", "approve", "X", "1"],
        ["records", "get", "X"], ["records", "list"], ["records", "create", "--item", "X"],
        ["records", "update", "X", "--field", "a=b"], ["records", "transition", "X", "--to", "a"],
        ["verify"], ["members", "list"], ["audit"],
    ])
    func `a node that cannot be asked is status 3, and one that refuses status 1`(
        _ command: [String]
    ) async throws {
        let absent = await CommandRun(["--api", "unix:/tmp/cs-absent.sock"] + command)
        #expect(absent.status == 3)
        #expect(absent.errors.contains("Cannot reach the node at unix:/tmp/cs-absent.sock"))
        #expect(absent.errors.contains("Do: "))
        #expect(absent.output.isEmpty)
        let refusal = StubNode.Reply.problem(
            403,
            "role_insufficient",
            #","detail":"clerk is needed""#
        )
        try await StubNode.serving({ _ in refusal }) { node in
            let refused = await CommandRun(["--api", node.api] + command)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("role_insufficient (403): clerk is needed"))
        }
    }

    @Test func `a node that hangs up is status 3`() async throws {
        try await StubNode.serving({ _ in .init(hangsUp: true) }) { node in
            let run = await CommandRun(node, "peers")
            #expect(run.status == 3)
            #expect(run.errors.contains("did not answer"))
        }
    }

    @Test func `a write whose answer is lost says how to repeat it`() async throws {
        let answering: StubNode.Answering = { request in
            request.method == "POST" ? .init(hangsUp: true) : .json(Samples.item)
        }
        try await StubNode.serving(answering) { node in
            let run = await CommandRun(node, "records", "create", "--item", "GJJ-07")
            #expect(run.status == 3)
            let key = try #require(node.received.last?.headers["idempotency-key"])
            #expect(run.errors.contains("--idempotency-key \(key)"))
            // Written once: a client that repeats by itself would have sent it again.
            #expect(node.received.count == 1)
        }
    }
}

struct ProblemTests {
    @Test func `a refusal names code, status, field and what helps`() {
        let body =
            #"{"status":412,"code":"token_unknown","detail":"of another record","field":"If-Match"}"#
        let message = Problem(status: 412, body: Array(body.utf8)).message
        #expect(
            message.hasPrefix("Refused: token_unknown (412), field If-Match: of another record\n")
        )
        #expect(message.contains("citysync records get"))
    }

    @Test func `every reason is listed`() {
        let body = """
            {"code":"definition_refused","detail":"two reasons","reasons":[
              {"key":"fields.a.merge","detail":"sum is not built yet","remedy":"use latest"},
              {"key":"","detail":"b\\u001b"}]}
            """
        let message = Problem(status: 422, body: Array(body.utf8)).message
        #expect(
            message == """
                Refused: definition_refused (422): two reasons
                  - fields.a.merge: sum is not built yet; use latest
                  - b\\u{1b}
                """
        )
    }

    @Test func `what is no problem document is shown by its status`() {
        #expect(
            Problem(status: 404, body: Array("<html>".utf8)).message
                == "Refused with HTTP status 404"
        )
    }

    @Test(arguments: [
        (500, "broken", true), (503, "other", true), (503, "store_stopped", false),
        (503, "clock_beyond_bound", false), (409, "key_reused", false),
    ])
    func `only a refusal that leaves it open says so`(_ status: Int, _ code: String, _ isOpen: Bool)
    {
        let message = Problem(status: status, code: code).message
        #expect(message.contains("not known whether") == isOpen)
    }
}

struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-9223372036854775808", "9223372036854775807", "1.5",
        #""a\"\\\n\t\u0001平""#, "[]", "{}", #"{"a":[1,{"b":null}],"c":"x"}"#,
    ])
    func `a value comes out as it went in`(_ text: String) throws {
        let value = try #require(JSON(Array(text.utf8)))
        #expect(value.text == text)
    }

    @Test func `one is no truth and true is no number`() {
        #expect(JSON(Array("1".utf8)) == .integer(1))
        #expect(JSON(Array("true".utf8)) == .boolean(true))
        #expect(JSON(Array(#""1""#.utf8)) == .string("1"))
    }

    @Test(arguments: ["", "{", "[1", "nul", "{\"a\":1} x"])
    func `what is not one JSON text is none`(_ text: String) {
        #expect(JSON(Array(text.utf8)) == nil)
    }
}
