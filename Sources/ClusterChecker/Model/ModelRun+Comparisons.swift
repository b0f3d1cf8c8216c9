import AllianceModel

extension ModelRun {
    /// Every received write is shown, waits, was replaced by one that had seen it, or is in the
    /// journal, by what the node itself says of verdicts.
    package func vanished() -> [ModelFinding] {
        observations.filter(\.isHonest).flatMap { observation in
            observation.records.sorted { $0.key < $1.key }.flatMap { key, sight in
                // Of copies of one dot one that is there is enough: which counts, `wrong` judges.
                let copies = Dictionary(grouping: sight.received, by: \.id)
                let gone = copies.filter {
                    $0.value.allSatisfy { hasVanished($0, sight, observation.member) }
                }
                return gone.keys.sorted().map { id in
                    ModelFinding(
                        .vanished,
                        members: [observation.member],
                        record: key,
                        field: id.field,
                        dots: [id.dot],
                        "neither shown, nor replaced by one that had seen it, nor in the journal"
                    )
                }
            }
        }
    }

    private func hasVanished(
        _ write: ModelWrite,
        _ sight: ModelSight,
        _ member: MemberCode
    ) -> Bool {
        let shown = sight.shown
        if shown.held[write.id] != nil || shown.journal[write.id] != nil { return false }
        guard shown.verdicts[write.id] == .valid else { return true }
        let later = sight.received.filter {
            $0.field == write.field && shown.verdicts[$0.id] == .valid && $0.covers(write)
        }
        let isDoubtful = Given(record: sight.record, writes: sight.received, facts: sight.facts)
            .isDoubtful(write)
        switch write.value {
        case .addition: return false
        case .member where write.field == ModelField.turn: return !shown.chain.contains(write.dot)
        case .elements(let added, _):
            // To have is not to be shown: what a set holds is seen where it is shown only.
            let scope = Given(record: sight.record, writes: [], facts: .none).scope(of: write.field)
            guard scope != .parties || shown.parties.contains(member) else { return false }
            return added.contains { element in
                !isShown(element, of: write.field, in: shown)
                    && (isDoubtful || !later.contains { $0.removed.contains(element) })
            }
        default:
            let isSibling = shown.siblings[write.field]?.contains(write.dot) ?? false
            return !isSibling && (isDoubtful || later.isEmpty)
        }
    }

    private func isShown(_ element: FieldValue, of field: Text, in shown: ModelOutcome) -> Bool {
        if field == ModelField.parties, case .member(let member) = element {
            return shown.parties.contains(member)
        }
        if case .elements(let elements) = shown.shown[field] { return elements.contains(element) }
        return false
    }

    /// Withdrawn members "get the withdrawal, and after it nothing written by those who know of it".
    ///
    /// Judged of those who made the withdrawal, since of others it cannot be told what they knew; and
    /// where nobody added the member again without its being seen. Of a machine that ran twice the one
    /// half may have made it and the other written on for all, without knowing.
    package func withdrawn() -> [ModelFinding] {
        let members = Set(observations.filter(\.isHonest).map(\.member))
        return written.sorted { $0.key < $1.key }.flatMap { key, writes -> [ModelFinding] in
            let changes = writes.filter { $0.field == ModelField.parties }
            return writes.sorted { $0.id < $1.id }.compactMap { write in
                guard members.contains(write.dot.member), !halved.contains(write.dot.writer),
                    case .members(let audience) = write.audience
                else { return nil }
                let wrong = audience.filter { member in
                    ![key.home, key.origin, write.dot.member].contains(member)
                        && isWithdrawn(member, before: write, changes)
                }
                guard !wrong.isEmpty else { return nil }
                return ModelFinding(
                    .withdrawn,
                    members: wrong.sorted(),
                    record: key,
                    field: write.field,
                    dots: [write.dot],
                    "was written for one whom its writer had withdrawn"
                )
            }
        }
    }

    /// Whether the writer itself took a member away earlier, and knew of all that added it.
    private func isWithdrawn(
        _ member: MemberCode,
        before write: ModelWrite,
        _ changes: Set<ModelWrite>
    ) -> Bool {
        let element = FieldValue.member(member)
        return changes.contains { removal in
            removal.removed.contains(element) && removal.dot.writer == write.dot.writer
                && removal.timestamp < write.timestamp
                && !changes.contains { $0.added.contains(element) && !removal.covers($0) }
        }
    }

    /// Clocks: "a hybrid timestamp that rises strictly within the feed".
    ///
    /// Of honest members' feeds, before any proven fork.
    package func clocks() -> [ModelFinding] {
        let honest = observations.filter(\.isHonest)
        var forks: [Bytes: UInt64] = [:]
        var entries: [Bytes: [UInt64: Set<ModelTimestamp>]] = [:]
        var members: [Bytes: MemberCode] = [:]
        for sight in honest.flatMap(\.records.values) {
            forks.merge(sight.facts.forks, uniquingKeysWith: min)
            for write in sight.received
            where honest.contains(where: { $0.member == write.dot.member }) {
                members[write.place.feed] = write.dot.member
                entries[write.place.feed, default: [:]][write.place.sequence, default: []]
                    .insert(write.timestamp)
            }
        }
        var findings: [ModelFinding] = []
        for (feed, sequences) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let whole = sequences.filter { $0.key < forks[feed] ?? .max }.sorted { $0.key < $1.key }
            let name = Hexadecimal.encode(feed.prefix(6))
            var before: (sequence: UInt64, timestamp: ModelTimestamp)?
            for (sequence, timestamps) in whole {
                let found = timestamps.sorted()
                // Of a machine that ran twice each half's branch may have been carried to another member:
                // nobody has both, and nobody can prove the fork.
                let isTwinned = members[feed].map { twinned?.contains($0) == true } ?? false
                if found.count > 1, !isTwinned {
                    let text = "feed \(name) has \(found) at sequence \(sequence)"
                    findings.append(clock(members[feed], text))
                }
                if let before, let first = found.first, first <= before.timestamp, !isTwinned {
                    let text =
                        "feed \(name) goes from \(before.timestamp) at \(before.sequence) to "
                        + "\(first) at \(sequence)"
                    findings.append(clock(members[feed], text))
                }
                if let last = found.last { before = (sequence, last) }
            }
        }
        return findings
    }

    private func clock(_ member: MemberCode?, _ text: String) -> ModelFinding {
        ModelFinding(.clock, members: member.map { [$0] } ?? [], record: nil, text)
    }

    /// Two nodes that received the same show the same.
    ///
    /// Private writes and forked ones left out: each may hold another branch.
    package func differing() -> [ModelFinding] {
        let honest = observations.filter(\.isHonest)
        let keys = Set(honest.flatMap(\.records.keys)).sorted()
        return keys.flatMap { key -> [ModelFinding] in
            let rows = honest.compactMap { observation in
                observation.records[key].map { (observation.member, Common($0)) }
            }
            let alike = Dictionary(grouping: rows) { Basis(common: $0.1) }
            return alike.values.sorted { $0[0].0 < $1[0].0 }.flatMap { rows in
                rows.dropFirst().flatMap { compare(rows[0], $0) }
            }
        }
    }

    private struct Basis: Hashable {
        let writes: Set<ModelWrite>
        let facts: ModelFacts

        init(common: Common) {
            writes = common.writes
            facts = common.facts
        }
    }

    /// What two nodes can have in common.
    private struct Common {
        let record: ModelRecord
        let writes: Set<ModelWrite>
        let facts: ModelFacts
        /// Of which it holds a forked copy; it may hold another one as well, and so may others.
        let forked: Set<ModelWriteID>
        private let shown: ModelOutcome
        let digest: Bytes?

        init(_ sight: ModelSight) {
            let given = Given(record: sight.record, writes: sight.received, facts: sight.facts)
            let isCommon = { (field: Text) in given.scope(of: field) != .private }
            record = sight.record
            facts = sight.facts
            digest = sight.digest
            writes = sight.received.filter { isCommon($0.field) && !given.isForked($0) }
            forked = Set(sight.received.filter { given.isForked($0) }.map(\.id))
            var shown = sight.shown
            shown.held = shown.held.filter { isCommon($0.key.field) }
            // Who holds the forked branch with a ground in it sees it overruled, who does not gone.
            shown.verdicts = shown.verdicts.filter { isCommon($0.key.field) }
                .mapValues { $0 == .groundGone ? .overruled : $0 }
            // Who holds the branch lists its writes as void; all list what others name as lost.
            shown.journal = shown.journal.filter { isCommon($0.key.field) }
                .mapValues { $0.subtracting([.void(.forked)]) }
                .filter { !$0.value.isEmpty }
            // Parties fields are shown to parties alone: `wrong` judges each node's.
            shown.shown = shown.shown.filter { given.scope(of: $0.key) == .alliance }
            shown.siblings = shown.siblings.filter { isCommon($0.key) }
            shown.conflicts = Set(
                shown.conflicts.filter { conflict in
                    conflict.kind != .void(.forked) && conflict.field.map(isCommon) ?? true
                }
                .map { conflict in
                    guard conflict.kind == .void(.groundGone) else { return conflict }
                    return ModelConflict(
                        kind: .void(.overruled),
                        field: conflict.field,
                        dots: conflict.dots
                    )
                }
            )
            self.shown = shown
        }

        /// What it shows, but for what became of these.
        func shown(without ids: Set<ModelWriteID>) -> ModelOutcome {
            var shown = shown
            shown.held = shown.held.filter { !ids.contains($0.key) }
            shown.verdicts = shown.verdicts.filter { !ids.contains($0.key) }
            return shown
        }
    }

    private func compare(
        _ left: (MemberCode, Common),
        _ right: (MemberCode, Common)
    ) -> [ModelFinding] {
        let members = [left.0, right.0]
        let record = left.1.record
        let forked = left.1.forked.union(right.1.forked)
        let differences = Model.difference(
            expected: left.1.shown(without: forked),
            actual: right.1.shown(without: forked),
            record: record,
            viewer: right.0
        )
        var findings = differences.map { difference in
            ModelFinding(
                .differing,
                members: members,
                record: record.key,
                field: difference.field,
                dots: difference.dots,
                "received the same, but as \(left.0) sees it \(right.0) \(difference.text)"
            )
        }
        if let one = left.1.digest, let other = right.1.digest, one != other {
            let text = "received the same, but have different digests"
            findings.append(
                ModelFinding(.differing, members: members, record: record.key, text)
            )
        }
        return findings
    }
}
