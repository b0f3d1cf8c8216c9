import Foundation
import Testing

@testable import citysync

struct ImportChunksTests {
    private func chunks(_ text: String, item: String? = nil) async throws -> [ImportChunks.Chunk] {
        try await withFolder { folder in
            try store(text, at: "\(folder)/in")
            let lines = try InputLines(path: "\(folder)/in")
            defer { lines.close() }
            var chunks = ImportChunks(lines, item: item)
            var all: [ImportChunks.Chunk] = []
            while let chunk = try chunks.next() { all.append(chunk) }
            return all
        }
    }

    @Test func `lines keep their numbers past empty ones, and the last needs no end`() async throws
    {
        let chunks = try await chunks("{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}")
        #expect(chunks.map(\.numbers) == [[1, 4, 5]])
        #expect(
            String(decoding: chunks[0].body, as: UTF8.self) == "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"
        )
    }

    @Test(arguments: ["", "\n\n"])
    func `nothing is sent for nothing`(_ text: String) async throws {
        #expect(try await chunks(text).isEmpty)
    }

    @Test func `requests are bounded in lines and bytes, and nothing is lost between them`()
        async throws
    {
        let many = (1...1201).map { "{\"n\":\($0)}" }
        let byLines = try await chunks(many.joined(separator: "\n"))
        #expect(byLines.map(\.numbers.count) == [500, 500, 201])
        #expect(byLines.flatMap(\.numbers) == Array(1...1201))
        let long = "\"" + String(repeating: "x", count: 400_000) + "\""
        let byBytes = try await chunks([long, long, long, "1"].joined(separator: "\n"))
        #expect(byBytes.map(\.numbers) == [[1, 2], [3, 4]])
        #expect(byBytes.allSatisfy { $0.body.count <= ImportChunks.chunkBytesMaximum + 2 })
    }

    @Test func `a line that no request can hold is refused here and costs no other`() async throws {
        let long = String(repeating: "x", count: ImportChunks.lineBytesMaximum + 1)
        let chunks = try await chunks("1\n\(long)\n3\n")
        #expect(chunks.map(\.numbers) == [[1, 3]])
        #expect(chunks.map(\.tooLong) == [[2]])
    }

    @Test(arguments: [
        (#"{"fields":{"n":1.50}}"#, #"{"item":"X\"","fields":{"n":1.50}}"#),
        ("{}", #"{"item":"X\""}"#),
        (#" { "item" : "Y" }"#, #" { "item" : "Y" }"#), (#"{"item":null}"#, #"{"item":null}"#),
        ("[1]", "[1]"), ("{broken", "{broken"),
    ])
    func `the item goes into lines that name none, and the rest stays as it is`(
        _ line: String,
        _ sent: String
    ) {
        let bytes = ImportChunks.completed(Array(line.utf8), item: "X\"")
        #expect(String(decoding: bytes, as: UTF8.self) == sent)
        #expect(ImportChunks.completed(Array(line.utf8), item: nil) == Array(line.utf8))
    }

    @Test(arguments: [
        #"{"line":1,"id":"a","status":201}"#, "", "{}\n{}", "x\nx",
        #"{"line":1,"status":"good"}"# + "\n{}",
    ])
    func `an answer that does not fit the lines sent is not understood`(_ body: String) {
        #expect(throws: Failure.self) {
            try ImportResult.results(Array(body.utf8), numbers: [1, 2])
        }
    }
}
