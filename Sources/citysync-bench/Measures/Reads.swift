import ClusterHarness
import NIOCore
import NIOPosix

/// One record read through the API of A while 16 clients write to it.
enum Reads {
    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        let rounds = try await plan.rounds { _ in
            try await Pair.with { pair in try await round(pair, plan) }
        }
        let raw = try await RawLimits.roundTripMilliseconds(count: 10_000)
        return [
            ReportLine(
                "reads",
                rounds.map(\.median),
                "ms",
                p99: rounds.map(\.p99),
                rawLimit: raw.median,
                plan
            )
        ]
    }

    private static func round(
        _ pair: Pair,
        _ plan: Plan
    ) async throws
        -> (median: Double, p99: Double)
    {
        try await Loading.importing(1_000, into: pair)
        let ids = try await pair.a.client.records().compactMap { $0["id"].string }
        let latencies = Latencies()
        let deadline = NIODeadline.now() + .seconds(Int64(plan.seconds))
        let reading = Counter(until: deadline)
        let socket = pair.a.place.socket
        // A thread of its own: the reader does not wait for the writers' events.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        async let written = Writers.run(
            pair,
            clients: 16,
            Counter(until: deadline),
            offset: 1_000
        )
        try await LoadConnection.run(
            socket: socket,
            on: group.next(),
            next: {
                reading.next().map { PreparedRequest.get("/v1/records/\(ids[$0 % ids.count])") }
            },
            take: { answer in
                if answer.status == 200 {
                    latencies.record(nanoseconds: answer.nanoseconds)
                } else {
                    latencies.refuse()
                }
            }
        )
        _ = try await written
        try await group.shutdownGracefully()
        guard latencies.refusals == 0 else {
            throw RawLimits.Failure(description: "\(latencies.refusals) reads were refused")
        }
        return (latencies.milliseconds(percentile: 50), latencies.milliseconds(percentile: 99))
    }
}
