import ClusterHarness
import Foundation
import Testing

/// Backups put back, and a second node of one member: real processes, real files.
struct RestoreTests {
    private func fields(_ mark: String) -> JSON { ["mark": .string(mark), "phone": "1"] }

    private func marks(_ client: NodeClient) async throws -> Set<String> {
        Set(try await client.records().compactMap { $0["fields"]["mark"].string })
    }

    private func findings(_ node: NodeProcess) async throws -> [String] {
        try await node.client.status()["health"]["findings"].elements
            .compactMap { $0["code"].string }
    }

    @Test func `a node restored from an old copy of its folder gets its lost tail back`()
        async throws
    {
        try await withTestCluster([.fuzhou, .putian, .ningde]) { cluster in
            try await cluster.agree([TestItems.notice])
            let fuzhou = cluster.node(.fuzhou)
            let first = try await fuzhou.client.create("T-NOTICE", fields: fields("before"))
            try await cluster.waitUntilCaughtUp()
            await fuzhou.stop()
            try fuzhou.saveData(as: "copy")
            try await fuzhou.start()
            for number in 0..<40 {
                _ = try await fuzhou.client.create("T-NOTICE", fields: fields("lost \(number)"))
            }
            _ = try await fuzhou.client.patch(first.id, fields: ["phone": "2"])
            try await cluster.waitUntilCaughtUp()
            let all = try await marks(cluster.client(.putian))
            #expect(all.count == 41)

            await fuzhou.stop()
            // Putian has seen the lost change and builds on it.
            _ = try await cluster.client(.putian).patch(first.id, fields: ["phone": "3"])
            try fuzhou.restoreData(from: "copy")
            try await fuzhou.start()
            // New work does not wait for the old.
            _ = try await fuzhou.client.create("T-NOTICE", fields: fields("after"))
            try await waitUntil("Fuzhou has its tail back") {
                try await marks(fuzhou.client).isSuperset(of: all)
            }
            try await cluster.waitUntilCaughtUp()
            #expect(try await fuzhou.client.record(first.id).fields["phone"] == "3")
            #expect(try await marks(fuzhou.client) == all.union(["after"]))
            #expect(try await findings(fuzhou).contains("regained"))
            #expect(fuzhou.log().contains("lost changes of this member came back"))
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }

    @Test func `a backup made while the node serves is restored by the CLI and heals`() async throws
    {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.notice])
            let fuzhou = cluster.node(.fuzhou)
            _ = try await fuzhou.client.create("T-NOTICE", fields: fields("before"))
            let file = "\(fuzhou.place.folder)/backup.sqlite"
            let made = try await fuzhou.citysync(["backup", file])
            #expect(made.exit == .code(0), "\(made)")
            _ = try await fuzhou.client.create("T-NOTICE", fields: fields("lost"))
            try await cluster.waitUntilCaughtUp()

            let restore = ["restore", "--config", fuzhou.place.configuration, file]
            // A running node is not pulled away from under its users.
            #expect(try await fuzhou.citysync(restore).exit != .code(0))
            await fuzhou.stop()
            let restored = try await fuzhou.citysync(restore)
            #expect(restored.exit == .code(0), "\(restored)")
            try await fuzhou.start()
            try await waitUntil("what was lost is back") {
                try await marks(fuzhou.client) == ["before", "lost"]
            }
            try await cluster.waitUntilCaughtUp()
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }

    @Test
    func `two nodes of one member, on copies of one disk, lose nothing of what either took in`()
        async throws
    {
        try await withTestCluster([.fuzhou, .putian, .ningde]) { cluster in
            try await cluster.agree([TestItems.notice])
            let fuzhou = cluster.node(.fuzhou)
            let id = try await fuzhou.client.create("T-NOTICE", fields: fields("before")).id
            try await cluster.waitUntilCaughtUp()
            await fuzhou.stop()
            let clone = try fuzhou.cloned()
            try await fuzhou.start()
            try await clone.start()
            // Each start writes under an incarnation of its own: neither can overwrite the other.
            _ = try await fuzhou.client.create("T-NOTICE", fields: fields("first"))
            _ = try await clone.client.create("T-NOTICE", fields: fields("second"))
            _ = try await fuzhou.client.patch(id, fields: ["phone": "first"])
            _ = try await clone.client.patch(id, fields: ["phone": "second"])
            try await waitUntil("Putian has what both wrote", within: .seconds(60)) {
                try await marks(cluster.client(.putian)) == ["before", "first", "second"]
            }
            await clone.stop()
            // The first has the clone's work from the others.
            try await waitUntil("Fuzhou has what its clone wrote", within: .seconds(60)) {
                try await marks(fuzhou.client) == ["before", "first", "second"]
            }
            try await cluster.waitUntilCaughtUp()
            #expect(try await Convergence.measure(cluster.clients).differences == [])
        }
    }
}
