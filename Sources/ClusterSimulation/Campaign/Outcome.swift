/// What came of one run.
package struct Outcome: Sendable {
    package let plan: SimulationPlan
    package let findings: [Finding]
    package let steps: Int
    package let virtualMilliseconds: Int64
    package let coverage: Coverage
    /// Equal for equal runs.
    package let traceDigest: UInt64
    /// What the nodes have of the record asked for.
    package let report: [String]

    package var isClean: Bool { findings.isEmpty }

    /// Runs a plan; each line of what happens goes to `trace`.
    package init(
        of plan: SimulationPlan,
        stepsMaximum: Int = .max,
        reportingOn record: String? = nil,
        trace: ((String) -> Void)? = nil
    ) {
        self.plan = plan
        do {
            let simulation = try Simulation(plan, trace: trace)
            _ = simulation.run(stepsMaximum: stepsMaximum)
            findings = simulation.findings
            steps = simulation.steps
            virtualMilliseconds = simulation.now
            coverage = simulation.coverage
            traceDigest = simulation.trace.digest
            report = record.map { simulation.report(on: $0) } ?? []
        } catch {
            findings = [Finding(kind: .broken, text: "the run cannot begin: \(error)")]
            steps = 0
            virtualMilliseconds = 0
            coverage = Coverage()
            traceDigest = 0
            report = []
        }
    }
}
