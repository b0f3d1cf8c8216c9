import ClusterHarness
import NIOCore
import NIOPosix

/// Both sides change the same records while no byte passes between them; then the link is back.
///
/// `storm`: seconds from the link's return until both sides hold the same, and `storm-lost`: of the
/// two last values of every record, those that neither side shows or lists any more. `storm-cost`:
/// what taking in a changeset that conflicts costs, as a multiple of one that does not.
enum Storm {
    private static let records = 1_000
    private static let changes = 10
    private static let clients = 16
    private static let costRecords = 10_000

    private struct Round {
        var seconds: Double
        var lost: Double
        var cost: Double
    }

    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        let rounds = try await plan.rounds { _ -> Round in
            let storm = try await Pair.with(counted: true) { try await Self.storm($0) }
            let cost = try await Pair.with(counted: true) { try await Self.cost($0) }
            return Round(seconds: storm.seconds, lost: Double(storm.lost), cost: cost)
        }
        return [
            ReportLine("storm", rounds.map(\.seconds), "s", plan),
            ReportLine("storm-lost", rounds.map(\.lost), "values", plan),
            ReportLine("storm-cost", rounds.map(\.cost), "times", plan),
        ]
    }

    // MARK: Storm

    private static func storm(_ pair: Pair) async throws -> (seconds: Double, lost: Int) {
        try await Loading.importing(records, into: pair)
        try await pair.waitUntilPassed()
        let ids = try await pair.a.client.records().compactMap { $0["id"].string }
        pair.cluster.links.cut(between: pair.a.member, and: pair.b.member)
        // One field that both change, and one that each has for itself: that must merge.
        for turn in 1...changes {
            async let here: Void = change(ids, at: pair.a) { number in
                "{\"fields\":{\"remark\":\"福州 \(turn) \(number)\",\"employer\":\"甲 \(turn)\"}}"
            }
            async let there: Void = change(ids, at: pair.b) { number in
                "{\"fields\":{\"remark\":\"莆田 \(turn) \(number)\",\"address\":\"乙 \(turn)\"}}"
            }
            _ = try await (here, there)
        }
        let begun = ContinuousClock.now
        pair.cluster.links.heal(between: pair.a.member, and: pair.b.member)
        try await pair.waitUntilPassed()
        let seconds = (ContinuousClock.now - begun).inSeconds
        try await pair.checkEqual(records)
        let lost = try await [pair.a, pair.b].asyncMap { try await Self.lost(ids, at: $0) }.max()
        return (seconds, lost ?? 0)
    }

    /// Of the last values written those that a node neither shows nor lists as in conflict.
    private static func lost(_ ids: [String], at node: NodeProcess) async throws -> Int {
        var kept: Set<String> = []
        for record in try await node.client.records() {
            let fields = record["fields"]
            for name in ["remark", "employer", "address"] {
                fields[name].string.map { _ = kept.insert("\(record["id"].string ?? "") \($0)") }
            }
        }
        for conflict in try await conflicts(at: node) {
            for value in conflict["values"].elements {
                value["value"].string.map {
                    _ = kept.insert("\(conflict["record"].string ?? "") \($0)")
                }
            }
        }
        return ids.enumerated().reduce(0) { count, entry in
            let last = [
                "福州 \(changes) \(entry.offset)", "莆田 \(changes) \(entry.offset)",
                "甲 \(changes)", "乙 \(changes)",
            ]
            return count + last.count { !kept.contains("\(entry.element) \($0)") }
        }
    }

    private static func conflicts(at node: NodeProcess) async throws -> [JSON] {
        var found: [JSON] = []
        var cursor: String?
        repeat {
            var path = "/v1/conflicts?limit=1000"
            if let cursor { path += "&cursor=\(cursor)" }
            let page = try await node.client.get(path)
            found += page["conflicts"].elements
            cursor = page["next"].string
        } while cursor != nil
        return found
    }

    // MARK: Cost

    /// One side's changes pass to the other; then both sides' to each other, twice as many, every one
    /// of them in conflict.
    private static func cost(_ pair: Pair) async throws -> Double {
        try await Loading.importing(costRecords, into: pair)
        try await pair.waitUntilPassed()
        let ids = try await pair.a.client.records().compactMap { $0["id"].string }
        let plain = try await passing(pair, ids, from: [pair.a])
        let conflicting = try await passing(pair, ids, from: [pair.a, pair.b])
        return conflicting / 2 / plain
    }

    /// Seconds that the changes of these nodes, made while nothing passed, take to pass.
    private static func passing(
        _ pair: Pair,
        _ ids: [String],
        from nodes: [NodeProcess]
    ) async throws -> Double {
        pair.cluster.links.cut(between: pair.a.member, and: pair.b.member)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask {
                    try await change(ids, at: node) { number in
                        "{\"fields\":{\"remark\":\"\(node.member.code) \(nodes.count) \(number)\"}}"
                    }
                }
            }
            try await group.waitForAll()
        }
        let begun = ContinuousClock.now
        pair.cluster.links.heal(between: pair.a.member, and: pair.b.member)
        try await pair.waitUntilPassed()
        return (ContinuousClock.now - begun).inSeconds
    }

    /// Changes every record once at one node.
    private static func change(
        _ ids: [String],
        at node: NodeProcess,
        _ body: @escaping @Sendable (Int) -> String
    ) async throws {
        let counter = Counter(ids.count)
        let latencies = Latencies()
        let group = MultiThreadedEventLoopGroup.singleton
        let socket = node.place.socket
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<clients {
                let loop = group.next()
                tasks.addTask {
                    try await LoadConnection.run(
                        socket: socket,
                        on: loop,
                        next: {
                            counter.next().map { number in
                                PreparedRequest.patch("/v1/records/\(ids[number])", body(number))
                            }
                        },
                        take: { answer in if answer.status != 200 { latencies.refuse() } }
                    )
                }
            }
            try await tasks.waitForAll()
        }
        guard latencies.refusals == 0 else {
            throw RawLimits.Failure(description: "\(latencies.refusals) changes were refused")
        }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(
        _ transform: (Element) async throws -> Value
    ) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
