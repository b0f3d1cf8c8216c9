import ClusterSimulation
import Testing

/// Whole alliances from seeds.
struct SimulationTests {
    /// A plan of which every so many events are left: whole ones are run by `make sim`, in release
    /// builds.
    private func plan(_ seed: UInt64, everyEvent stride: Int, syncs: Bool = true) -> SimulationPlan
    {
        var plan = SimulationPlan(seed: seed, members: 3...3, syncs: syncs)
        plan.events = plan.events.enumerated().filter { $0.offset.isMultiple(of: stride) }
            .map(\.element)
        return plan
    }

    @Test(arguments: [3, 4] as [UInt64])
    func `a seed comes to the same everywhere`(seed: UInt64) throws {
        let outcome = Outcome(of: plan(seed, everyEvent: 5))
        #expect(outcome.findings == [])
        #expect(outcome.coverage[.operation, "acknowledged"] > 20)
    }

    @Test
    func `the same plan gives the same run`() {
        let plan = plan(11, everyEvent: 8)
        var first: [String] = []
        var second: [String] = []
        let one = Outcome(of: plan, trace: { first.append($0) })
        let two = Outcome(of: plan, trace: { second.append($0) })
        #expect(one.traceDigest == two.traceDigest)
        #expect(first == second)
        #expect(first.count > 300)
    }

    @Test
    func `with a sync that does nothing a loss is found`() {
        // Gone from its writer's log, or (sooner) said to a peer and then not there.
        let isFound = (1...20 as ClosedRange<UInt64>).contains { seed in
            let outcome = Outcome(of: plan(seed, everyEvent: 4, syncs: false))
            return outcome.findings.contains { $0.kind == .lost || $0.kind == .broken }
        }
        #expect(isFound)
    }

    @Test
    func `every plan holds what a seed must hold`() {
        for seed in 0..<60 as Range<UInt64> {
            let plan = SimulationPlan(seed: seed)
            let faults = plan.events.filter(\.action.isFault)
            #expect(plan.memberCount >= 3)
            #expect(plan.events.count - faults.count >= SimulationPlan.Least.writes)
            #expect(faults.count >= SimulationPlan.Least.faults)
            #expect(Set(faults.map(\.action)).count >= SimulationPlan.Least.faultKinds)
            #expect(faults.count(where: \.action.isCrash) >= SimulationPlan.Least.crashes)
            #expect(zip(plan.events, plan.events.dropFirst()).allSatisfy { $0.at <= $1.at })
        }
    }

    @Test
    func `a plan reads what it wrote`() throws {
        let plan = SimulationPlan(seed: 5, syncs: false)
        #expect(try SimulationPlan(text: "# a remark\n" + plan.text) == plan)
    }

    @Test(arguments: [
        "seed", "members 1", "1 2 create", "1 2 make 0", "x 2 create 0", "1 9 create 0",
        "1 0 create xyz",
    ])
    func `what is no plan is refused`(text: String) {
        #expect(throws: PlanTextError.self) { try SimulationPlan(text: text) }
    }
}
