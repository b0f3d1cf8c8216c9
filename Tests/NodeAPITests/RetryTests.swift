import AllianceModel
import HTTPTypes
@testable import NodeAPI
import Testing

/// Requests that come again after what they are read by has changed.
struct RetryTests {
    /// The field that creations give is gone.
    private static let newerFile = """
        item: NOTICE
        version: 2
        name: { zh: 通知, en: Notice }
        fields:
          words: { type: text, merge: latest, authority: any, scope: alliance, required: true }
        """
    private static let body = #"{"item":"NOTICE","fields":{"text":"x"}}"#
    private static let bodyWithID =
        #"{"item":"NOTICE","fields":{"text":"x"},"id":"\#(Fixtures.uuid)"}"#

    @Test(arguments: Harness.allCases)
    func `a creation under its key is answered as the first time, whatever version is in effect`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        try await harness.serving(node) { client in
            let key = ["Idempotency-Key": "k"]
            let first = try await client.ask(.post, "/v1/records", RetryTests.body, key)
            #expect(first.status == 201)
            node.agree(Fixtures.definition(RetryTests.newerFile))
            let again = try await client.ask(.post, "/v1/records", RetryTests.body, key)
            #expect(again.status == 201 && again.bytes == first.bytes)
            #expect(again.headers[.location] == first.headers[.location])
            let other = #"{"item":"NOTICE","fields":{"text":"y"}}"#
            let reused = try await client.ask(.post, "/v1/records", other, key)
            #expect(reused.status == 409 && reused.code == "key_reused")
            for headers in [[:], ["Idempotency-Key": "another"]] {
                let fresh = try await client.ask(.post, "/v1/records", RetryTests.body, headers)
                #expect(fresh.status == 400 && fresh.code == "field_unknown")
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `a creation with its id is answered as the first time, posted or imported`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        try await harness.serving(node) { client in
            let first = try await client.ask(.post, "/v1/records", RetryTests.bodyWithID)
            #expect(first.status == 201)
            node.agree(Fixtures.definition(RetryTests.newerFile))
            let again = try await client.ask(.post, "/v1/records", RetryTests.bodyWithID)
            #expect(again.status == 201 && again.bytes == first.bytes)
            let other = RetryTests.bodyWithID.replacing("\"x\"", with: "\"y\"")
            let taken = try await client.ask(.post, "/v1/records", other)
            #expect(taken.status == 409 && taken.code == "id_taken")
            let lines = [RetryTests.bodyWithID, other, RetryTests.body, "{"]
            let answers = try await client.ask(
                .post,
                "/v1/records:import",
                lines.joined(separator: "\n"),
                ["Content-Type": "application/x-ndjson"]
            )
            let rows = answers.text.split(separator: "\n").map { line in
                try? JSONReader.read(Bytes(line.utf8))
            }
            #expect(rows.map { $0?["status"]?.integer } == [201, 409, 400, 400])
            #expect(rows[0]?["id"]?.string?.string == first.id)
            #expect(rows[2]?["code"]?.string == "field_unknown")
        }
    }
}
