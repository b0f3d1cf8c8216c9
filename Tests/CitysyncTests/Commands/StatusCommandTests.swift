import Testing

@testable import citysync

struct StatusCommandTests {
    @Test(
        arguments: [("ok", 0), ("warning", 1), ("critical", 2), ("unknown", 3)] as [(String, Int32)]
    )
    func `the exit status is the health`(_ health: String, _ status: Int32) async throws {
        let body = Samples.status(health: health)
        try await StubNode.serving({ _ in .json(body) }) { node in
            for format in ["table", "wide", "json", "tsv"] {
                let run = await CommandRun(node, "status", "-o", format)
                #expect(run.status == status, "\(format)")
                #expect(run.errors.isEmpty)
            }
        }
    }

    @Test func `the table is that of the interface page`() async throws {
        try await StubNode.serving({ _ in .json(Samples.status) }) { node in
            let run = await CommandRun(node, "status")
            #expect(run.output == Samples.statusTable)
            #expect(run.status == 2)
            #expect(node.received.map(\.line) == ["GET /v1/status"])
        }
    }

    @Test func `json is the document of the node`() async throws {
        try await StubNode.serving({ _ in .json(Samples.status) }) { node in
            let run = await CommandRun(node, "status", "-o", "json")
            #expect(JSON(Array(run.output.utf8)) == JSON(Array(Samples.status.utf8)))
        }
    }

    private func expectUnknown(_ run: CommandRun) throws {
        #expect(run.status == 3)
        let document = try #require(JSON(Array(run.output.utf8)))
        #expect(document["schema"] == .string("citysync.status/1"))
        #expect(document["node"] == .null)
        #expect(document["alliance"] == .null)
        #expect(document["peers"] == .array([]))
        #expect(document["health"]?["state"] == .string("unknown"))
        // The document is one that this program itself can read.
        #expect(try StatusDocument(Array(run.output.utf8)).health.state == .unknown)
    }

    @Test func `a node that is down still gives a valid document`() async throws {
        let run = await CommandRun(["status", "-o", "json", "--api", "unix:/tmp/cs-absent.sock"])
        try expectUnknown(run)
        #expect(run.errors.contains("unix:/tmp/cs-absent.sock"))
        #expect(run.errors.contains("citysyncd"))
    }

    @Test(arguments: [
        StubNode.Reply.problem(401, "token_missing"), .problem(503, "store_stopped"),
        .json("<html>"), .json(#"{"schema":"other"}"#),
    ])
    func `an answer that is no status cannot be taken for health`(
        _ reply: StubNode.Reply
    ) async throws {
        try await StubNode.serving({ _ in reply }) { node in
            try expectUnknown(await CommandRun(node, "status", "-o", "json"))
            let table = await CommandRun(node, "status")
            #expect(table.status == 3)
            #expect(table.output.isEmpty)
            #expect(!table.errors.isEmpty)
        }
    }

    @Test func `colour is there on a terminal`() async throws {
        try await StubNode.serving({ _ in .json(Samples.status) }) { node in
            #expect(
                await CommandRun(node, "status", isTerminal: true).output.contains("\u{1b}[31m")
            )
            #expect(!(await CommandRun(node, "status").output.contains("\u{1b}")))
        }
    }
}

struct WaitCommandTests {
    @Test func `it ends as soon as every peer is current with nothing either way`() async throws {
        let counts = Countdown(from: 2)
        let answering: StubNode.Answering = { _ in
            let left = counts.next()
            let state = left == 0 ? "current" : "behind"
            return .json(
                Samples.status(peers: [("350300", state, left, 0), ("350700", "current", 0, 0)])
            )
        }
        try await StubNode.serving(answering) { node in
            let run = await CommandRun(node, "wait", "--caught-up", "--timeout", "600")
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.hasPrefix("caught up with 2 peers after"))
            #expect(node.received.count == 3)
        }
    }

    @Test(
        arguments: [
            ("current", nil, 0), ("current", 0, nil), ("current", 1, 0), ("behind", 0, 0),
            ("unreachable", nil, nil),
        ] as [(String, Int?, Int?)]
    )
    func `an unknown count is not 0, nor is another state current`(
        _ state: String,
        _ send: Int?,
        _ apply: Int?
    ) async throws {
        let body = Samples.status(peers: [
            ("350300", state, send, apply), ("350700", "current", 0, 0),
        ])
        try await StubNode.serving({ _ in .json(body) }) { node in
            let run = await CommandRun(node, "wait", "--caught-up", "--timeout", "0")
            #expect(run.status == 1)
            #expect(run.errors.contains("350300"))
            #expect(!run.errors.contains("350700"))
            let other = await CommandRun(node, "wait", "--caught-up", "--peer", "350700")
            #expect(other.status == 0)
        }
    }

    @Test func `a peer that is none is refused at once`() async throws {
        try await StubNode.serving({ _ in .json(Samples.status()) }) { node in
            let run = await CommandRun(node, "wait", "--caught-up", "--peer", "999999")
            #expect(run.status == 1)
            #expect(run.errors.contains("999999 is no peer"))
        }
    }

    @Test func `a node that cannot be asked is status 3, with a limit or without`() async {
        for limit in [[], ["--timeout", "0"]] {
            let arguments = ["--api", "unix:/tmp/cs-absent.sock", "wait", "--caught-up"]
            #expect(await CommandRun(arguments + limit).status == 3)
        }
    }

    @Test func `json says who is behind`() async throws {
        let body = Samples.status(peers: [("350300", "behind", 3, 0)])
        try await StubNode.serving({ _ in .json(body) }) { node in
            let run = await CommandRun(node, "wait", "--caught-up", "--timeout", "0", "-o", "json")
            let document = try #require(JSON(Array(run.output.utf8)))
            #expect(document["caughtUp"] == .boolean(false))
            #expect(document["behind"] == .array([.string("350300")]))
        }
    }
}
