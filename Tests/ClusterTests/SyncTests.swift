import ClusterHarness
import Testing

/// Real nodes over real TLS, driven as a city's own programs would.
struct SyncTests {
    private func fields(_ mark: String) -> JSON { ["mark": .string(mark), "phone": "1"] }

    @Test func `two nodes sync a record both ways, and both say so`() async throws {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.file])
            let (fuzhou, putian) = (cluster.client(.fuzhou), cluster.client(.putian))
            let start = try await putian.changes(after: nil)["cursor"].string
            let made = try await fuzhou.create("T-CASE", home: "350300", fields: fields("one"))
            let changes = try await putian.changes(after: start, wait: 20)
            #expect(changes["changes"].elements.compactMap { $0["record"].string } == [made.id])
            // A change is told only once it can be read.
            let seen = try await putian.record(made.id)
            #expect(seen.fields["mark"] == "one")
            #expect(seen.fields["phone"] == "1")

            _ = try await putian.patch(made.id, fields: ["phone": "2"])
            _ = try await fuzhou.patch(made.id, fields: ["materials": ["add": ["form"]]])
            for client in [fuzhou, putian] {
                try await waitUntil("both writes are there") {
                    let fields = try await client.record(made.id).fields
                    let isThere = fields["phone"] == "2" && fields["materials"] == ["form"]
                    return isThere ? nil : "\(fields)"
                }
            }
            try await cluster.waitUntilCaughtUp()
            #expect(try await Convergence.measure(cluster.clients).differences == [])
            let status = try await cluster.node(.fuzhou).citysync(["status"])
            #expect(status.exit == .code(0), "\(status)")
            #expect(status.outputText.contains("HEALTH OK"))
            #expect(status.outputText.contains("350300 莆田"))
        }
    }

    @Test func `a case goes from counter to home and is decided there`() async throws {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.file])
            let (fuzhou, putian) = (cluster.client(.fuzhou), cluster.client(.putian))
            let id = try await fuzhou.create("T-CASE", home: "350300", fields: fields("one")).id
            let handed = try await fuzhou.transition(id, to: "checked", holder: "350300")
            #expect(handed.holder == "350300")
            try await waitUntil("Putian holds the case") {
                try await putian.recordIfKnown(id)?.holder == "350300"
            }
            // It is no longer the counter's to move.
            await #expect(throws: NodeClient.Failure.self) {
                _ = try await fuzhou.transition(id, to: "decided")
            }
            #expect(try await putian.transition(id, to: "decided").stage == "decided")
            try await waitUntil("Fuzhou sees the decision") {
                try await fuzhou.record(id).stage == "decided"
            }
        }
    }

    @Test func `of five cities each gets what it is entitled to and nothing else`() async throws {
        try await withTestCluster(Member.five) { cluster in
            try await cluster.agree([TestItems.notice, TestItems.file])
            var cases: [String: Set<Member>] = [:]
            var notices: Set<String> = []
            for accepting in Member.five {
                let client = cluster.client(accepting)
                notices.insert(try await client.create("T-NOTICE", fields: fields("n")).id)
                for home in Member.five where home != accepting {
                    let made = try await client.create(
                        "T-CASE",
                        home: home.code,
                        fields: fields("c")
                    )
                    cases[made.id] = [accepting, home]
                }
            }
            try await cluster.waitUntilCaughtUp()
            for member in Member.five {
                let wanted = Set(cases.filter { $0.value.contains(member) }.keys)
                let client = cluster.client(member)
                let listed = try await client.records("item=T-CASE")
                #expect(Set(listed.compactMap { $0["id"].string }) == wanted)
                #expect(listed.count == 8)
                let shown = try await client.records("item=T-NOTICE")
                #expect(Set(shown.compactMap { $0["id"].string }) == notices)
            }
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }

    @Test func `a city that is cut off works alone and converges when healed`() async throws {
        try await withTestCluster([.fuzhou, .putian, .ningde]) { cluster in
            try await cluster.agree([TestItems.notice])
            let (fuzhou, putian) = (cluster.client(.fuzhou), cluster.client(.putian))
            let id = try await fuzhou.create("T-NOTICE", fields: fields("one")).id
            try await cluster.waitUntilCaughtUp()
            cluster.links.cut(.putian)
            // Both sides write the same fields, unseen by each other.
            _ = try await fuzhou.patch(
                id,
                fields: ["phone": "fuzhou", "materials": ["add": ["f"]]]
            )
            _ = try await putian.patch(
                id,
                fields: ["phone": "putian", "materials": ["add": ["p"]]]
            )
            let alone = try await putian.create("T-NOTICE", fields: fields("alone")).id
            try await waitUntil("Ningde has Fuzhou's write") {
                try await cluster.client(.ningde).record(id).fields["phone"] == "fuzhou"
            }
            #expect(try await fuzhou.recordIfKnown(alone) == nil)
            #expect(try await putian.lackingToBeCaughtUp() != nil)
            cluster.links.heal(.putian)
            try await cluster.waitUntilCaughtUp()
            let shown = try await cluster.clients.asyncMap { try await $0.record(id).fields }
            #expect(Set(shown).count == 1)
            #expect(shown[0]["materials"] == ["f", "p"])
            #expect(try await fuzhou.record(alone).id == alone)
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }

    @Test func `a node that stands still holds nobody up, and catches up when it goes on`()
        async throws
    {
        try await withTestCluster([.fuzhou, .putian, .ningde]) { cluster in
            try await cluster.agree([TestItems.notice])
            let still = cluster.node(.putian)
            still.pause()
            let fuzhou = cluster.client(.fuzhou)
            let id = try await fuzhou.create("T-NOTICE", fields: fields("one")).id
            try await waitUntil("Ningde has it") {
                try await cluster.client(.ningde).recordIfKnown(id) != nil
            }
            let wait = ["wait", "--caught-up", "--peer", "350300", "--timeout", "1"]
            #expect(try await cluster.node(.fuzhou).citysync(wait).exit == .code(1))
            still.resume()
            try await cluster.waitUntilCaughtUp()
            #expect(try await still.client.record(id).fields["mark"] == "one")
            let done = ["wait", "--caught-up", "--timeout", "20"]
            #expect(try await cluster.node(.fuzhou).citysync(done).exit == .code(0))
        }
    }

    @Test func `a city that was down catches up with what it missed`() async throws {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.notice])
            let (fuzhou, putian) = (cluster.client(.fuzhou), cluster.node(.putian))
            await putian.stop()
            let lines = (0..<500).map { number -> JSON in
                ["item": "T-NOTICE", "fields": fields("missed \(number)")]
            }
            let answers = try await fuzhou.importLines(lines)
            #expect(answers.count { $0["status"].integer == 201 } == 500)
            try await putian.start()
            try await cluster.waitUntilCaughtUp()
            let marks = try await putian.client.records().compactMap { $0["fields"]["mark"].string }
            #expect(Set(marks) == Set((0..<500).map { "missed \($0)" }))
            #expect(marks.count == 500)
        }
    }
}

extension Sequence {
    func asyncMap<Result>(_ transform: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
