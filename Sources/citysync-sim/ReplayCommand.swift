import ArgumentParser
import ClusterSimulation

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Runs one seed or one recorded scenario again, with a trace of what happens."
    )

    @Argument(help: "A seed, or the path of a recorded plan or of a scenario (.scenario).")
    var what: String

    @Option(help: "Fewest and most members, as they were given to the run.")
    var members: MemberRange = MemberRange(range: 3...5)

    @Option(help: "Stop after so many steps.")
    var steps: Int?

    @Flag(name: .customLong("lying-sync"), help: "Syncs do nothing.")
    var lyingSync = false

    @Flag(inversion: .prefixedNo, help: "Disks are copied, set back, lost and damaged too.")
    var storage = true

    @Option(help: "The id of a record: at the end, what each node has of it.")
    var record: String?

    @Flag(help: "Only the verdict.")
    var quiet = false

    func run() throws {
        guard !what.hasSuffix(".scenario") else {
            try tell()
            return
        }
        let outcome = Outcome(
            of: try plan(),
            stepsMaximum: steps ?? .max,
            reportingOn: record,
            trace: quiet ? nil : { say($0) }
        )
        for line in outcome.report { say(line) }
        for finding in outcome.findings { say("\(finding.kind.rawValue): \(finding.text)") }
        say(
            "\(outcome.steps) steps, \(outcome.virtualMilliseconds) virtual ms, "
                + "trace \(String(outcome.traceDigest, radix: 16))"
        )
        say(outcome.isClean ? "clean" : "NOT CLEAN")
        if !outcome.isClean { throw ExitCode.failure }
    }

    private func tell() throws {
        let run = try ScenarioRun(Scenario(text: try text()), trace: quiet ? nil : { say($0) })
        try run.run()
        for finding in run.findings { say("\(finding.kind.rawValue): \(finding.text)") }
        say(run.findings.isEmpty ? "clean" : "NOT CLEAN")
        if !run.findings.isEmpty { throw ExitCode.failure }
    }

    private func text() throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: what)), as: UTF8.self)
    }

    private func plan() throws -> SimulationPlan {
        if let seed = UInt64(what) {
            return SimulationPlan(
                seed: seed,
                members: members.range,
                syncs: !lyingSync,
                storage: storage
            )
        }
        return try SimulationPlan(text: try text())
    }
}
