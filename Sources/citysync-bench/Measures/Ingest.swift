import NIOCore

/// Durable single-record writes a second through the API of A, B following.
enum Ingest {
    private struct Round {
        var speed: Double
        /// Milliseconds.
        var p99: Double
        /// Changesets that B had not acknowledged when the writers stopped.
        var behind: Double
        /// Commits of one row a second that SQLite alone makes, right after the round.
        var raw: Double
    }

    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        var lines: [ReportLine] = []
        for clients in [1, 16, 256] {
            let rounds = try await plan.rounds { _ in
                try await Pair.with { pair in try await round(pair, plan, clients: clients) }
            }
            let raw = rounds.map(\.raw).median
            let name = "ingest-\(clients)"
            lines += [
                ReportLine(name, rounds.map(\.speed), "writes/s", rawLimit: raw, plan),
                ReportLine("\(name)-p99", rounds.map(\.p99), "ms", plan),
                ReportLine("\(name)-behind", rounds.map(\.behind), "records", plan),
            ]
        }
        return lines
    }

    private static func round(_ pair: Pair, _ plan: Plan, clients: Int) async throws -> Round {
        let begun = ContinuousClock.now
        let counter = Counter(until: .now() + .seconds(Int64(plan.seconds)))
        let latencies = try await Writers.run(pair, clients: clients, counter)
        let seconds = (ContinuousClock.now - begun).inSeconds
        let behind = try await pair.behind()
        try await pair.waitUntilPassed()
        try await pair.checkEqual(latencies.count)
        return Round(
            speed: Double(latencies.count) / seconds,
            p99: latencies.milliseconds(percentile: 99),
            behind: Double(behind),
            raw: try RawLimits.sqliteRows(perCommit: 1, rows: 2_000)
        )
    }
}
