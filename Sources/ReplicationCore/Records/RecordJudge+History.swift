package import AllianceModel

extension RecordJudge {
    /// The state that a set of changesets makes: every one that was taken in of the record.
    ///
    /// Pure, the same in any order of the array, and total: dishonest members may have written
    /// anything, contexts and grounds in circles included. What came twice counts once.
    package static func judge(
        history: [Evidence],
        key: RecordKey,
        header: RecordHeader,
        definition: ItemDefinition,
        facts: RecordFacts
    ) -> RecordState {
        JudgedHistory(
            history,
            key: key,
            header: header,
            definition: definition,
            facts: facts
        ).state
    }

    /// Whether a changeset, as it stands in its feed, is among what was taken in.
    ///
    /// The same content elsewhere is not: the one place may turn out forked, and the other not.
    package static func isKnown(_ evidence: Evidence, in history: [Evidence]) -> Bool {
        history.contains { known in
            known.provenance == evidence.provenance
                && known.changeset.timestamp == evidence.changeset.timestamp
                && known.changeset.writes == evidence.changeset.writes
        }
    }
}

/// All that was taken in of one record, with the verdict on every write, and the state that it makes.
package struct JudgedHistory: Sendable {
    package let state: RecordState
    package let definition: ItemDefinition
    /// By field, sorted by name.
    let fields: [JudgedField]

    package init(
        _ history: [Evidence],
        key: RecordKey,
        header: RecordHeader,
        definition: ItemDefinition,
        facts: RecordFacts
    ) {
        self.definition = definition
        var genuine = GenuineWrites(history, definition, facts)
        var state = RecordState(beginning: key, header)
        let timestamps = history.map {
            facts.effective($0.changeset.timestamp, of: $0.provenance.writer)
        }
        var isFirst = true
        for evidence in history where evidence.provenance.writer.member == key.origin {
            state.noteCreation(evidence.changeset, isFirst: isFirst)
            isFirst = false
        }
        state.updated = timestamps.max() ?? .zero
        state.turns = genuine.turns
        state.assignments = genuine.assignments
        state.everParties = genuine.everParties(home: header.home, accepting: key.origin)
        let rights = Rights(state, nothing: genuine.nothing, facts: facts)
        var judged: [JudgedField] = []
        for index in genuine.fields.indices {
            genuine.fields[index].decide(rights, definition)
            judged.append(genuine.fields[index])
            state.fields.append(genuine.fields[index].state)
        }
        state.isDeleted = JudgedHistory.isDeleted(state, judged, definition)
        self.state = state
        fields = judged
    }

    /// Whether a deletion stands and, where the definition revives, nothing of the widest scope that
    /// it had not seen.
    private static func isDeleted(
        _ state: RecordState,
        _ fields: [JudgedField],
        _ definition: ItemDefinition
    ) -> Bool {
        guard let deletions = state.field(SystemField.delete)?.standing, !deletions.isEmpty else {
            return false
        }
        if definition.deletion == .final { return true }
        let widest = fields.filter {
            $0.rule.scope == definition.widestScope && $0.rule.register != .deletion
        }
        let valid = widest.map { field in
            (name: field.name, copies: field.writes.filter { $0.verdict == nil }.map(\.copy))
        }
        // Of the widest scope, too: whoever sees no more must find the same creation. Under a ceiling,
        // since what was written by a clock set right again is stamped before one that ran ahead.
        let creation = valid.flatMap(\.copies)
            .filter { $0.dot.writer.member == state.key.origin }
            .map { ($0.effective, $0.timestamp) }.min(by: <)
        return deletions.contains { deletion in
            guard case .deletion(let sights) = ValueCoding.decode(deletion.value[...]) else {
                return false
            }
            return !valid.contains { field in
                let seen = sights.first { $0.field == field.name }?.seen ?? CausalContext()
                return field.copies.contains { copy in
                    !seen.contains(copy.dot)
                        && !(copy.timestamp == creation?.1
                            && copy.dot.writer.member == state.key.origin)
                }
            }
        }
    }
}

/// One write as it stands in one place.
struct WriteCopy: Hashable {
    var write: Write
    var timestamp: HybridTimestamp
    /// At most the ceiling of its incarnation.
    var effective: HybridTimestamp

    var dot: Dot { write.dot }
}

/// A write with its verdict; nil: valid.
struct JudgedWrite: Hashable {
    var copy: WriteCopy
    var verdict: Verdict?
}

/// What was taken in, sorted out by field and dot: one write a dot, less what is nothing to anybody.
struct GenuineWrites {
    /// Sorted by name; `decide` gives them their verdicts.
    var fields: [JudgedField] = []

    init(_ history: [Evidence], _ definition: ItemDefinition, _ facts: RecordFacts) {
        var rules = FieldRules(definition)
        var copies: [Text: [Dot: [WriteCopy: Place]]] = [:]
        for evidence in history {
            let place = Place(evidence.provenance, facts)
            let timestamp = evidence.changeset.timestamp
            let effective = facts.effective(timestamp, of: evidence.provenance.writer)
            for write in evidence.changeset.writes {
                let copy = WriteCopy(write: write, timestamp: timestamp, effective: effective)
                let known = copies[write.field, default: [:]][write.dot, default: [:]][copy]
                copies[write.field, default: [:]][write.dot, default: [:]][copy] =
                    known.map { $0.joined(place) } ?? place
            }
        }
        for (name, dots) in copies.sorted(by: { $0.key < $1.key }) {
            guard let rule = rules.rule(of: name), rule.register != .unsupported else { continue }
            var field = JudgedField(name: name, rule: rule)
            for (_, copies) in dots.sorted(by: { $0.key < $1.key }) {
                let accepted = copies.filter { rules.accepts($0.key.write.value, rule) }
                field.take(accepted)
            }
            fields.append(field)
        }
    }

    private func field(_ name: Text) -> JudgedField? { fields.first { $0.name == name } }

    var turns: [Turn] {
        (field(SystemField.turn)?.undecided ?? []).compactMap { copy in
            guard case .member(let holder) = ValueCoding.decodeSingle(copy.write.value) else {
                return nil
            }
            return Turn(
                dot: copy.dot,
                ground: copy.write.ground,
                holder: holder,
                timestamp: copy.timestamp,
                effective: copy.effective
            )
        }
    }

    var assignments: [Assignment] {
        (field(SystemField.handling)?.undecided ?? []).map { copy in
            var handler: MemberCode?
            if case .member(let member) = ValueCoding.decodeSingle(copy.write.value) {
                handler = member
            }
            return Assignment(
                dot: copy.dot,
                handler: handler,
                timestamp: copy.timestamp,
                effective: copy.effective
            )
        }
    }

    /// Turns and assignments that were taken in and are nothing to anybody.
    var nothing: [Text: Set<Dot>] {
        var nothing: [Text: Set<Dot>] = [:]
        for name in [SystemField.turn, SystemField.handling] {
            if let dots = field(name)?.nothing, !dots.isEmpty { nothing[name] = dots }
        }
        return nothing
    }

    func everParties(home: MemberCode, accepting: MemberCode) -> [MemberCode] {
        var members: Set<MemberCode> = []
        for copy in field(SystemField.parties)?.undecided ?? []
        where copy.dot.writer.member == home || copy.dot.writer.member == accepting {
            guard case .elements(let add, _) = ValueCoding.decode(copy.write.value) else {
                continue
            }
            for case .member(let member) in add { members.insert(member) }
        }
        return members.sorted()
    }
}

/// What the places in which one content stands make of it.
struct Place: Hashable {
    /// Of several places the best: none, then `forked`.
    private(set) var verdict: Verdict?
    /// Whether what replaced it may not have seen it: its incarnation is gone, or a feed that it
    /// stands in was forked.
    ///
    /// Not any feed of its incarnation: whoever is outside a feed's audience knows that it was forked,
    /// and not whose incarnation it is of, so members would not agree.
    private(set) var isDoubtful: Bool

    init(_ provenance: Provenance, _ facts: RecordFacts) {
        let fork = facts.forks[provenance.feed]
        isDoubtful = fork != nil || facts.gone.contains(provenance.writer)
        if let fork, provenance.sequence >= fork {
            verdict = .forked
        } else if let last = facts.closed[provenance.feed], provenance.sequence > last {
            verdict = .left
        }
    }

    func joined(_ other: Place) -> Place {
        var place = self
        place.isDoubtful = isDoubtful || other.isDoubtful
        if verdict == nil || other.verdict == nil {
            place.verdict = nil
        } else if other.verdict == .forked {
            place.verdict = .forked
        }
        return place
    }
}
