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
                    // B follows: this is how far it is behind when the writers stop.
                    let behind = Double(try await pair.behind())
                    try await pair.waitUntilPassed()
                    try await pair.checkEqual(latencies.count)
                    return (
                        Double(latencies.count) / seconds,
                        latencies.milliseconds(percentile: 99), behind
                    )
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
            lines += [
                ReportLine("ingest-\(clients)-p99", rounds.map(\.1), "ms", plan),
                ReportLine("ingest-\(clients)-behind", rounds.map(\.2), "records", plan),
            ]
        }
        return lines
    }
}
