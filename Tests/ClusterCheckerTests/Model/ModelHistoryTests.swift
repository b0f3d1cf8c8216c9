import AllianceModel
import ClusterChecker
import Testing

/// Honest members, cut off from each other and restored from old backups, write by what the model
/// shows them: then nothing of theirs may come out as a lie or wait for ever.
struct ModelHistoryTests {
    /// What one member knows, and under which incarnation it writes.
    struct Node {
        let member: MemberCode
        var incarnation: UInt64
        var clock: UInt64
        var known: Set<ModelWrite> = []
        var backup: Set<ModelWrite> = []
    }

    struct History {
        let story: Story
        var nodes: [Node]
        var random: ModelTotalityTests.Random
        var nextIncarnation: UInt64 = 10
        var gone: Set<ModelWriter> = []

        init(seed: Int) throws {
            let story = try Story()
            self.story = story
            random = ModelTotalityTests.Random(state: UInt64(seed))
            let members = [story.accepting, story.home, story.third, story.fourth]
            nodes = members.enumerated().map { index, member in
                Node(member: member, incarnation: UInt64(index), clock: UInt64(index) * 30)
            }
        }

        func outcome(at node: Node) -> ModelOutcome {
            Model.judge(story.record, writes: node.known, facts: ModelFacts(gone: gone))
        }

        // MARK: steps

        mutating func step() {
            let index = Int(random.below(UInt64(nodes.count)))
            switch random.below(20) {
            case 0..<11: write(at: index)
            case 11..<17: pull(to: index)
            case 17: nodes[index].backup = nodes[index].known
            case 18 where random.below(3) == 0: restore(index)
            default: nodes[index].clock += random.below(100)
            }
        }

        /// Some of what another has, in any order; a changeset whole.
        mutating func pull(to index: Int) {
            let from = nodes[Int(random.below(UInt64(nodes.count)))]
            let parties = outcome(at: from).parties.contains(nodes[index].member)
            let places = Set(from.known.map(\.place)).filter { _ in random.below(3) > 0 }
            nodes[index].known.formUnion(
                from.known.filter { places.contains($0.place) && ($0.field != "phone" || parties) }
            )
            let latest = nodes[index].known.map(\.timestamp.milliseconds).max() ?? 0
            nodes[index].clock = max(nodes[index].clock, latest)
        }

        mutating func restore(_ index: Int) {
            nodes[index].known = nodes[index].backup
            nodes[index].incarnation = nextIncarnation
            nextIncarnation += 1
        }

        mutating func write(at index: Int) {
            let node = nodes[index]
            let outcome = outcome(at: node)
            guard let (field, value) = change(node, outcome) else { return }
            nodes[index].clock += 1 + random.below(3)
            nodes[index].known.insert(made(field, value, nodes[index], outcome))
        }

        /// A write that has seen all that its node has applied of the field.
        private func made(
            _ field: Text,
            _ value: ModelValue,
            _ node: Node,
            _ outcome: ModelOutcome
        ) -> ModelWrite {
            let applied = node.known.filter {
                $0.field == field && outcome.verdicts[$0.id] != nil
            }
            let own = applied.filter {
                $0.dot.member == node.member && $0.dot.incarnation == node.incarnation
            }
            let isSum = field == "sum"
            var write = story.write(
                field,
                node.member,
                value,
                at: node.clock,
                number: (own.map(\.dot.number).max() ?? 0) + 1,
                seen: isSum ? [] : Array(applied),
                incarnation: node.incarnation
            )
            let standing = outcome.siblings[field] ?? []
            write.lost = standing.filter {
                outcome.journal[ModelWriteID(field: field, dot: $0)] != nil
            }
            switch field {
            case "holders", ModelField.turn, ModelField.stage: write.ground = outcome.chain.last
            case "handlers":
                let assignments = (outcome.siblings[ModelField.handling] ?? []).filter {
                    outcome.journal[ModelWriteID(field: ModelField.handling, dot: $0)] == nil
                }
                write.ground = assignments.first
            default: break
            }
            return write
        }

        /// Something that this member may write, as it sees the case; nil: it may not.
        private mutating func change(
            _ node: Node,
            _ outcome: ModelOutcome
        ) -> (Text, ModelValue)? {
            let text = FieldValue.text(Text("v\(random.below(3))"))
            let other = random.pick(nodes).member
            let isHome = node.member == story.home
            let isHolder = node.member == outcome.holder
            switch random.below(13) {
            case 0: return ("latest", .single(text))
            case 1: return ("review", .single(text))
            case 2: return ("set", .elements(added: [text], removed: []))
            case 3: return ("set", .elements(added: [], removed: [text]))
            case 4: return ("sum", .addition(1))
            case 5: return ("most", .single(.integer(Int64(random.below(9)))))
            case 6:
                guard outcome.siblings["once"]?.isEmpty != false else { return nil }
                return ("once", .single(text))
            case 7: return isHolder ? ("holders", .single(text)) : nil
            case 8: return node.member == outcome.handling ? ("handlers", .single(text)) : nil
            case 9: return outcome.parties.contains(node.member) ? ("phone", .single(text)) : nil
            case 10: return isHolder || isHome ? (ModelField.turn, .member(other)) : nil
            case 11:
                let moves = Story.workflow.transitions(from: outcome.stage ?? "")
                let move = moves.first { $0.by == .holder ? isHolder : isHome }
                return move.map { (ModelField.stage, .stage($0.to)) }
            default:
                guard isHome else { return nil }
                if random.below(3) == 0 { return (ModelField.handling, .member(other)) }
                let members: Set = [FieldValue.member(other)]
                let adds = random.below(3) > 0
                return (
                    ModelField.parties,
                    .elements(added: adds ? members : [], removed: adds ? [] : members)
                )
            }
        }

        /// Everything that anybody still has; what nobody has is declared gone.
        mutating func end() -> Set<ModelWrite> {
            let all = nodes.reduce(into: Set<ModelWrite>()) { $0.formUnion($1.known) }
            let ids = Set(all.map(\.id))
            for write in all {
                for (writer, number) in write.context where number > 0 {
                    let dot = ModelDot(
                        member: writer.member,
                        incarnation: writer.incarnation,
                        number: number
                    )
                    if !ids.contains(ModelWriteID(field: write.field, dot: dot)) {
                        gone.insert(writer)
                    }
                }
                let before = ModelDot(
                    member: write.dot.member,
                    incarnation: write.dot.incarnation,
                    number: write.dot.number - 1
                )
                let own = ModelWriteID(field: write.field, dot: before)
                if before.number > 0, !ids.contains(own) { gone.insert(before.writer) }
                if let ground = write.ground {
                    let field = write.field == "handlers" ? ModelField.handling : ModelField.turn
                    if !ids.contains(ModelWriteID(field: field, dot: ground)) {
                        gone.insert(ground.writer)
                    }
                }
            }
            return all
        }
    }

    @Test(arguments: 1...10)
    func `what honest members write is no lie, and waits for nothing`(seed: Int) throws {
        var history = try History(seed: seed)
        for _ in 0..<120 { history.step() }
        let all = history.end()
        let facts = ModelFacts(gone: history.gone)
        let outcome = Model.judge(history.story.record, writes: all, facts: facts)
        #expect(all.count > 15)
        for (id, reason) in outcome.held { Issue.record("\(id) waits: \(reason)") }
        for (id, verdict) in outcome.verdicts {
            switch verdict {
            case .valid, .overruled: continue
            case .groundGone where !history.gone.isEmpty: continue
            default: Issue.record("\(id) is \(verdict)")
            }
        }
        // Custody is single whatever arrives in which order: the holder is one of the members.
        #expect(history.nodes.contains { $0.member == outcome.holder })
    }

    /// "the state digest covers shown values, siblings and journal, less what is forked (each may
    /// hold another branch)": so the rest must be the same whether a branch is there or not.
    @Test(arguments: 1...10)
    func `a member that holds a branch of a fork and one that holds none see the rest alike`(
        seed: Int
    ) throws {
        var history = try History(seed: seed)
        for _ in 0..<120 { history.step() }
        let all = history.end()
        let candidates = all.sorted { ($0.timestamp, $0.id) < ($1.timestamp, $1.id) }
        let forked = history.random.pick(candidates)
        let facts = ModelFacts(
            gone: history.gone,
            forks: [forked.place.feed: forked.place.sequence],
            forked: [forked.dot.writer]
        )
        let others = all.filter {
            $0.place.feed != forked.place.feed || $0.place.sequence < forked.place.sequence
        }
        let record = history.story.record
        let sight = { (writes: Set<ModelWrite>) in
            ModelSight(
                record: record,
                received: writes,
                facts: facts,
                shown: Model.judge(record, writes: writes, facts: facts)
            )
        }
        let run = ModelRun(observations: [
            ModelObservation(member: history.story.home, records: [record.key: sight(all)]),
            ModelObservation(member: history.story.third, records: [record.key: sight(others)]),
        ])
        for finding in run.differing() { Issue.record("\(finding)") }
    }
}
