import AllianceModel
import HTTPTypes
@testable import NodeAPI
import NodeRuntime
import ReplicationCore
import Testing

struct NodeRoutesTests {
    @Test(arguments: Harness.allCases)
    func `status is the document of the command line`(harness: Harness) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(.get, "/v1/status", as: Tokens.reader)
            #expect(reply.json?["schema"]?.string == "citysync.status/1")
            #expect(reply.json?["node"]?["member"]?.string == "350100")
            #expect(reply.json?["health"]?["state"]?.string == "ok")
            #expect(reply.json?["peers"]?.elements?.count == 2)
        }
    }

    @Test(arguments: Harness.allCases)
    func `peers tell more than status, and count strangers by reason`(harness: Harness) async throws
    {
        try await harness.serving { client in
            let reply = try await client.ask(.get, "/v1/peers")
            let rows = try #require(reply.json?["peers"]?.elements)
            #expect(rows.map { $0["member"]?.string } == ["350128", "350300"])
            #expect(rows[0]["state"]?.string == "unreachable")
            #expect(rows[0]["toSend"]?["count"] == .null)
            #expect(rows[0]["lastRefusal"]?["code"]?.string == "connect_timeout")
            #expect(rows[0]["reason"]?["nextTrySeconds"]?.integer == 40)
            #expect(rows[1]["address"]?.string == "10.1.2.3:7420")
            #expect(rows[1]["bytesSent"]?.integer == 12)
            #expect(rows[1]["held"]?["definition_unknown"]?.integer == 2)
            #expect(rows[1]["lastRefusal"] == .null && rows[1]["incarnation"] == .null)
            let stranger = try #require(reply.json?["refusals"]?.elements?.first)
            #expect(
                stranger["reason"]?.string == "no_certificate" && stranger["count"]?.integer == 3
            )
            let page = try await client.ask(.get, "/v1/peers?limit=1")
            let next = try #require(page.json?["next"]?.string)
            let last = try await client.ask(.get, "/v1/peers?limit=1&cursor=\(next)")
            #expect(last.json?["peers"]?.elements?.first?["member"]?.string == "350300")
            #expect(last.json?["next"] == .null)
        }
    }

    @Test(arguments: Harness.allCases)
    func `members are those of the roster`(harness: Harness) async throws {
        try await harness.serving { client in
            let reply = try await client.ask(.get, "/v1/members")
            let rows = try #require(reply.json?["members"]?.elements)
            #expect(rows.map { $0["member"]?.string } == ["350100", "350128", "350300"])
            #expect(rows.map { $0["self"] } == [.boolean(true), .boolean(false), .boolean(false)])
            #expect(rows[0]["name"]?["zh"]?.string == "福州")
            #expect(rows[1]["address"] == .null)
        }
    }

    @Test(arguments: Harness.allCases)
    func `the audit holds who wrote what by which route, newest first`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            _ = try await client.ask(
                .patch,
                "/v1/records/\(made.id)",
                #"{"fields":{"count":1}}"#,
                as: Tokens.clerk
            )
            let reply = try await client.ask(.get, "/v1/audit")
            let rows = try #require(reply.json?["audit"]?.elements)
            #expect(rows.map { $0["actor"]?.string } == ["counter clerk", "counter op"])
            #expect(
                rows.map { $0["route"]?.string } == ["PATCH /v1/records/{id}", "POST /v1/records"]
            )
            #expect(rows.map { $0["result"]?.integer } == [200, 201])
            #expect(rows.allSatisfy { $0["record"]?.string?.string == made.id })
            let first = try await client.ask(.get, "/v1/audit?limit=1")
            let next = try #require(first.json?["next"]?.string)
            let second = try await client.ask(.get, "/v1/audit?limit=1&cursor=\(next)")
            #expect(second.json?["audit"]?.elements?.first?["result"]?.integer == 201)
        }
    }

    @Test(arguments: Harness.allCases)
    func `verify compares with one member, or with all`(harness: Harness) async throws {
        try await harness.serving { client in
            let one = try await client.ask(.get, "/v1/verify?member=350300")
            #expect(one.json?["member"]?.string == "350300" && one.json?["equal"] == .boolean(true))
            #expect(one.json?["differing"] == .array([]))
            let all = try await client.ask(.get, "/v1/verify")
            let rows = try #require(all.json?["verify"]?.elements)
            #expect(rows.map { $0["equal"] } == [.boolean(true), .null])
            #expect(rows[1]["problem"]?.string == "unreachable")
        }
    }

    @Test(arguments: Harness.allCases)
    func `a node that takes no writes serves, and is not ready`(harness: Harness) async throws {
        for (code, expected) in [
            (RefusalCode.clockBeyondBound, "clock_beyond_bound"), (.storeStopped, "store_stopped"),
        ] {
            let node = FakeNode()
            node.change { $0.problem = Refusal(code, "why") }
            try await harness.serving(node) { client in
                let ready = try await client.ask(.get, "/readyz", as: nil)
                #expect(ready.status == 503 && ready.code == expected)
                let health = try await client.ask(.get, "/healthz", as: nil)
                #expect(health.status == 200)
            }
        }
    }

    @Test(arguments: Harness.allCases)
    func `metrics are well-formed, have units, and count requests by route`(
        harness: Harness
    ) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            _ = try await client.ask(.get, "/v1/records/\(made.id)?secret=1")
            let reply = try await client.ask(.get, "/metrics", as: Tokens.reader)
            #expect(reply.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
            let lines = reply.text.split(separator: "\n")
            var declared: Set<Substring> = []
            for line in lines {
                if line.hasPrefix("# TYPE ") {
                    #expect(declared.insert(line.split(separator: " ")[2]).inserted, "\(line)")
                } else if !line.hasPrefix("# HELP ") {
                    let match = try #require(
                        line.wholeMatch(of: /([a-z_]+)(\{.*\})? (\+Inf|-?[0-9.e+-]+)/),
                        "\(line)"
                    )
                    let name = match.1
                    let base = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix).map {
                        name.dropLast($0.count)
                    }
                    #expect(declared.contains(name) || declared.contains(base ?? name), "\(line)")
                }
            }
            #expect(
                reply.text.contains(
                    #"citysync_http_requests_total{route="GET /v1/records/{id}",status="400"} 1"#
                )
            )
            #expect(reply.text.contains(#"citysync_peer_to_send{peer="350300"} 0"#))
            // What is unknown has no sample.
            #expect(!reply.text.contains(#"citysync_peer_to_send{peer="350128"}"#))
            #expect(!reply.text.contains(made.id) && !reply.text.contains("secret"))
        }
    }

    @Test(arguments: Harness.allCases)
    func `what the node cannot tell has no line in the metrics`(harness: Harness) async throws {
        let names = [
            "citysync_log_position", "citysync_commits_total", "citysync_writes_total",
            "citysync_resident_memory_bytes", "citysync_revocations_end_timestamp_seconds",
        ]
        let node = FakeNode()
        try await harness.serving(node) { client in
            let known = try await client.ask(.get, "/metrics", as: Tokens.reader).text
            for name in names { #expect(known.contains("\n\(name) "), "\(name)") }
        }
        node.change { state in
            state.observation.lastPosition = nil
            state.observation.commits = nil
            state.observation.writes = nil
            state.observation.residentBytes = nil
            state.observation.revocationsNextUpdate = nil
        }
        try await harness.serving(node) { client in
            let unknown = try await client.ask(.get, "/metrics", as: Tokens.reader).text
            for name in names { #expect(!unknown.contains(name), "\(name)") }
            #expect(unknown.contains("citysync_up_seconds 12"))
        }
    }
}
