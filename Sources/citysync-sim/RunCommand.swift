import ArgumentParser
import ClusterSimulation

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs many seeds and says what they met."
    )

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 200

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "Stop after so many minutes, whatever is left.")
    var minutes: Int?

    @Option(help: "Fewest and most members, such as 3..41.")
    var members: MemberRange = MemberRange(range: 3...5)

    @Flag(name: .customLong("lying-sync"), help: "Syncs do nothing: losses are to be found.")
    var lyingSync = false

    @Flag(inversion: .prefixedNo, help: "Disks are copied, set back, lost and damaged too.")
    var storage = true

    @Option(help: "Runs that the shortening of a finding may take.")
    var shrink = 300

    @Flag(
        name: .customLong("fail-fast"),
        help: "Stop at the first seed that finds something; no shortening, no demand of coverage."
    )
    var failFast = false

    func run() throws {
        var summary = Summary()
        let clock = ContinuousClock()
        let start = clock.now
        for seed in from..<(from + seeds) {
            let plan = SimulationPlan(
                seed: seed,
                members: members.range,
                syncs: !lyingSync,
                storage: storage
            )
            let outcome = Outcome(of: plan)
            summary.add(outcome)
            if let finding = outcome.findings.first {
                say("FAIL seed \(seed): \(finding.kind.rawValue): \(finding.text)")
                if failFast { throw ExitCode.failure }
                report(outcome, seed)
            }
            if let minutes, clock.now - start > .seconds(60 * minutes) { break }
        }
        let seconds = (clock.now - start) / .seconds(1)
        for line in summary.lines(seconds: seconds) { say(line) }
        let missing = failFast ? [] : summary.missing
        for name in missing { say("never met in \(summary.seeds) seeds: \(name)") }
        guard summary.failed.isEmpty else {
            say("NOT CLEAN: \(summary.failed.count) of \(summary.seeds) seeds found something")
            throw ExitCode.failure
        }
        guard missing.isEmpty else {
            say("NOT CLEAN: \(missing.count) things that are to be met never were")
            throw ExitCode(2)
        }
        say("clean: \(summary.seeds) seeds")
    }

    private func report(_ outcome: Outcome, _ seed: UInt64) {
        let control = (lyingSync ? " --lying-sync" : "") + (storage ? "" : " --no-storage")
        say(
            "  replay: citysync-sim replay \(seed) --members "
                + "\(members.range.lowerBound)..\(members.range.upperBound)\(control)"
        )
        guard shrink > 0 else { return }
        let short = Shrinking.shortest(outcome, runsMaximum: shrink)
        say(
            "  shortest: \(short.plan.events.count) of \(outcome.plan.events.count) events: "
                + short.findings[0].text
        )
        for line in short.plan.text.split(separator: "\n") { say("    \(line)") }
    }
}

/// `3..41`, or one number.
struct MemberRange: ExpressibleByArgument {
    let range: ClosedRange<Int>

    init(range: ClosedRange<Int>) { self.range = range }

    init?(argument: String) {
        let parts = argument.components(separatedBy: "..")
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, let first = numbers.first, let last = numbers.last,
            numbers.count <= 2, first >= 2, last >= first, last <= 90
        else { return nil }
        range = first...last
    }

    var defaultValueDescription: String { "\(range.lowerBound)..\(range.upperBound)" }
}

extension String {
    /// The parts between the occurrences of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            parts.append(String(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return parts + [String(rest)]
    }
}
