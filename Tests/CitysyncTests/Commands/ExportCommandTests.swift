import Testing

@testable import citysync

struct ExportCommandTests {
    private static func page(_ ids: [Int], next: String?) -> StubNode.Reply {
        let rows = ids.map {
            #"{"id":"r\#($0)","fields":{"text":"一\n二","amount":"1.00","n":\#(Int64.max)}}"#
        }
        let next = next.map { "\"\($0)\"" } ?? "null"
        return .json(#"{"records":[\#(rows.joined(separator: ",\n"))],"next":\#(next)}"#)
    }

    @Test func `an export has a line for each record, to the last page`() async throws {
        try await StubNode.serving { request in
            request.uri.contains("cursor=a")
                ? ExportCommandTests.page([3], next: nil)
                : ExportCommandTests.page([1, 2], next: "a")
        } _: { node in
            let run = await CommandRun(node, "records", "export", "--item", "GJJ-07")
            #expect(run.status == 0 && run.errors.isEmpty)
            let lines = run.output.split(separator: "\n").map { JSON(Array($0.utf8)) }
            #expect(lines.map { $0?["id"]?.string } == ["r1", "r2", "r3"])
            #expect(lines[0]?["fields"]?["n"]?.integer == .max)
            #expect(lines[0]?["fields"]?["text"]?.string == "一\n二")
            #expect(
                node.received.map(\.uri) == [
                    "/v1/records?item=GJJ-07&limit=1000",
                    "/v1/records?item=GJJ-07&limit=1000&cursor=a",
                ]
            )
        }
    }

    @Test func `an export that stops says where to go on`() async throws {
        try await StubNode.serving { request in
            request.uri.contains("cursor=a")
                ? .problem(503, "store_stopped") : ExportCommandTests.page([1, 2], next: "a")
        } _: { node in
            let run = await CommandRun(node, "records", "export")
            #expect(run.status == 1)
            #expect(run.output.split(separator: "\n").count == 2)
            #expect(run.errors.contains("2 records were printed; go on with --cursor a"))
            let again = await CommandRun(node, "records", "export", "--cursor", "b")
            #expect(again.status == 1)
            #expect(node.received.map(\.uri).contains("/v1/records?limit=1000&cursor=b"))
        }
    }
}

struct BackupCommandTests {
    @Test(arguments: ["/var/backups/1.sqlite", "1.sqlite"])
    func `a backup names an absolute path`(path: String) async throws {
        try await StubNode.serving { _ in
            .json(#"{"file":"/x","bytes":4096,"position":7,"milliseconds":1250}"#)
        } _: { node in
            let run = await CommandRun(node, "backup", path)
            #expect(
                run.output == """
                    FILE  BYTES  POSITION  TOOK
                    /x    4096   7         1s

                    """
            )
            let sent = try #require(node.received.first)
            #expect(sent.line == "POST /v1/backup")
            let file = try #require(JSON(Array(sent.body.utf8))?["file"]?.string)
            #expect(file.hasPrefix("/") && file.hasSuffix(path))
        }
    }

    @Test func `a refused backup says why`() async throws {
        try await StubNode.serving { _ in
            .problem(400, "field_invalid", #","field":"file","detail":"there is a file already""#)
        } _: { node in
            let run = await CommandRun(node, "backup", "/x")
            #expect(run.status == 1 && run.errors.contains("there is a file already"))
        }
    }
}
