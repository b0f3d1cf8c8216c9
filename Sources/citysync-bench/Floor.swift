/// What a figure must reach on two cores; docs/performance.md lists them.
enum Floor {
    private static let least: [String: Double] = [
        "catchup": 50_000, "backlog": 40_000,
        "ingest-1": 1_500, "ingest-16": 6_000, "ingest-256": 9_000,
    ]

    private static let most: [String: Double] = [
        "storm": 1, "storm-lost": 0, "storm-cost": 2, "latency": 3, "idle-cpu": 0.1,
        "idle-bytes": 1_000, "wire": 600,
        "memory-sender": 200, "memory-receiver": 200,
    ]

    /// For the 99th percentile.
    private static let most99: [String: Double] = ["latency": 10, "reads": 5]

    /// What to say of a figure that does not reach its floor.
    static func lack(of line: ReportLine) -> String? {
        let figure = line.figure
        if let floor = least[figure], line.value < floor {
            return "UNDER ITS FLOOR: \(figure) \(line.value.short), at least \(floor.short)"
        }
        if let floor = most[figure], line.value > floor {
            return "UNDER ITS FLOOR: \(figure) \(line.value.short), at most \(floor.short)"
        }
        if let floor = most99[figure], let p99 = line.p99, p99 > floor {
            return "UNDER ITS FLOOR: \(figure) p99 \(p99.short), at most \(floor.short)"
        }
        return nil
    }
}
