import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

struct HistoryRoutesTests {
    private static let path = "/v1/records/350100.\(Fixtures.uuid)"

    private static func line(
        _ field: Text,
        _ value: WriteValue?,
        verdict: Verdict? = nil,
        isRuling: Bool = false
    ) -> HistoryLine {
        var seen = CausalContext()
        seen.insert(ReviewSamples.dot(Fixtures.me, 4))
        return HistoryLine(
            field: field,
            value: value,
            dot: ReviewSamples.dot(Fixtures.putian, 1),
            timestamp: ReviewSamples.time(2),
            seen: seen,
            ground: nil,
            verdict: verdict,
            isShown: verdict == nil,
            isStanding: verdict == nil,
            isRuling: isRuling
        )
    }

    private func node(_ lines: [HistoryLine], foreign: Bool = false) -> FakeNode {
        let node = FakeNode()
        let home = foreign ? Fixtures.putian : Fixtures.me
        let snapshot = ReviewSamples.snapshot(accepting: home, home: home)
        node.change { state in
            state.records[snapshot.state.key.identifier] = snapshot
            state.review.history = lines
        }
        return node
    }

    @Test(arguments: Harness.allCases)
    func `every write is told with its writer, time, what it had seen and its verdict`(
        harness: Harness
    ) async throws {
        let node = node([
            HistoryRoutesTests.line("rent", .single(.text("1.00")), verdict: .unauthorised)
        ])
        try await harness.serving(node) { client in
            let reply = try await client.ask(.get, HistoryRoutesTests.path + "/history")
            #expect(
                reply.text == """
                    {"history":[{"field":"rent","value":"1.00","writer":"350300",\
                    "time":"2026-09-21T14:13:20.002Z","dot":"350300/0000000000000007/1",\
                    "seen":["350100/0000000000000007/4"],"ground":null,"verdict":"unauthorised",\
                    "standing":false,"shown":false}],"next":null}
                    """
            )
        }
    }

    @Test(arguments: Harness.allCases)
    func `pages of a history follow each other to its end`(harness: Harness) async throws {
        let node = node(
            (1...5).map { HistoryRoutesTests.line("trips", .single(.integer(Int64($0)))) }
        )
        try await harness.serving(node) { client in
            var told: [String] = []
            var cursor: String? = "0"
            while let from = cursor {
                let page = try await client.ask(
                    .get,
                    HistoryRoutesTests.path + "/history?limit=2&cursor=\(from)"
                )
                for row in page.json?["history"]?.elements ?? [] {
                    told.append(row["value"].map(Reply.text) ?? "")
                }
                cursor = page.json?["next"]?.string?.string
            }
            #expect(told == (1...5).map { #"{"add":\#($0)}"# })
            let beyond = try await client.ask(
                .get,
                HistoryRoutesTests.path + "/history?cursor=9223372036854775807"
            )
            #expect(beyond.text == #"{"history":[],"next":null}"#)
        }
    }

    @Test(arguments: Harness.allCases)
    func `a reader sees no sensitive value in history and explanation, a clerk does`(
        harness: Harness
    ) async throws {
        let secret = WriteValue.ruling(.text(Text(Fixtures.identity)))
        let node = node([HistoryRoutesTests.line("applicant", secret, isRuling: true)])
        node.change { state in
            state.review.explanation = Explanation(lines: [
                Explanation.Line(field: "applicant", value: secret, text: "350100 ruled on it")
            ])
        }
        try await harness.serving(node) { client in
            for path in ["/history", "/explain"] {
                let reader = try await client.ask(
                    .get,
                    HistoryRoutesTests.path + path,
                    as: Tokens.reader
                )
                #expect(reader.status == 200 && !reader.text.contains(Fixtures.identity))
                #expect(reader.text.contains(#""value":"***""#))
                let clerk = try await client.ask(
                    .get,
                    HistoryRoutesTests.path + path,
                    as: Tokens.clerk
                )
                #expect(clerk.text.contains(Fixtures.identity))
            }
            let history = try await client.ask(.get, HistoryRoutesTests.path + "/history")
            #expect(history.text.contains(#"{"rule":"\#(Fixtures.identity)"}"#))
        }
    }

    @Test(arguments: Harness.allCases)
    func `an explanation has words, the conflict they are about, and what is held`(
        harness: Harness
    ) async throws {
        let node = node([])
        node.change { state in
            state.review.explanation = Explanation(lines: [
                Explanation.Line(field: nil, value: nil, text: "350300 made it", conflict: nil),
                Explanation.Line(
                    field: "trips",
                    value: .single(.integer(7)),
                    text: "over 5",
                    conflict: "c-1"
                ),
                Explanation.Line(
                    field: "tags",
                    value: .elements(add: [.text("a")], remove: []),
                    text: "added by 350100"
                ),
            ])
            state.review.held = [ReviewSamples.held(7, .predecessorMissing)]
        }
        try await harness.serving(node) { client in
            let reply = try await client.ask(.get, HistoryRoutesTests.path + "/explain")
            let lines = try #require(reply.json?["explanation"]?.elements)
            #expect(
                lines.map(Reply.text) == [
                    #"{"field":null,"text":"350300 made it","value":null,"conflict":null}"#,
                    #"{"field":"trips","text":"over 5","value":7,"conflict":"c-1"}"#,
                    #"{"field":"tags","text":"added by 350100","value":["a"],"conflict":null}"#,
                ]
            )
            let held = reply.json?["held"]?.elements
            #expect(held?.map { $0["reason"] } == [.string("predecessor_missing")])
        }
    }

    @Test(arguments: Harness.allCases)
    func `fields that this member may not see stand in neither`(harness: Harness) async throws {
        let node = node(
            [
                HistoryRoutesTests.line("bank", .single(.text("6222"))),
                HistoryRoutesTests.line("trips", .single(.integer(1))),
            ],
            foreign: true
        )
        node.change { state in
            state.review.explanation = Explanation(lines: [
                Explanation.Line(field: "bank", value: nil, text: "6222"),
                Explanation.Line(field: "trips", value: nil, text: "1 of 5"),
            ])
        }
        let path = "/v1/records/350300.\(Fixtures.uuid)"
        try await harness.serving(node) { client in
            for (route, rows) in [("/history", "history"), ("/explain", "explanation")] {
                let reply = try await client.ask(.get, path + route)
                #expect(!reply.text.contains("6222"))
                let fields = reply.json?[Text(rows)]?.elements?.map { $0["field"] }
                #expect(fields == [.string("trips")])
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `of a record that is not here yet it is told what waits, and for whom`(
        harness: Harness
    ) async throws {
        let node = FakeNode()
        node.change { state in
            state.review.held = [
                ReviewSamples.held(3, .definitionNotAgreed, owners: [Fixtures.putian]),
                ReviewSamples.held(4, .malformed, isReadable: false),
            ]
        }
        try await harness.serving(node) { client in
            let reply = try await client.ask(.get, HistoryRoutesTests.path + "/explain")
            #expect(reply.status == 404 && reply.code == "record_unknown")
            let detail = reply.json?["detail"]?.string?.string ?? ""
            #expect(detail.contains("holds 1 changeset of it"))
            #expect(detail.contains("definition_not_agreed (350300 must act)"))
        }
    }

    @Test(arguments: Harness.allCases, ["history", "explain"])
    func `a record that is not here has neither`(harness: Harness, route: String) async throws {
        try await harness.serving { client in
            for id in ["350100.\(Fixtures.uuid)", "x"] {
                let reply = try await client.ask(.get, "/v1/records/\(id)/\(route)")
                #expect(reply.status == 404 && reply.code == "record_unknown")
            }
        }
    }
}
