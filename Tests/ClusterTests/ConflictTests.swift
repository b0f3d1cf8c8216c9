import ClusterHarness
import Testing

/// Conflicts between real cities that could not hear of each other, and what becomes of them.
struct ConflictTests {
    /// A case with a field of every merge.
    private static let item: JSON = [
        "item": "T-ALL", "version": 1, "name": ["zh": "全部", "en": "All merges"],
        "workflow": [
            "stages": ["accepted", "checked", "decided"],
            "transitions": [
                ["from": "accepted", "to": "checked", "by": "holder", "hand": true],
                ["from": "checked", "to": "decided", "by": "holder"],
            ],
        ],
        "fields": [
            "account": [
                "type": "text", "merge": "review", "authority": "any", "scope": "parties",
                "sensitive": true,
            ],
            "lowest": field("integer", "minimum"), "highest": field("integer", "maximum"),
            "number": field("text", "once"), "memo": field("text", "latest"),
            "trips": [
                "type": "counter", "merge": "sum", "limit": 5, "authority": "any",
                "scope": "parties",
            ],
            "rent": [
                "type": "decimal", "scale": 2, "merge": "latest", "authority": "holder",
                "scope": "parties",
            ],
        ],
    ]

    private static func field(_ type: String, _ merge: String) -> JSON {
        [
            "type": .string(type), "merge": .string(merge), "authority": "any",
            "scope": "parties",
        ]
    }

    @Test func `what two cities wrote at once is merged by the item, and nothing of it is lost`()
        async throws
    {
        try await withTestCluster { cluster in
            try await cluster.agree([Self.item])
            let (fuzhou, putian) = (cluster.client(.fuzhou), cluster.client(.putian))
            let id = try await fuzhou.create("T-ALL", home: "350300", fields: ["memo": "0"]).id
            try await cluster.waitUntilCaughtUp()
            cluster.links.cut(.putian)
            _ = try await fuzhou.patch(
                id,
                fields: [
                    "account": "福州行", "lowest": 3, "highest": 3, "number": "A-1", "memo": "甲",
                    "trips": ["add": 4],
                ]
            )
            _ = try await putian.patch(
                id,
                fields: [
                    "account": "莆田行", "lowest": 7, "highest": 7, "number": "B-2", "memo": "乙",
                    "trips": ["add": 3],
                ]
            )
            cluster.links.heal(.putian)
            try await cluster.waitUntilCaughtUp()

            let shown = try await cluster.clients.asyncMap { try await $0.record(id) }
            #expect(Set(shown.map(\.fields)).count == 1)
            let fields = shown[0].fields
            #expect(fields["account"] == ["review": ["福州行", "莆田行"]])
            #expect(fields["lowest"] == 3)
            #expect(fields["highest"] == 7)
            #expect(fields["trips"] == 7)
            #expect(fields["number"] == "A-1")
            // The value that is not shown is listed at both, under one name.
            let ids = shown.map { $0.json["conflicts"].elements.compactMap(\.string) }
            #expect(ids[0] == ids[1])
            #expect(!ids[0].isEmpty)
            let listed = try await putian.get("/v1/conflicts?record=\(id)")["conflicts"].elements
            let kinds = Set(listed.compactMap { $0["kind"].string })
            #expect(kinds.isSuperset(of: ["review", "overrun", "concurrent"]))
            let status = try await cluster.node(.putian).citysync(["status"])
            #expect(status.exit == .code(1), "\(status)")
            #expect(status.outputText.contains("conflicts"))

            // Home decides what waits for it; both see it, and the status is healthy again.
            for conflict in listed where ["review", "overrun"].contains(conflict["kind"].string) {
                let name = conflict["id"].string ?? ""
                let choice = ["conflicts", "resolve", name, "--choose", "0"]
                let resolved = try await cluster.node(.putian).citysync(choice)
                #expect(resolved.exit == .code(0), "\(resolved)")
            }
            try await cluster.waitUntilCaughtUp()
            #expect(try await fuzhou.record(id).fields["account"] == "福州行")
            let healthy = try await cluster.node(.fuzhou).citysync(["status"])
            #expect(healthy.exit == .code(0), "\(healthy)")
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }

    @Test
    func `home claws a case back from an accepting city that is cut off, and all unwinds alike`()
        async throws
    {
        try await withTestCluster { cluster in
            try await cluster.agree([Self.item])
            let (fuzhou, putian) = (cluster.client(.fuzhou), cluster.client(.putian))
            let id = try await fuzhou.create("T-ALL", home: "350300", fields: ["rent": "1.00"]).id
            try await cluster.waitUntilCaughtUp()
            cluster.links.cut(.putian)
            // Home takes it back, and the counter, which does not know, goes on.
            #expect(try await putian.transition(id, holder: "350300").holder == "350300")
            _ = try await putian.patch(id, fields: ["rent": "2.00"])
            _ = try await fuzhou.patch(id, fields: ["rent": "3.00"])
            _ = try await fuzhou.transition(id, to: "checked")
            cluster.links.heal(.putian)
            try await cluster.waitUntilCaughtUp()
            for client in [fuzhou, putian] {
                let record = try await client.record(id)
                #expect(record.holder == "350300")
                #expect(record.json["turn"] == 1)
                // The later turn comes before time.
                #expect(record.fields["rent"] == "2.00")
                let history = try await client.get("/v1/records/\(id)/history")["history"].elements
                #expect(history.contains { $0["value"] == "3.00" })
            }
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }
}
