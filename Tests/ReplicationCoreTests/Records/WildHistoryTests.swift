import AllianceModel
import Testing

@testable import ReplicationCore

/// The law above all rules, where not all members are honest and not all disks survive.
@Suite struct WildHistoryTests {
    static let seeds: [UInt64] = Array(0..<40)
    static let viewers = ["350128", "350300", "350900"]

    @Test(arguments: seeds)
    func `any order, and facts learned at any time, give one state, and both ways to it agree`(
        seed: UInt64
    ) throws {
        var history = try WildHistory(seed: seed, steps: 140)
        for member in try Self.viewers.map(CaseSamples.member) {
            let entries = history.shuffled(for: member)
            let first = try history.replayed(entries, for: member, learningAfter: 0)
            guard let state = first.state else { continue }
            #expect(first.judgedAgain() == state)
            for _ in 0..<2 {
                let again = history.shuffled(for: member)
                let count = Int(seed) % (again.count + 1)
                let other = try history.replayed(again, for: member, learningAfter: count)
                #expect(Set(other.held) == Set(first.held))
                #expect(Set(other.history) == Set(first.history))
                #expect(other.state == state)
            }
        }
    }

    @Test(arguments: seeds.prefix(12))
    func `after every single changeset both ways to the state agree`(seed: UInt64) throws {
        var history = try WildHistory(seed: seed, steps: 60)
        let member = try CaseSamples.member("350300")
        let entries = history.shuffled(for: member)
        for facts in [RecordFacts.none, history.facts] {
            var city = try history.replayed([], for: member, learningAfter: 0)
            city.learn(facts)
            for entry in entries {
                city.receive(entry)
                if let state = city.state { #expect(city.judgedAgain() == state) }
            }
        }
    }

    @Test(arguments: seeds)
    func `a history taken apart into its writes gives the same state`(seed: UInt64) throws {
        var history = try WildHistory(seed: seed, steps: 140)
        let member = try CaseSamples.member("350128")
        let city = try history.replayed(
            history.shuffled(for: member),
            for: member,
            learningAfter: 0
        )
        let parts = city.history.flatMap { evidence in
            evidence.changeset.writes.map { write in
                var part = evidence
                part.changeset.writes = [write]
                return part
            }
        }
        let state = RecordJudge.judge(
            history: parts.shuffled(),
            key: city.key,
            header: city.header,
            definition: city.definition,
            facts: history.facts
        )
        #expect(state == city.state)
    }

    @Test(arguments: seeds)
    func `a state is the same after it was stored and read`(seed: UInt64) throws {
        var history = try WildHistory(seed: seed, steps: 140)
        let member = try CaseSamples.member("350300")
        let city = try history.replayed(
            history.shuffled(for: member),
            for: member,
            learningAfter: 0
        )
        guard let state = city.state else { return }
        #expect(RecordState(encoded: state.encoded, key: state.key) == state)
    }

    @Test func `the histories hold every verdict and every kind of conflict within a record`()
        throws
    {
        var verdicts: [Verdict: Int] = [:]
        var counts: [String: Int] = [:]
        var joined = 0
        var judged = 0
        for seed in UInt64(0)..<60 {
            var history = try WildHistory(seed: seed, steps: 140)
            let member = try CaseSamples.member("350128")
            let city = try history.replayed(
                history.shuffled(for: member),
                for: member,
                learningAfter: 0
            )
            guard let state = city.state, let view = city.view else { continue }
            for void in state.fields.flatMap(\.voids) { verdicts[void.verdict, default: 0] += 1 }
            counts["turns", default: 0] += view.custody.chain.count
            counts["deleted", default: 0] += view.isDeleted ? 1 : 0
            counts["assignments", default: 0] += state.assignments.count
            counts["parties", default: 0] += state.everParties.count
            counts["lost", default: 0] += state.fields.map(\.lost.count).reduce(0, +)
            counts["held", default: 0] += city.held.count
            for conflict in view.conflicts(TestHash.quick) {
                counts[conflict.kind.rawValue, default: 0] += 1
            }
            joined += city.joined
            judged += city.history.count - city.joined
        }
        #expect(verdicts.count == Verdict.allCases.count, "\(verdicts)")
        #expect(counts.values.allSatisfy { $0 > 2 }, "\(counts)")
        #expect(counts.count >= 15, "\(counts)")
        #expect(joined > 200 && judged > 300, "\(joined) \(judged)")
    }
}
