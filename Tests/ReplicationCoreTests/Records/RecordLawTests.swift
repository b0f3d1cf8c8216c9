import AllianceModel
import Testing

@testable import ReplicationCore

/// The law above all rules.
///
/// "What a member shows is a function of the *set* of writes it has received and was entitled to, never
/// of their order."
@Suite struct RecordLawTests {
    static let seeds: [UInt64] = Array(0..<40)

    @Test(arguments: seeds)
    func `any order, repetition and holding give one state, and nothing stays held`(
        seed: UInt64
    ) throws {
        var history = try RandomHistory(seed: seed, steps: 120)
        for member in history.cities.map(\.me.member) {
            let first = try history.replayed(history.shuffled(for: member), for: member)
            let state = try #require(first.state)
            #expect(first.held.isEmpty)
            for _ in 0..<3 {
                let again = try history.replayed(history.shuffled(for: member), for: member)
                #expect(again.held.isEmpty)
                #expect(again.state == state)
                #expect(again.judgedAgain() == state)
            }
        }
    }

    @Test(arguments: seeds)
    func `members that have received everything agree on what they both may see`(
        seed: UInt64
    ) throws {
        var history = try RandomHistory(seed: seed, steps: 120)
        var digests: Set<Digest> = []
        var shown: Set<[FieldValue?]> = []
        for member in history.cities.map(\.me.member) {
            let city = try history.replayed(history.shuffled(for: member), for: member)
            let state = try #require(city.state)
            let view = try #require(city.view)
            digests.insert(
                state.digest(
                    scopes: [.parties, .alliance],
                    definition: city.definition,
                    hash: TestHash.quick
                )
            )
            let fields = city.definition.fields.filter { $0.scope != .private }
            shown.insert(
                fields.map { view.value(of: $0) }
                    + [view.stage.map { .text($0) }, view.holder.map { .member($0) }]
            )
        }
        #expect(digests.count == 1)
        #expect(shown.count == 1)
    }

    @Test(arguments: seeds)
    func `a changeset taken apart into its writes gives the same state`(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed, steps: 60)
        let member = try CaseSamples.member("350100")
        let whole = history.shuffled(for: member)
        let parts = whole.flatMap { entry in
            entry.changeset.writes.map { write in
                var part = entry
                part.changeset.header = history.cities[0].header
                part.changeset.writes = [write]
                return part
            }
        }
        // The header stands for the creation: a part that only the origin writes brings it.
        let split = parts.map { part in
            var part = part
            if part.writer.member != member { part.changeset.header = nil }
            return part
        }
        let expected = try history.replayed(whole, for: member)
        let state = try history.replayed(split, for: member)
        #expect(state.state == expected.state)
    }

    @Test(arguments: seeds)
    func `two changesets that know nothing of each other commute, and twice is once`(
        seed: UInt64
    ) throws {
        let history = try RandomHistory(seed: seed, steps: 80)
        let base = history.cities[0]
        let applicable = history.entries.filter { entry in
            var city = base
            guard case .applied = city.apply(entry) else { return false }
            return true
        }
        for left in applicable {
            var once = base
            _ = once.apply(left)
            let state = once.state
            #expect(once.apply(left) == .duplicate)
            #expect(once.state == state)
            for right in applicable where left != right {
                var forth = base
                var back = base
                for entry in [left, right] { forth.receive(entry) }
                for entry in [right, left] { back.receive(entry) }
                #expect(forth.state == back.state)
            }
        }
    }

    @Test(arguments: seeds)
    func `a state is the same after it was stored and read`(seed: UInt64) throws {
        let history = try RandomHistory(seed: seed, steps: 120)
        for city in history.cities {
            guard let state = city.state else { continue }
            #expect(RecordState(encoded: state.encoded, key: state.key) == state)
        }
    }

    // MARK: Against the definition of siblings, taken word for word

    @Test(arguments: seeds)
    func `the siblings of a field are the writes that no write's context covers`(
        seed: UInt64
    ) throws {
        var history = try RandomHistory(seed: seed, steps: 120)
        let member = try CaseSamples.member("350300")
        let entries = history.shuffled(for: member)
        let city = try history.replayed(entries, for: member)
        let state = try #require(city.state)
        let view = try #require(city.view)
        // Void writes cover nothing; which are void, the scenarios tell.
        let all = entries.flatMap(\.changeset.writes).filter { write in
            let voids = state.field(write.field)?.voids ?? []
            return !voids.contains { $0.dot == write.dot }
        }
        for name: Text in ["name", "amount", "open", SystemField.stage] {
            let writes = all.filter { $0.field == name }
            let siblings = writes.filter { write in
                !writes.contains { $0.context.contains(write.dot) }
            }
            let field = state.field(name)
            #expect((field?.standing.map(\.dot) ?? []) == Set(siblings.map(\.dot)).sorted())
            #expect((field?.lost ?? []) == Set(writes.flatMap(\.lost)).sorted())
        }
        let sets = all.filter { $0.field == "materials" }
        #expect(
            view.value(of: try #require(city.definition.field("materials")))
                == FieldValue.set(sorting: try Self.elements(sets))
        )
    }

    /// Of an observed-remove set: what was added and no write that had seen the addition named again.
    private static func elements(_ writes: [Write]) throws -> [FieldValue] {
        let changes = try writes.map { write in
            guard case .elements(let add, let remove) = ValueCoding.decode(write.value) else {
                throw Refusal(.malformed, "no set")
            }
            return (write: write, add: add, named: Set(add + remove))
        }
        return changes.flatMap { change in
            change.add.filter { element in
                !changes.contains {
                    $0.named.contains(element) && $0.write.context.contains(change.write.dot)
                }
            }
        }
    }

    @Test(arguments: seeds)
    func `of siblings the latest is shown, under the holder's authority that of the later turn`(
        seed: UInt64
    ) throws {
        var history = try RandomHistory(seed: seed, steps: 120)
        let member = try CaseSamples.member("350128")
        let city = try history.replayed(history.shuffled(for: member), for: member)
        let view = try #require(city.view)
        let chain = view.custody.chain.map(\.dot)
        for field in view.state.fields where field.standing.count > 1 {
            guard let definition = city.definition.field(field.name), definition.merge == .latest
            else { continue }
            let shown = try #require(view.shown(field))
            for other in field.standing where other.dot != shown.dot {
                if definition.authority == .holder {
                    let turns = [other, shown].map { write in
                        write.ground.map { (chain.firstIndex(of: $0) ?? -2) + 1 } ?? 0
                    }
                    #expect(turns[0] <= turns[1])
                    guard turns[0] == turns[1] else { continue }
                }
                #expect((other.timestamp, other.dot) < (shown.timestamp, shown.dot))
            }
        }
    }

    @Test func `the histories hold siblings, lost values, removals, turns and held entries`() throws
    {
        var siblings = 0
        var lost = 0
        var turns = 0
        var held = 0
        for seed in Self.seeds {
            var history = try RandomHistory(seed: seed, steps: 120)
            held += history.cities.map(\.held.count).reduce(0, +)
            let member = try CaseSamples.member("350100")
            let city = try history.replayed(history.shuffled(for: member), for: member)
            let state = try #require(city.state)
            siblings += state.fields.filter { $0.standing.count > 1 }.count
            lost += state.fields.map(\.lost.count).reduce(0, +)
            turns += state.turns.count
        }
        #expect(siblings > 40 && lost > 40 && turns > 40 && held > 40)
    }
}
