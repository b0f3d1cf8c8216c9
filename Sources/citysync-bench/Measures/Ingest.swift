import NIOCore

/// Durable single-record writes a second through the API of A, B following.
enum Ingest {
    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        var lines: [ReportLine] = []
        for clients in [1, 16, 256] {
            let rounds = try await plan.rounds { _ in
                try await Pair.with { pair in
                    let begun = ContinuousClock.now
                    let counter = Counter(until: .now() + .seconds(Int64(plan.seconds)))
                    let latencies = try await Writers.run(pair, clients: clients, counter)
                    let seconds = (ContinuousClock.now - begun).inSeconds
                    let speed = Double(latencies.count) / seconds
                    // B follows: what it is behind by when the writers stop is made up for at once.
                    try await pair.waitUntilPassed()
                    return (speed, latencies.milliseconds(percentile: 99))
                }
            }
            let raw = try RawLimits.sqliteRows(perCommit: 1, rows: 5_000)
            lines.append(
                ReportLine(
                    "ingest-\(clients)",
                    rounds.map(\.0),
                    "writes/s",
                    rawLimit: raw,
                    plan
                )
            )
            lines.append(
                ReportLine("ingest-\(clients)-p99", rounds.map(\.1), "ms", plan)
            )
        }
        return lines
    }
}
