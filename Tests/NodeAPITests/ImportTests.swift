import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NIOCore
import NodeStore
import ReplicationCore
import Testing

struct ImportTests {
    private static let lines = ["Content-Type": "application/x-ndjson"]

    private static func answers(_ reply: Reply) throws -> [JSON] {
        try reply.bytes.split(separator: UInt8(ascii: "\n")).map { try JSONReader.read(Bytes($0)) }
    }

    @Test(arguments: Harness.allCases)
    func `nothing good is lost for a bad line, and each line has its answer in order`(
        harness: Harness
    ) async throws {
        let body = [
            #"{"item":"NOTICE","fields":{"text":"a"}}"#, "nonsense", "",
            #"{"item":"NOTICE","fields":{"text":7}}"#, #"{"item":"NONE","fields":{}}"#,
            #"{"item":"NOTICE","fields":{"text":"b"},"id":"\#(Fixtures.uuid)"}"# + "\r",
            "{\"item\":\"\(String(repeating: "x", count: 1 << 20))\"}",
            #"{"item":"NOTICE","fields":{"text":"b"},"id":"\#(Fixtures.uuid)"}"#,
            #"{"item":"NOTICE","fields":{"text":"c"},"id":"\#(Fixtures.uuid)"}"#,
            #"{"item":"NOTICE","fields":{"text":"last, without a line end"}}"#,
        ].joined(separator: "\n")
        try await harness.serving { client in
            let reply = try await client.ask(.post, "/v1/records:import", body, ImportTests.lines)
            #expect(reply.status == 200)
            #expect(reply.headers[.contentType] == "application/x-ndjson")
            let answers = try ImportTests.answers(reply)
            #expect(answers.compactMap { $0["line"]?.integer } == Array(1...10))
            #expect(
                answers.compactMap { $0["status"]?.integer }
                    == [201, 400, 400, 400, 404, 201, 413, 201, 409, 201]
            )
            #expect(
                answers.map { $0["code"]?.string?.string } == [
                    nil, "malformed", "malformed", "field_invalid", "item_unknown", nil,
                    "too_large",
                    nil, "id_taken", nil,
                ]
            )
            #expect(answers[3]["field"]?.string == "text")
            #expect(answers.map { $0["id"]?.string != nil } == answers.map { $0["code"] == nil })
            // The same request twice is one record, whether by a line end or not.
            #expect(answers[5]["id"] == answers[7]["id"])
            let list = try await client.ask(.get, "/v1/records?item=NOTICE")
            #expect(list.json?["records"]?.elements?.count == 3)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a line with an id that was posted alone is the same request`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let line = #"{"item":"NOTICE","fields":{"text":"a"},"id":"\#(Fixtures.uuid)"}"#
            let posted = try await client.ask(.post, "/v1/records", line)
            let reply = try await client.ask(.post, "/v1/records:import", line, ImportTests.lines)
            let answer = try #require(try ImportTests.answers(reply).first)
            #expect(answer["status"]?.integer == 201 && answer["id"]?.string?.string == posted.id)
        }
    }

    @Test(arguments: Harness.allCases)
    func `many lines are handed over in batches`(harness: Harness) async throws {
        let node = FakeNode()
        let body = (0..<3_000).map { #"{"item":"NOTICE","fields":{"text":"\#($0)"}}"# + "\n" }
            .joined()
        try await harness.serving(node) { client in
            let reply = try await client.ask(.post, "/v1/records:import", body, ImportTests.lines)
            let answers = try ImportTests.answers(reply)
            #expect(answers.count == 3_000)
            #expect(answers.allSatisfy { $0["status"]?.integer == 201 })
            #expect(Set(answers.compactMap { $0["id"]?.string }).count == 3_000)
            let batches = node.change { $0.batches }
            #expect(batches.reduce(0, +) == 3_000)
            #expect(batches.max() == 256 && batches.count < 100)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a failing store answers each line, and lines that are bad anyway keep their reason`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.change { $0.failure = .stopped }
        try await harness.serving(node) { client in
            let reply = try await client.ask(
                .post,
                "/v1/records:import",
                "{}\n" + #"{"item":"NOTICE","fields":{"text":"a"}}"# + "\n",
                ImportTests.lines
            )
            let codes = try ImportTests.answers(reply).map { $0["code"]?.string?.string }
            #expect(codes == ["field_invalid", "store_stopped"])
        }
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `lines are the same in whatever parts they come`(bytes: Int) {
        let text = Bytes("a\n\nbc\r\nlonger\n12345\n123456\nend".utf8)
        var splitter = LineSplitter(bytesMaximum: 5)
        var lines: [LineSplitter.Line] = []
        for start in stride(from: 0, to: text.count, by: bytes) {
            let part = text[start..<min(start + bytes, text.count)]
            lines += splitter.take(ByteBuffer(bytes: part))
        }
        if let last = splitter.finish() { lines.append(last) }
        let expected: [LineSplitter.Line] = [
            .whole(Bytes("a".utf8)), .whole([]), .whole(Bytes("bc".utf8)), .tooLong,
            .whole(Bytes("12345".utf8)), .tooLong, .whole(Bytes("end".utf8)),
        ]
        #expect(lines == expected)
        #expect(splitter.finish() == nil)
    }

    @Test
    func `a client that does not read stops the import at the bound, and reading frees it`()
        async throws
    {
        let queue = OutputQueue(bytesMaximum: 10)
        #expect(await queue.push(Bytes(repeating: 1, count: 10)))
        async let second = queue.push([2])
        var bytes = 0
        while bytes < 11 { bytes += (await queue.pop())?.count ?? 0 }
        #expect(await second)
        queue.finish()
        #expect(await queue.pop() == nil)
    }

    @Test
    func `an import whose client is gone ends`() async {
        let queue = OutputQueue(bytesMaximum: 10)
        async let blocked = queue.push(Bytes(repeating: 1, count: 11))
        queue.abandon()
        #expect(await blocked == false)
        #expect(await queue.push([1]) == false)
    }
}
