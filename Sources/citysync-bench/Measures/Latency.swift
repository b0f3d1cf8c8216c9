import ClusterHarness
import NIOCore
import NIOPosix
import Synchronization

/// From the acknowledgement at A until a client held by `changes?wait` at B has the record: durable
/// on both sides, at 200 writes a second.
enum Latency {
    private static let writesPerSecond = 200
    private static let interval = TimeAmount.microseconds(1_000_000 / Int64(writesPerSecond))
    /// Connections that take turns in writing.
    private static let lanes = 4

    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        // The way to B and to its reader, and B's disk, beside each round.
        let rounds = try await plan.rounds { _ in
            (
                figure: try await Pair.with { pair in try await round(pair, plan) },
                raw: try await RawLimits.roundTripMilliseconds(count: 10_000).median
                    + RawLimits.syncMilliseconds(count: 1_000)
            )
        }
        return [
            ReportLine(
                "latency",
                rounds.map(\.figure.median),
                "ms",
                p99: rounds.map(\.figure.p99),
                rawLimit: rounds.map(\.raw).median,
                plan
            )
        ]
    }

    /// When each record was acknowledged at A and seen at B; whichever is known first waits.
    private final class Moments: Sendable {
        private struct State {
            var acknowledged: [String: NIODeadline] = [:]
            var seen: [String: NIODeadline] = [:]
            var both = 0
        }

        private let state = Mutex(State())
        let latencies = Latencies()

        func acknowledge(_ id: String, at moment: NIODeadline) {
            state.withLock { state in
                state.acknowledged[id] = moment
                match(id, &state)
            }
        }

        func see(_ id: String, at moment: NIODeadline) {
            state.withLock { state in
                state.seen[id] = moment
                match(id, &state)
            }
        }

        var count: Int { state.withLock { $0.both } }

        private func match(_ id: String, _ state: inout State) {
            guard let acknowledged = state.acknowledged[id], let seen = state.seen[id] else {
                return
            }
            state.both += 1
            // B may have it before the answer of A has reached its client.
            let passed = max(0, (seen - acknowledged).nanoseconds)
            latencies.record(nanoseconds: UInt64(passed))
        }
    }

    private static func round(
        _ pair: Pair,
        _ plan: Plan
    ) async throws
        -> (median: Double, p99: Double)
    {
        let moments = Moments()
        let count = writesPerSecond * plan.seconds
        let cursor = try await pair.b.client.changes(after: nil)["cursor"].string ?? "0"
        async let watched: Void = watch(pair, after: cursor, count: count, moments)
        try await write(pair, count: count, moments)
        try await watched
        return (
            moments.latencies.milliseconds(percentile: 50),
            moments.latencies.milliseconds(percentile: 99)
        )
    }

    /// Writes at an even pace, each on the first connection that is free.
    private static func write(_ pair: Pair, count: Int, _ moments: Moments) async throws {
        let begun = NIODeadline.now()
        let counter = Counter(count)
        let home = pair.b.member
        let socket = pair.a.place.socket
        let group = MultiThreadedEventLoopGroup.singleton
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<lanes {
                let loop = group.next()
                tasks.addTask {
                    try await LoadConnection.run(
                        socket: socket,
                        on: loop,
                        next: {
                            counter.next().map { number in
                                PreparedRequest.post(
                                    "/v1/records",
                                    Workload.body(number, home: home)
                                ).due(at: begun + interval * number)
                            }
                        },
                        take: { answer in
                            guard let id = Self.ids(in: answer.body, after: "{\"id\":").first
                            else { return }
                            moments.acknowledge(id, at: answer.moment)
                        }
                    )
                }
            }
            try await tasks.waitForAll()
        }
    }

    /// Follows B's changes, one long request after another.
    private static func watch(
        _ pair: Pair,
        after cursor: String,
        count: Int,
        _ moments: Moments
    ) async throws {
        let deadline = NIODeadline.now() + .seconds(120)
        let cell = Cell(position: cursor)
        try await LoadConnection.run(
            socket: pair.b.place.socket,
            on: MultiThreadedEventLoopGroup.singleton.next(),
            next: {
                guard moments.count < count, NIODeadline.now() < deadline else { return nil }
                let after = cell.state.withLock { $0 }
                return PreparedRequest.get("/v1/changes?after=\(after)&wait=1&limit=1000")
            },
            take: { answer in
                for id in Self.ids(in: answer.body, after: "\"record\":") {
                    moments.see(id, at: answer.moment)
                }
                if let next = Self.ids(in: answer.body, after: "\"cursor\":").last {
                    cell.state.withLock { $0 = next }
                }
            }
        )
        guard moments.count >= count else {
            throw RawLimits.Failure(
                description: "only \(moments.count) of \(count) records were seen at B"
            )
        }
    }

    private final class Cell: Sendable {
        let state: Mutex<String>

        init(position: String) {
            state = Mutex(position)
        }
    }

    /// The JSON strings that stand right behind a key.
    private static func ids(in body: ByteBuffer, after key: String) -> [String] {
        let text = String(buffer: body)
        return text.split(separator: key).dropFirst(text.hasPrefix(key) ? 0 : 1).compactMap {
            rest in
            guard rest.first == "\"" else { return nil }
            return rest.dropFirst().split(separator: "\"").first.map(String.init)
        }
    }
}
