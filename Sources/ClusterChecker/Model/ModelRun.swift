package import AllianceModel

/// What must hold of a whole run once all has healed and converged: pure functions over what the
/// nodes have and show.
package struct ModelRun: Sendable {
    /// Of all members, dishonest ones included.
    package let observations: [ModelObservation]
    /// Writes whose client was told that they are durable.
    package let acknowledged: Set<ModelAcknowledgement>
    /// Acknowledged writes that no disk has any more: told to nobody before their own disk was lost.
    package let excused: Set<ModelAcknowledgement>
    /// Members whose machine ran twice at a time; nil: not known, and forks are not judged.
    package let twinned: Set<MemberCode>?
    /// Their incarnations that ran twice: what the one half knew the other did not.
    package let halved: Set<ModelWriter>
    /// Whom additions named that no disk may have any more.
    package let named: [ModelKey: Set<MemberCode>]

    /// What all honest nodes together know of each record.
    private let records: [ModelKey: ModelRecord]
    let written: [ModelKey: Set<ModelWrite>]
    private let outcomes: [ModelKey: ModelOutcome]

    package init(
        observations: [ModelObservation],
        acknowledged: Set<ModelAcknowledgement> = [],
        excused: Set<ModelAcknowledgement> = [],
        twinned: Set<MemberCode>? = nil,
        halved: Set<ModelWriter> = [],
        named: [ModelKey: Set<MemberCode>] = [:]
    ) {
        self.observations = observations.sorted { $0.member < $1.member }
        self.acknowledged = acknowledged
        self.excused = excused
        self.twinned = twinned
        self.halved = halved
        self.named = named
        var records: [ModelKey: ModelRecord] = [:]
        var written: [ModelKey: Set<ModelWrite>] = [:]
        var facts: [ModelKey: ModelFacts] = [:]
        for observation in observations where observation.isHonest {
            for (key, sight) in observation.records {
                records[key] = sight.record
                written[key, default: []].formUnion(sight.received)
                facts[key, default: .none].join(sight.facts)
            }
        }
        self.records = records
        self.written = written
        var outcomes: [ModelKey: ModelOutcome] = [:]
        for (key, record) in records {
            outcomes[key] = Model.judge(
                record,
                writes: written[key] ?? [],
                facts: facts[key] ?? .none
            )
        }
        self.outcomes = outcomes
    }

    /// Every finding of every check, in a fixed order.
    package func findings() -> [ModelFinding] {
        wrong() + lost() + vanished() + leaked() + withdrawn() + forkedAlone() + custodyDouble()
            + clocks()
            + differing() + heldForever()
    }

    private var honest: [ModelObservation] { observations.filter(\.isHonest) }

    private func sights() -> [(member: MemberCode, key: ModelKey, sight: ModelSight)] {
        honest.flatMap { observation in
            observation.records.sorted { $0.key < $1.key }.map {
                (observation.member, $0.key, $0.value)
            }
        }
    }

    /// What a node shows is what the writes that it received come to.
    package func wrong() -> [ModelFinding] {
        sights().flatMap { member, _, sight in
            Model.difference(
                expected: Model.judge(
                    sight.record,
                    writes: sight.received,
                    facts: sight.facts
                ),
                actual: sight.shown,
                record: sight.record,
                viewer: member
            )
        }
    }

    /// Acknowledged writes are at every node that is entitled to them.
    package func lost() -> [ModelFinding] {
        let wanted = acknowledged.subtracting(excused).sorted {
            ($0.record, $0.write) < ($1.record, $1.write)
        }
        return wanted.flatMap { acknowledgement -> [ModelFinding] in
            let (key, write) = (acknowledgement.record, acknowledgement.write)
            let entitled = honest.filter { isEntitled($0.member, to: write, of: key) }
            let lacking = entitled.filter { observation in
                observation.records[key]?.received.contains { $0.id == write } != true
            }
            guard !lacking.isEmpty || entitled.isEmpty else { return [] }
            return [
                ModelFinding(
                    .lost,
                    members: lacking.map(\.member),
                    record: key,
                    field: write.field,
                    dots: [write.dot],
                    "was acknowledged, and is not there"
                )
            ]
        }
    }

    /// Alliance fields: all; parties fields: the present parties; private ones: their writer.
    private func isEntitled(
        _ member: MemberCode,
        to write: ModelWriteID,
        of key: ModelKey
    ) -> Bool {
        guard let record = records[key] else { return member == write.dot.member }
        return switch scope(of: write.field, record) {
        case .alliance: true
        case .parties: outcomes[key]?.parties.contains(member) ?? false
        case .private, nil: member == write.dot.member
        }
    }

    private func scope(of field: Text, _ record: ModelRecord) -> Scope? {
        Given(record: record, writes: [], facts: .none).scope(of: field)
    }

    /// No foreign node has a private value, none that was never named a party a parties value.
    ///
    /// A dishonest writer may tell its own values to whom it likes, and a withdrawn party keeps what it
    /// has: to have is not to be shown.
    package func leaked() -> [ModelFinding] {
        let honestMembers = Set(honest.map(\.member))
        return sights().flatMap { member, key, sight -> [ModelFinding] in
            let named = everNamed(key, sight.record).contains(member)
            let received = sight.received.filter { write in
                guard honestMembers.contains(write.dot.member), write.dot.member != member
                else { return false }
                return switch scope(of: write.field, sight.record) {
                case .private: true
                case .parties: !named
                case .alliance, nil: false
                }
            }
            var findings = Dictionary(grouping: received, by: \.field).map { field, writes in
                ModelFinding(
                    .leaked,
                    members: [member],
                    record: key,
                    field: field,
                    dots: Set(writes.map(\.dot)),
                    "may not be at this node"
                )
            }
            let isParty = sight.shown.parties.contains(member)
            for field in sight.record.definition.fields where field.scope == .parties && !isParty {
                guard sight.shown.shown[field.name]?.isNothing == false else { continue }
                let text = "is shown to one who is no party"
                findings.append(
                    ModelFinding(
                        .leaked,
                        members: [member],
                        record: key,
                        field: field.name,
                        text
                    )
                )
            }
            return findings.sorted { ($0.field ?? "") < ($1.field ?? "") }
        }
    }

    /// Home, accepting and whom these ever named, also in a write that turned out to be nothing.
    private func everNamed(_ key: ModelKey, _ record: ModelRecord) -> Set<MemberCode> {
        let adding: Set = [record.home, record.accepting]
        // Also what only a dishonest member still has: it cannot speak in another's name.
        let additions = observations.lazy.flatMap { $0.records[key]?.received ?? [] }.filter {
            $0.field == ModelField.parties && adding.contains($0.dot.member)
        }
        let named = additions.flatMap(\.added).compactMap { value -> MemberCode? in
            if case .member(let member) = value { member } else { nil }
        }
        return adding.union(named).union(self.named[key] ?? [])
    }

    /// All nodes that may know name one holder and one chain.
    package func custodyDouble() -> [ModelFinding] {
        records.sorted { $0.key < $1.key }.flatMap { key, record -> [ModelFinding] in
            let turn = ModelWriteID(
                field: ModelField.turn,
                dot: ModelDot(member: record.accepting, incarnation: 0, number: 0)
            )
            let entitled = honest.filter { isEntitled($0.member, to: turn, of: key) }
            let holders = Dictionary(grouping: entitled) { observation in
                observation.records[key].map { $0.shown.holder }
            }
            let named = holders.keys.compactMap { $0 }
            guard record.definition.workflow != nil, named.count > 1 else { return [] }
            let words = named.map { $0?.string ?? "nobody" }.sorted()
            return [
                ModelFinding(
                    .custodyDouble,
                    members: entitled.map(\.member),
                    record: key,
                    field: ModelField.turn,
                    "held by \(list(words))"
                )
            ]
        }
    }

    /// Forks: "only a live clone or a dishonest member forks".
    package func forkedAlone() -> [ModelFinding] {
        guard let twinned else { return [] }
        let forked = honest.flatMap { $0.records.values.flatMap(\.facts.forked) }
        return Set(forked).sorted().filter { writer in
            honest.contains { $0.member == writer.member } && !twinned.contains(writer.member)
        }
        .map { writer in
            ModelFinding(
                .forkedAlone,
                members: [writer.member],
                record: nil,
                "incarnation \(writer) forked, and it is no clone's"
            )
        }
    }

    /// Nothing honest waits at the end where it may be.
    package func heldForever() -> [ModelFinding] {
        let honestMembers = Set(honest.map(\.member))
        return sights().flatMap { member, key, sight -> [ModelFinding] in
            sight.shown.held.sorted { $0.key < $1.key }
                .filter { id, _ in
                    honestMembers.contains(id.dot.member)
                        && isEntitled(member, to: id, of: key)
                }
                .map { id, reason in
                    ModelFinding(
                        .heldForever,
                        members: [member],
                        record: key,
                        field: id.field,
                        dots: [id.dot],
                        reason.rawValue
                    )
                }
        }
    }
}

extension ModelShown {
    var isNothing: Bool {
        switch self {
        case .single(let value): value == .cleared
        case .review(let values): values.isEmpty
        case .elements(let elements): elements.isEmpty
        case .total(let total): total == 0
        }
    }
}

extension ModelFacts {
    /// Statements only add up; of several ceilings and proofs the lowest counts.
    mutating func join(_ other: ModelFacts) {
        gone.formUnion(other.gone)
        forked.formUnion(other.forked)
        forks.merge(other.forks, uniquingKeysWith: min)
        ceilings.merge(other.ceilings, uniquingKeysWith: min)
        closed.merge(other.closed, uniquingKeysWith: min)
    }
}
