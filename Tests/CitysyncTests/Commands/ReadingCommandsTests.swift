import Testing

@testable import citysync

struct ReadingCommandsTests {
    @Test func `peers lists each peer and counts what was refused at the door`() async throws {
        let peers = (10..<22).map { number in
            """
            {"member":"3501\(number)","name":null,"state":"current","toSend":{"count":0},"toApply":{"count":0},
             "reason":null,"address":"10.0.0.\(number):7420"}
            """
        }
        let body = """
            {"peers":[\(peers.joined(separator: ","))],"next":null,
             "refusals":[{"reason":"authority_unknown","count":4}]}
            """
        try await StubNode.serving({ _ in .json(body) }) { node in
            let table = await CommandRun(node, "peers")
            #expect(table.status == 0)
            let lines = table.output.split(separator: "\n")
            #expect(lines.count == 1 + 12 + 2)
            #expect(lines.last?.split(separator: " ") == ["authority_unknown", "4"])
            #expect(await CommandRun(node, "peers", "-o", "wide").output.contains("10.0.0.21:7420"))
            #expect(await CommandRun(node, "peers", "-o", "json").output == body + "\n")
        }
    }

    @Test func `members and the audit are lists with pages`() async throws {
        let answering: StubNode.Answering = { request in
            request.uri.contains("members")
                ? .json(
                    #"{"members":[{"code":"350100","name":{"zh":"福州","en":"Fuzhou"},"address":"a:1"}],"next":null}"#
                )
                : .json(
                    #"{"audit":[{"time":"2026-01-01T00:00:00.000Z","actor":"counter 1\u001b","route":"PATCH /v1/records/{id}","record":"\#(Samples.recordID)","result":"200"}],"next":"c&2"}"#
                )
        }
        try await StubNode.serving(answering) { node in
            let members = await CommandRun(node, "members", "list")
            #expect(members.output == "MEMBER  NAME  ENGLISH  ADDRESS\n350100  福州  Fuzhou   a:1\n")
            let audit = await CommandRun(node, "audit", "--limit", "1", "--cursor", "c&1")
            #expect(node.received.last?.uri == "/v1/audit?limit=1&cursor=c%261")
            #expect(audit.output.contains("counter 1\\u{1b}"))
            #expect(audit.output.contains("350100.0192…"))
            #expect(audit.errors == "There are more: repeat with --cursor c&2\n")
            #expect(await CommandRun(node, "audit", "-o", "tsv").output.contains(Samples.recordID))
        }
    }

    private func verify(_ differing: String) -> StubNode.Answering {
        { request in
            if request.uri == "/v1/status" {
                return .json(
                    Samples.status(peers: [
                        ("350300", "current", 0, 0), ("350700", "current", 0, 0),
                    ])
                )
            }
            guard request.uri.hasSuffix("350700") else {
                return .json(
                    #"{"member":"350300","equal":true,"records":12,"digest":"ab12","differing":[]}"#
                )
            }
            return .json(
                #"{"member":"350700","equal":\#(differing.isEmpty),"records":12,"digest":"ab12","differing":[\#(differing)]}"#
            )
        }
    }

    @Test func `verify asks for every peer and ends well when all are equal`() async throws {
        try await StubNode.serving(verify("")) { node in
            let run = await CommandRun(node, "verify")
            #expect(run.status == 0)
            #expect(
                run.output == """
                    PEER    EQUAL  RECORDS  DIGEST  DIFFERING
                    350300  yes    12       ab12    0
                    350700  yes    12       ab12    0

                    """
            )
            let json = await CommandRun(node, "verify", "-o", "json")
            #expect(JSON(Array(json.output.utf8))?["verify"]?.array?.count == 2)
        }
    }

    @Test func `verify names what differs and ends with 1`() async throws {
        try await StubNode.serving(verify(#"{"record":"350100.x","reason":"missing here"}"#)) {
            node in
            let run = await CommandRun(node, "verify", "--peer", "350700")
            #expect(run.status == 1)
            #expect(run.output.contains("350700  350100.x  missing here"))
            #expect(node.received.map(\.uri) == ["/v1/verify?member=350700"])
        }
    }

    @Test func `a peer that could not be asked is not equal`() async throws {
        let body =
            #"{"member":"350300","equal":null,"records":12,"digest":"ab12","differing":[],"problem":"not connected"}"#
        try await StubNode.serving({ _ in .json(body) }) { node in
            let run = await CommandRun(node, "verify", "--peer", "350300")
            #expect(run.status == 1)
            #expect(run.output.contains("350300  ?      12       ab12    not connected"))
        }
    }

    @Test func `a peer that cannot be compared hides none of the others`() async throws {
        let good = verify("")
        let answering: StubNode.Answering = { request in
            request.uri.hasSuffix("350300") ? .problem(503, "peer_unreachable") : good(request)
        }
        try await StubNode.serving(answering) { node in
            let run = await CommandRun(node, "verify")
            #expect(run.status == 1)
            #expect(run.output.contains("350300  ?"))
            #expect(run.output.contains("peer_unreachable"))
            #expect(run.output.contains("350700  yes"))
        }
    }
}
