import ClusterChecker
import ClusterHarness
import Testing

/// The ledger of the kill tests can fail: given a node that answers before it has stored, it does.
struct LyingNodeTests {
    @Test(arguments: [true, false])
    func `a server that acknowledges before storing is found out, an honest one is not`(
        isHonest: Bool
    ) async throws {
        let server = StandIn(isHonest: isHonest)
        try await server.start()
        let workload = Workload([.init(member: .fuzhou, client: server.client)])
        let seed = SeededGenerator.seed(for: "stand-in")
        try await workload.run(writersPerSite: 8, seed: seed) {
            for cycle in 1...5 {
                while workload.acknowledgedCount < cycle * 200, !workload.hasStopped {
                    try await Task.sleep(for: .milliseconds(1))
                }
                try await server.kill()
                try await server.start()
            }
        }
        let findings = try await workload.judge()
        try await server.kill()
        #expect(workload.unexpected == [])
        let hasLost = findings.contains {
            switch $0 {
            case .recordLost, .valueLost: true
            default: false
            }
        }
        #expect(hasLost == !isHonest, "CITYSYNC_SEED=\(seed)")
        #expect(findings.isEmpty == isHonest, "\(findings.prefix(5))")
    }
}
