import ClusterHarness

/// The counters of all cities: they take cases in and hand them to their home cities.
struct Counter: Sendable {
    let cluster: Cluster
    let diary: Diary
    /// Clerks that work at once in one city.
    private let clerks = 3

    /// Takes in and hands over every case, each city at its own node.
    func accept(_ cases: some Sequence<Case>) async throws {
        let byCity = Dictionary(grouping: cases, by: \.accepting)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (city, cases) in byCity {
                for clerk in 0..<clerks {
                    let own = cases.enumerated().filter { $0.offset % clerks == clerk }
                    group.addTask {
                        for (_, entry) in own { try await accept(entry, at: cluster.client(city)) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func accept(_ entry: Case, at client: NodeClient) async throws {
        let record = try await persistently {
            try await client.create(
                entry.item,
                home: entry.home.code,
                fields: entry.fields,
                key: entry.key
            )
        }
        _ = try await persistently {
            try await client.transition(
                record.id,
                to: "checked",
                holder: entry.home.code,
                key: "\(entry.key)-handed"
            )
        }
        diary.handedOver(record.id)
    }

    /// Sends again while the node is down or its answer was lost; the idempotency key makes it one.
    private func persistently<Result>(_ send: () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await send()
            } catch NodeClient.Failure.refused(let reply) where reply.status < 500 {
                throw NodeClient.Failure.refused(reply)
            } catch is NodeClient.Failure {
                try Task.checkCancellation()
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
