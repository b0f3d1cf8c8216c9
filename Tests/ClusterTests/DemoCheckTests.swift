import ClusterHarness
import Foundation
import Testing

/// The check that ends the demo can fail.
struct DemoCheckTests {
    private func check(_ cluster: Cluster) async throws -> Command.Outcome {
        let program = (cluster.installation.daemon as NSString).deletingLastPathComponent
        let own = Bundle.main.bundlePath
        let places = [program, own, "\(cluster.installation.root)/.build/debug"]
        let demo = places.map { "\($0)/citysync-demo" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        let sockets = cluster.nodes.map(\.place.socket)
        return try await Command(try #require(demo), ["--check"] + sockets).run()
    }

    @Test func `the demo's final check fails on two nodes made to differ`() async throws {
        try await withTestCluster { cluster in
            try await cluster.agree([TestItems.notice])
            let fuzhou = cluster.client(.fuzhou)
            for number in 0..<3 {
                let fields: JSON = ["mark": .string("\(number)"), "phone": "1"]
                let made = try await fuzhou.create("T-NOTICE", fields: fields)
                _ = try await fuzhou.patch(made.id, fields: ["phone": "2"])
            }
            try await cluster.waitUntilCaughtUp()
            let good = try await check(cluster)
            #expect(good.exit == .code(0), "\(good)")

            // One city's memory of one record is put back to what it was at its creation.
            let putian = cluster.node(.putian)
            await putian.stop()
            try await Command(
                "sqlite3",
                [putian.place.database, "UPDATE records SET state = NULL WHERE record = 1"]
            ).succeed()
            try await putian.start()
            try await cluster.waitUntilCaughtUp()
            let bad = try await check(cluster)
            #expect(bad.exit == .code(1), "\(bad)")
            #expect(bad.outputText.contains("NOT EQUAL"))
        }
    }

    @Test func `the check fails when a node cannot be asked`() async throws {
        try await withTestCluster { cluster in
            await cluster.node(.putian).kill()
            let outcome = try await check(cluster)
            #expect(outcome.exit == .code(1), "\(outcome)")
        }
    }
}
