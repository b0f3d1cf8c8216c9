import AllianceModel
import ClusterChecker
import ReplicationCore
import Testing

/// The core and the model, written apart from the same page, come to the same of any writes.
struct CoreAgreementTests {
    /// A hash is used for ids of conflicts only.
    private static let hash: HashFunction = { bytes in
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0100_0000_01b3 }
        return withUnsafeBytes(of: (state, state, state, state)) { Digest($0) }
    }

    /// The model's writes as the core would have read them.
    private struct Core {
        let story: Story

        var header: RecordHeader {
            get throws {
                let digest = try #require(Digest(bytes: story.record.key.definitionDigest))
                return RecordHeader(
                    item: story.record.key.item,
                    definition: digest,
                    home: story.home
                )
            }
        }

        var key: RecordKey {
            get throws {
                let uuid = try #require(UUIDBytes(bytes: story.record.key.id))
                return RecordKey(
                    identifier: RecordIdentifier(origin: story.accepting, uuid: uuid),
                    headerDigest: uuid
                )
            }
        }

        func writer(_ writer: ModelWriter) -> Writer {
            Writer(member: writer.member, incarnation: Incarnation(rawValue: writer.incarnation))
        }

        func dot(_ dot: ModelDot) -> Dot { Dot(writer: writer(dot.writer), number: dot.number) }

        func context(_ context: ModelContext) throws -> CausalContext {
            let entries = context.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map {
                CausalContext.Entry(writer: writer($0.key), number: $0.value)
            }
            return try #require(CausalContext(sorted: entries))
        }

        /// A digest that names a feed by the model's bytes.
        func feed(_ bytes: Bytes) throws -> Digest {
            try #require(Digest(bytes: Array((bytes + Bytes(repeating: 0, count: 32)).prefix(32))))
        }

        func value(_ value: ModelValue) throws -> WriteValue {
            switch value {
            case .single(let value): .single(value)
            case .ruling(let value): .ruling(value)
            case .elements(let added, let removed):
                .elements(add: added.sorted(), remove: removed.subtracting(added).sorted())
            case .addition(let amount): .single(.integer(amount))
            case .member(let member): .single(member.map(FieldValue.member) ?? .cleared)
            case .stage(let stage): .single(.text(stage))
            case .deletion(let contexts):
                .deletion(
                    try contexts.sorted { $0.key < $1.key }.map {
                        FieldSight(field: $0.key, seen: try context($0.value))
                    }
                )
            }
        }

        func facts(_ facts: ModelFacts) throws -> RecordFacts {
            var translated = RecordFacts(
                gone: Set(facts.gone.map(writer)),
                forkedWriters: Set(facts.forked.map(writer))
            )
            for (name, sequence) in facts.forks { translated.forks[try feed(name)] = sequence }
            for (of, ceiling) in facts.ceilings {
                translated.ceilings[writer(of)] = HybridTimestamp(rawValue: ceiling.raw)
            }
            return translated
        }

        /// One piece of evidence a changeset.
        func evidence(_ writes: Set<ModelWrite>) throws -> [Evidence] {
            try Dictionary(grouping: writes, by: \.place).map { place, writes in
                let first = try #require(writes.first)
                let audience: Audience =
                    switch first.audience {
                    case .alliance: .alliance
                    case .private: .private
                    case .members(let members): .members(members.sorted())
                    }
                return Evidence(
                    changeset: Changeset(
                        timestamp: HybridTimestamp(rawValue: first.timestamp.raw),
                        key: try key,
                        header: nil,
                        writes: try writes.sorted { $0.id < $1.id }.map(write)
                    ),
                    provenance: Provenance(
                        feed: try feed(place.feed),
                        sequence: place.sequence,
                        writer: writer(first.dot.writer),
                        audience: audience
                    )
                )
            }
        }

        private func write(_ write: ModelWrite) throws -> Write {
            Write(
                field: write.field,
                dot: dot(write.dot),
                context: try context(write.context),
                lost: write.lost.map(dot).sorted(),
                ground: write.ground.map(dot),
                requestID: write.requestID,
                value: ValueCoding.encode(try value(write.value))[...]
            )
        }
    }

    /// What the core makes of writes that come in some order, and in which the model differs.
    private func differences(
        _ writes: Set<ModelWrite>,
        _ facts: ModelFacts,
        _ story: Story,
        _ random: inout ModelTotalityTests.Random
    ) throws -> [ModelFinding] {
        let core = Core(story: story)
        let evidence = try core.evidence(writes).sorted {
            ($0.provenance.feed, $0.provenance.sequence)
                < ($1.provenance.feed, $1.provenance.sequence)
        }
        let definition = story.record.definition
        var joined = try Joined(core, definition, facts)
        try joined.take(evidence, &random)
        let state = joined.state
        let received = Set(
            evidence.flatMap {
                ModelTranslation.writes($0.changeset, $0.provenance, definition)
            }
        )
        let held = joined.held.map { ModelTranslation.place($0.provenance) }
        let actual = ModelTranslation.outcome(
            RecordView(state, definition),
            received: received,
            forks: ModelTranslation.facts(try core.facts(facts)).forks,
            held: Dictionary(uniqueKeysWithValues: held.map { ($0, .elsewhere) }),
            hash: Self.hash
        )
        let expected = Model.judge(
            story.record,
            writes: received,
            facts: ModelTranslation.facts(try core.facts(facts))
        )
        return Model.difference(
            expected: expected,
            actual: actual,
            record: story.record,
            viewer: story.home
        )
    }

    /// Changesets as a node takes them: one after the other, what is held tried again.
    private struct Joined {
        let core: Core
        let definition: ItemDefinition
        let facts: RecordFacts
        var state: RecordState
        var taken: [Evidence] = []
        var held: [Evidence] = []

        init(_ core: Core, _ definition: ItemDefinition, _ facts: ModelFacts) throws {
            self.core = core
            self.definition = definition
            self.facts = try core.facts(facts)
            state = try Joined.judged([], core, definition, self.facts)
        }

        private static func judged(
            _ history: [Evidence],
            _ core: Core,
            _ definition: ItemDefinition,
            _ facts: RecordFacts
        ) throws -> RecordState {
            RecordJudge.judge(
                history: history,
                key: try core.key,
                header: try core.header,
                definition: definition,
                facts: facts
            )
        }

        mutating func take(
            _ evidence: [Evidence],
            _ random: inout ModelTotalityTests.Random
        ) throws {
            var waiting = evidence
            var heldInARow = 0
            while !waiting.isEmpty, heldInARow < waiting.count {
                let index = heldInARow == 0 ? Int(random.below(UInt64(waiting.count))) : 0
                let next = waiting.remove(at: index)
                if try apply(next) {
                    heldInARow = 0
                } else {
                    waiting.append(next)
                    heldInARow += 1
                }
            }
            held = waiting
            let whole = try Joined.judged(taken, core, definition, facts)
            #expect(state == whole, "one by one and all together differ")
        }

        private mutating func apply(_ evidence: Evidence) throws -> Bool {
            let judgement = RecordJudge.judge(
                state,
                definition,
                evidence.changeset,
                from: evidence.provenance,
                facts: facts
            )
            switch judgement {
            case .applied(let next):
                state = next
                taken.append(evidence)
            case .needsHistory, .duplicate:
                taken.append(evidence)
                state = try Joined.judged(taken, core, definition, facts)
            case .held: return false
            }
            return true
        }
    }

    /// Facts whose forks name the feeds as the core does, with their writers.
    private func facts(_ facts: ModelFacts, _ writes: Set<ModelWrite>) -> ModelFacts {
        var facts = facts
        let forked = writes.filter { facts.forks[$0.place.feed] != nil }
        facts.forked.formUnion(forked.map(\.dot.writer))
        return facts
    }

    @Test(arguments: 1...15)
    func `honest histories, with backups restored and a fork`(seed: Int) throws {
        var history = try ModelHistoryTests.History(seed: seed)
        for _ in 0..<120 { history.step() }
        let all = history.end()
        var known = ModelFacts(gone: history.gone)
        if seed.isMultiple(of: 2) {
            let sorted = all.sorted { ($0.timestamp, $0.id) < ($1.timestamp, $1.id) }
            let forked = history.random.pick(sorted)
            known.forks = [forked.place.feed: forked.place.sequence]
        }
        if seed.isMultiple(of: 3) {
            let writer = history.random.pick(all.sorted { $0.id < $1.id }).dot.writer
            known.ceilings = [writer: ModelTimestamp(milliseconds: 60)]
        }
        known = facts(known, all)
        let story = history.story
        for finding in try differences(all, known, story, &history.random) {
            Issue.record("\(finding)")
        }
    }

    /// What passes the core's decoding: numbers from 1, no write that has seen itself, what is lost
    /// was seen, and one timestamp and audience a changeset.
    private func decodable(_ lies: Set<ModelWrite>) -> Set<ModelWrite> {
        let sorted = lies.filter { $0.dot.number > 0 }.sorted {
            ($0.id, $0.timestamp, $0.place.sequence) < ($1.id, $1.timestamp, $1.place.sequence)
        }
        return Set(
            sorted.enumerated().map { index, write in
                var alone = write
                alone.place = ModelPlace(feed: write.place.feed, sequence: UInt64(index + 1))
                if write.ground?.number == 0 { alone.ground = nil }
                if (write.context[write.dot.writer] ?? 0) >= write.dot.number {
                    alone.context[write.dot.writer] = nil
                }
                alone.lost = write.lost.filter {
                    $0.number > 0 && (alone.context[$0.writer] ?? 0) >= $0.number
                }
                return alone
            }
        )
    }

    @Test(arguments: 1...15)
    func `lies of every kind`(seed: Int) throws {
        let story = try Story()
        var random = ModelTotalityTests.Random(state: UInt64(seed))
        let lies = decodable(ModelTotalityTests().lies(story, &random, count: 60))
        let known = facts(ModelTotalityTests().facts(&random, story), lies)
        for finding in try differences(lies, known, story, &random) {
            Issue.record("\(finding)")
        }
    }
}
