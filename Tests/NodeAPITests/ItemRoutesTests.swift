import AllianceModel
import HTTPTypes
@testable import NodeAPI
import Testing

struct ItemRoutesTests {
    private static let second =
        #"{"item":"NOTICE","version":2,"name":{"zh":"通知","en":"Notice"},"fields":{"text":{"type":"text","merge":"latest","authority":"any","scope":"alliance","required":true},"more":{"type":"text","merge":"latest","authority":"any","scope":"alliance"}}}"#

    @Test(arguments: Harness.allCases)
    func `a definition is proposed, approved, and then offered`(harness: Harness) async throws {
        try await harness.serving { client in
            let proposed = try await client.ask(.post, "/v1/items", ItemRoutesTests.second)
            #expect(proposed.status == 201, "\(proposed.text)")
            #expect(proposed.headers[.location] == "/v1/items/NOTICE/2")
            #expect(
                proposed.json?.members?.map(\.key.string) == [
                    "item", "version", "state", "definition", "definitionDigest", "proposals",
                ]
            )
            #expect(proposed.json?["state"]?.string == "proposed")
            let before = try await client.ask(.get, "/v1/items/NOTICE")
            #expect(before.json?["version"]?.integer == 1)
            #expect(before.json?["state"]?.string == "effective")

            let proposal = try #require(proposed.json?["proposals"]?.elements?.first)
            #expect(proposal["proposer"]?.string == "350100")
            #expect(proposal["approvals"]?.elements?.first?["member"]?.string == "350100")
            let digest = try #require(proposal["digest"]?.string)
            for _ in 0..<2 {
                let approved = try await client.ask(
                    .post,
                    "/v1/items/NOTICE/2/approval",
                    "{\"digest\":\"\(digest)\"}"
                )
                #expect(approved.status == 200)
                #expect(approved.json?["state"]?.string == "effective")
                #expect(
                    approved.json?["proposals"]?.elements?.first?["approvals"]?.elements?.count == 2
                )
            }
            let after = try await client.ask(.get, "/v1/items/NOTICE")
            #expect(after.json?["version"]?.integer == 2)
            let former = try await client.ask(.get, "/v1/items/NOTICE/1")
            #expect(former.json?["state"]?.string == "superseded")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a definition is given back as it can be proposed again`(harness: Harness) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(.get, "/v1/items/GJJ-07")
            let definition = try #require(reply.json?["definition"])
            #expect(definition["workflow"]?["stages"]?.elements?.count == 3)
            #expect(definition["fields"]?["monthlyRent"]?["scale"]?.integer == 2)
            let body = Reply.text(definition).replacing("\"GJJ-07\"", with: "\"GJJ-08\"")
            let again = try await client.ask(.post, "/v1/items", body)
            #expect(again.status == 201, "\(again.text)")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a merge that does not fit is refused at proposal by name`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let body = ItemRoutesTests.second.replacing(
                "\"more\":{\"type\":\"text\",\"merge\":\"latest\"",
                with: "\"more\":{\"type\":\"text\",\"merge\":\"sum\""
            )
            let reply = try await client.ask(.post, "/v1/items", body)
            #expect(reply.status == 422 && reply.code == "definition_refused")
            #expect(reply.text.contains("more"))
        }
    }

    @Test(arguments: Harness.allCases)
    func `every version is listed once, page by page`(harness: Harness) async throws {
        try await harness.serving { client in
            _ = try await client.ask(.post, "/v1/items", ItemRoutesTests.second)
            var found: [String] = []
            var path = "/v1/items?limit=1"
            while true {
                let reply = try await client.ask(.get, path)
                for row in reply.json?["items"]?.elements ?? [] {
                    found.append("\(row["item"]?.string ?? "") \(row["version"]?.integer ?? 0)")
                }
                guard let next = reply.json?["next"]?.string else { break }
                path = "/v1/items?limit=1&cursor=\(next)"
            }
            #expect(found == ["GJJ-07 1", "LATER 1", "NOTICE 1", "NOTICE 2"])
        }
    }

    @Test(arguments: Harness.allCases)
    func `rivals of one number are both shown, each with its definition`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let rival = ItemRoutesTests.second.replacing("more", with: "less")
            _ = try await client.ask(.post, "/v1/items", ItemRoutesTests.second)
            let reply = try await client.ask(.post, "/v1/items", rival)
            let proposals = try #require(reply.json?["proposals"]?.elements)
            #expect(proposals.count == 2)
            let shown = reply.json?["definitionDigest"]
            let other = try #require(proposals.first { $0["definitionDigest"] != shown })
            #expect(other["definition"]?["item"]?.string == "NOTICE")
            #expect(other["definition"] != reply.json?["definition"])
        }
    }
}
