import ClusterHarness
import NIOCore
import NIOPosix

/// A holds records that B lacks; records a second from the start of B's process until it has them all.
///
/// B has agreed the item before and holds no record. Its start and handshakes are in the time, so that
/// nothing which passes before it answers is counted as free.
enum Catchup {
    enum Way: String {
        /// Taken in by imports: many to a commit at A.
        case imported = "catchup"
        /// Taken in one by one while B is down.
        case single = "backlog"
    }

    static func measure(_ plan: Plan, _ way: Way) async throws -> [ReportLine] {
        let rounds = try await plan.rounds { _ in
            (
                speed: try await Pair.with { pair in try await speed(pair, plan, way) },
                raw: try RawLimits.sqliteRows(perCommit: 1_000, rows: plan.records)
            )
        }
        let raw = rounds.map(\.raw).median
        return [ReportLine(way.rawValue, rounds.map(\.speed), "records/s", rawLimit: raw, plan)]
    }

    private static func speed(_ pair: Pair, _ plan: Plan, _ way: Way) async throws -> Double {
        await pair.b.stop()
        switch way {
        case .imported: try await Loading.importing(plan.records, into: pair)
        case .single: try await Loading.creating(plan.records, at: pair, clients: 64)
        }
        let begun = ContinuousClock.now
        try await pair.b.start()
        try await pair.waitUntilPassed()
        let seconds = (ContinuousClock.now - begun).inSeconds
        try await pair.checkEqual(plan.records)
        return Double(plan.records) / seconds
    }
}

/// Fills A.
enum Loading {
    private static let linesPerRequest = 2_000

    /// Through `records:import`, two requests at a time.
    static func importing(_ count: Int, into pair: Pair) async throws {
        let home = pair.b.member
        let client = pair.a.client
        let starts = Array(stride(from: 0, to: count, by: linesPerRequest))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<2 {
                group.addTask {
                    for index in stride(from: lane, to: starts.count, by: 2) {
                        let end = min(starts[index] + linesPerRequest, count)
                        try await importing(starts[index]..<end, home: home, client)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func importing(
        _ numbers: Range<Int>,
        home: Member,
        _ client: NodeClient
    ) async throws {
        var body = ByteBuffer()
        for number in numbers {
            body.writeString(Workload.body(number, home: home))
            body.writeString("\n")
        }
        var request = try NodeClient.Request("POST", "/v1/records:import")
        request.body = body
        request.mediaType = "application/x-ndjson"
        let reply = try await client.succeed(request)
        let created = reply.text.split(separator: "\n").count { $0.contains("\"status\":201") }
        guard created == numbers.count else {
            throw RawLimits.Failure(
                description: "only \(created) of \(numbers.count) records were taken"
            )
        }
    }

    /// One request a record.
    static func creating(_ count: Int, at pair: Pair, clients: Int) async throws {
        let counter = Counter(count)
        _ = try await Writers.run(pair, clients: clients, counter)
    }
}
