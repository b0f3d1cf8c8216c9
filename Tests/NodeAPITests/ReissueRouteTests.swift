import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// `POST /v1/conflicts:reissue`.
struct ReissueRouteTests {
    private static let path = "/v1/conflicts:reissue"

    private func sample(_ field: Text, _ outcome: Reissue.Outcome) -> Reissue {
        Reissue(
            record: ReviewSamples.snapshot().state.key.identifier,
            field: field,
            dot: ReviewSamples.dot(Fixtures.me, 4),
            timestamp: ReviewSamples.time(0),
            outcome: outcome
        )
    }

    @Test(arguments: Harness.allCases)
    func `each write is told with what became of it, page by page, and no value`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        let samples = [
            sample("bank", .issued),
            sample("rent", .skipped(.superseded, detail: "a later valid write stands")),
        ]
        node.change { $0.review.reissues = samples }
        try await harness.serving(node) { client in
            let first = try await client.ask(.post, Self.path, #"{"limit":1}"#)
            #expect(first.status == 200)
            #expect(
                first.text == """
                    {"issued":1,"lookedAt":1,"writes":[{"record":"350100.\(Fixtures.uuid)",\
                    "field":"bank","time":"2026-09-21T14:13:20.000Z",\
                    "dot":"350100/0000000000000007/4","result":"issued","reason":null,\
                    "detail":null}],"next":"1"}
                    """
            )
            let body = #"{"limit":1,"cursor":"1","dryRun":false,"record":null}"#
            let rest = try await client.ask(.post, Self.path, body)
            #expect(rest.json?["next"] == .null && rest.json?["issued"] == .number("0"))
            let row = rest.json?["writes"]?.elements?.first
            #expect(row?["result"] == .string("skipped"))
            #expect(row?["reason"] == .string("superseded"))
            #expect(row?["detail"] == .string("a later valid write stands"))
        }
    }

    @Test(arguments: Harness.allCases)
    func `a trial run of one record is asked for as such`(harness: Harness) async throws {
        let node = FakeNode()
        let sample = sample("bank", .wouldBeIssued)
        node.change { $0.review.reissues = [sample] }
        try await harness.serving(node) { client in
            let body = #"{"record":"350100.\#(Fixtures.uuid)","dryRun":true}"#
            let reply = try await client.ask(.post, Self.path, body)
            #expect(reply.json?["issued"] == .number("0"))
            #expect(
                reply.json?["writes"]?.elements?.map { $0["result"] }
                    == [.string("would_be_issued")]
            )
            let query = ReissueQuery(record: sample.record, isTrial: true, limit: 100)
            #expect(node.change { $0.review.reissueQueries } == [query])
        }
    }

    @Test(arguments: Harness.allCases)
    func `what is wrong with the request is refused by name`(harness: Harness) async throws {
        try await harness.serving { client in
            for (body, status, field) in [
                (#"{"limit":0}"#, 400, "limit"), (#"{"limit":1001}"#, 400, "limit"),
                (#"{"limit":"7"}"#, 400, "limit"), (#"{"dryRun":"yes"}"#, 400, "dryRun"),
                (#"{"cursor":"x"}"#, 400, "cursor"), (#"{"cursor":"-4"}"#, 400, "cursor"),
                (#"{"cursor":"1","record":"350100.\#(Fixtures.uuid)"}"#, 400, "cursor"),
                (#"{"record":"x"}"#, 404, "record"), (#"{"all":true}"#, 400, "all"),
            ] {
                let reply = try await client.ask(.post, Self.path, body)
                #expect(reply.status == status && reply.field == field, "\(body)")
            }
            let list = try await client.ask(.post, Self.path, "[]")
            #expect(list.status == 400 && list.code == "malformed")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a node whose clock is beyond the bound issues nothing`(harness: Harness) async throws {
        let node = FakeNode()
        node.change { $0.refusal = Refusal(.clockBeyondBound, "the clock") }
        try await harness.serving(node) { client in
            let reply = try await client.ask(.post, Self.path, "{}")
            #expect(reply.status == 503 && reply.code == "clock_beyond_bound")
        }
    }
}
