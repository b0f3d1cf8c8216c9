import ClusterSimulation

/// What many runs met, together.
struct Summary {
    private(set) var seeds = 0
    private(set) var failed: [UInt64] = []
    private var steps = 0
    private var virtualMilliseconds: Int64 = 0
    private var faults = 0
    private var coverage = Coverage()

    /// From so many seeds on, whatever never happened fails the run.
    static let seedsForCoverage = 200

    mutating func add(_ outcome: Outcome) {
        seeds += 1
        if !outcome.isClean { failed.append(outcome.plan.seed) }
        steps += outcome.steps
        virtualMilliseconds += outcome.virtualMilliseconds
        faults += outcome.plan.faultCount
        coverage.merge(outcome.coverage)
    }

    func lines(seconds: Double) -> [String] {
        let rate = seconds > 0 ? Double(seeds) / seconds : 0
        var lines = [
            "\(seeds) seeds in \(Int(seconds)) s: \(Double(Int(rate * 100)) / 100) seeds/s",
            "\(steps) steps, \(virtualMilliseconds / 60_000) virtual minutes, \(faults) faults",
        ]
        for group in Coverage.Group.allCases {
            let names = (coverage.counts[group] ?? [:]).sorted { $0.key < $1.key }
            lines.append(
                "\(group.rawValue): "
                    + names.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            )
        }
        return lines
    }

    /// What is to be met and never was; empty while too few seeds were run to say so.
    var missing: [String] {
        guard seeds >= Self.seedsForCoverage else { return [] }
        return Coverage.expected.flatMap { group, names in
            names.filter { coverage[group, $0] == 0 }.map { "\(group.rawValue) \($0)" }
        }
    }
}
