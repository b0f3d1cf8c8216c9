import AllianceModel
import ClusterChecker
import Testing

/// Whatever a dishonest member writes, there is an outcome, and it keeps to the few laws that hold
/// of every set of writes.
struct ModelTotalityTests {
    /// SplitMix64, so that a failure names its seed and nothing else.
    struct Random {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }

        mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

        mutating func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int(below(UInt64(elements.count)))]
        }
    }

    private static let fields: [Text] = [
        "latest", "review", "set", "sum", "most", "once", "homes", "phone", "handlers", "holders",
        "note", ModelField.turn, ModelField.stage, ModelField.parties, ModelField.handling,
        ModelField.deletion,
    ]

    private func dot(_ random: inout Random, _ story: Story) -> ModelDot {
        ModelDot(
            member: random.pick([story.accepting, story.home, story.third]),
            incarnation: random.below(2),
            number: random.below(4)
        )
    }

    private func value(
        _ field: Text,
        _ random: inout Random,
        _ story: Story
    ) -> ModelValue {
        let member = random.pick([story.accepting, story.home, story.third])
        let text = FieldValue.text(random.pick(["a", "b"]))
        let members: Set = [FieldValue.member(member)]
        return switch field {
        case "sum": .addition(Int64(bitPattern: random.next()))
        case "set": .elements(added: [text], removed: random.below(2) == 0 ? [text] : [])
        case "most": .single(.integer(Int64(random.below(3))))
        case "once" where random.below(3) == 0: .ruling(text)
        case ModelField.turn, ModelField.handling: .member(member)
        case ModelField.stage: .stage(random.pick(Story.workflow.stages))
        case ModelField.parties: .elements(added: members, removed: [])
        case ModelField.deletion: .deletion(["latest": [dot(&random, story).writer: 2]])
        default: .single(text)
        }
    }

    /// Contexts, grounds, numbers, places and audiences drawn blindly from very few.
    func lies(_ story: Story, _ random: inout Random, count: Int) -> Set<ModelWrite> {
        var writes: Set<ModelWrite> = []
        for _ in 0..<count {
            let field = random.pick(Self.fields)
            var context: ModelContext = [:]
            for _ in 0..<random.below(3) {
                let seen = dot(&random, story)
                context[seen.writer] = seen.number
            }
            let own = dot(&random, story)
            writes.insert(
                ModelWrite(
                    field: field,
                    dot: own,
                    context: context,
                    lost: random.below(4) == 0 ? [dot(&random, story)] : [],
                    ground: random.below(2) == 0 ? dot(&random, story) : nil,
                    requestID: random.below(2) == 0 ? [1] : nil,
                    value: value(field, &random, story),
                    timestamp: ModelTimestamp(milliseconds: random.below(8)),
                    place: ModelPlace(feed: [UInt8(random.below(9))], sequence: random.below(20)),
                    audience: audience(field, &random, story)
                )
            )
        }
        return writes
    }

    private func audience(
        _ field: Text,
        _ random: inout Random,
        _ story: Story
    ) -> ModelAudience {
        if random.below(20) == 0 { return .private }
        return switch story.record.definition.field(field)?.scope {
        case .private: .private
        case .parties: .members([story.home])
        case .alliance, nil: .alliance
        }
    }

    func facts(_ random: inout Random, _ story: Story) -> ModelFacts {
        ModelFacts(
            gone: Set((0..<random.below(3)).map { _ in dot(&random, story).writer }),
            forks: random.below(2) == 0 ? [[UInt8(random.below(9))]: random.below(20)] : [:],
            ceilings: [dot(&random, story).writer: ModelTimestamp(milliseconds: 3)]
        )
    }

    @Test(arguments: 0..<60)
    func `lies of every kind have an outcome, and none vanishes in it`(seed: Int) throws {
        let story = try Story()
        var random = Random(state: UInt64(seed))
        let writes = lies(story, &random, count: 60)
        let facts = facts(&random, story)
        let outcome = Model.judge(story.record, writes: writes, facts: facts)
        let ids = Set(writes.map(\.id))
        #expect(Set(outcome.verdicts.keys).union(outcome.held.keys) == ids)
        #expect(Set(outcome.verdicts.keys).isDisjoint(with: outcome.held.keys))
        for (id, verdict) in outcome.verdicts where verdict != .valid {
            #expect(outcome.journal[id]?.contains(.void(verdict)) == true)
        }
        let sight = ModelSight(
            record: story.record,
            received: writes,
            facts: facts,
            shown: outcome
        )
        let run = ModelRun(observations: [
            ModelObservation(member: story.home, records: [story.record.key: sight])
        ])
        #expect(run.wrong().isEmpty)
        #expect(run.vanished().isEmpty)
        #expect(
            Model.judge(story.record, writes: writes, facts: facts) == outcome
        )
    }
}
