import AllianceModel
import HTTPTypes
@testable import NodeAPI
import Testing

struct ChangesTests {
    @Test(arguments: Harness.allCases)
    func `changes come in order, and a cursor goes on behind them`(harness: Harness) async throws {
        try await harness.serving { client in
            let empty = try await client.ask(.get, "/v1/changes")
            #expect(empty.text == #"{"changes":[],"next":null,"cursor":"0"}"#)
            let made = try await client.makeCase(#""note":"x""#)
            _ = try await client.ask(.patch, "/v1/records/\(made.id)", #"{"fields":{"count":1}}"#)
            let first = try await client.ask(.get, "/v1/changes?limit=1")
            let rows = try #require(first.json?["changes"]?.elements)
            #expect(rows.count == 1 && rows[0]["cursor"]?.string == "1")
            #expect(rows[0]["record"]?.string?.string == made.id)
            #expect(rows[0]["item"]?.string == "GJJ-07")
            #expect(
                rows[0]["fields"]
                    == .array([.string("@stage"), .string("applicantId"), .string("note")])
            )
            #expect(first.json?["next"]?.string == "1" && first.json?["cursor"]?.string == "1")
            for name in ["after", "cursor"] {
                let second = try await client.ask(.get, "/v1/changes?\(name)=1")
                #expect(second.json?["changes"]?.elements?.count == 1)
                #expect(second.json?["next"] == .null && second.json?["cursor"]?.string == "2")
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `next is null exactly at the end, also where a page is just full`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            for _ in 0..<4 { _ = try await client.makeCase() }
            var pages: [Int] = []
            var next: String? = "0"
            while let cursor = next {
                let page = try await client.ask(.get, "/v1/changes?limit=2&cursor=\(cursor)")
                pages.append(page.json?["changes"]?.elements?.count ?? -1)
                next = page.json?["next"]?.string?.string
                #expect(page.json?["cursor"]?.string == Text("\(2 * pages.count)"))
            }
            #expect(pages == [2, 2])
        }
    }

    @Test(arguments: Harness.allCases)
    func `who may not wait because too many do is told so`(harness: Harness) async throws {
        try await harness.serving(waitsMaximum: 0) { client in
            let reply = try await client.ask(.get, "/v1/changes?wait=1")
            #expect(reply.status == 429 && reply.code == "too_many")
            let poll = try await client.ask(.get, "/v1/changes?wait=0")
            #expect(poll.status == 200)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a node that does not wait any more is not asked again and again`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.change { $0.isStopped = true }
        try await harness.serving(node) { client in
            let reply = try await client.ask(.get, "/v1/changes?wait=60")
            #expect(reply.status == 200 && reply.json?["changes"] == .array([]))
            #expect(node.changesAsked <= 2)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a wait with something to tell does not wait`(harness: Harness) async throws {
        try await harness.serving { client in
            _ = try await client.makeCase()
            let reply = try await client.ask(.get, "/v1/changes?wait=60")
            #expect(reply.json?["changes"]?.elements?.count == 1)
        }
    }
}
