import ClusterHarness
import NIOCore
import NIOPosix

/// Clients that create one record after another at A.
enum Writers {
    static func run(
        _ pair: Pair,
        clients: Int,
        _ counter: Counter,
        offset: Int = 0
    ) async throws -> Latencies {
        let latencies = Latencies()
        let home = pair.b.member
        let socket = pair.a.place.socket
        let group = MultiThreadedEventLoopGroup.singleton
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<clients {
                let loop = group.next()
                tasks.addTask {
                    try await LoadConnection.run(
                        socket: socket,
                        on: loop,
                        next: {
                            counter.next().map { number in
                                PreparedRequest.post(
                                    "/v1/records",
                                    Workload.body(offset + number, home: home)
                                )
                            }
                        },
                        take: { answer in
                            if answer.status == 201 {
                                latencies.record(nanoseconds: answer.nanoseconds)
                            } else {
                                latencies.refuse()
                            }
                        }
                    )
                }
            }
            try await tasks.waitForAll()
        }
        guard latencies.refusals == 0 else {
            throw RawLimits.Failure(description: "\(latencies.refusals) writes were refused")
        }
        return latencies
    }
}
