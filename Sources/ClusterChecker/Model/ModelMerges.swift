import AllianceModel

extension Judged {
    /// What a reader sees of a field of the definition.
    func shown(_ field: FieldDefinition) -> ModelShown {
        switch field.merge {
        case .union: return .elements(elements(field.name))
        case .sum: return .total(total(field.name))
        case .review:
            let values = Set(siblings(field.name).compactMap(\.plainValue))
            if values.count > 1 { return .review(values) }
            return .single(values.first ?? .cleared)
        case .latest, .maximum, .minimum, .once:
            return .single(winner(field)?.plainValue ?? .cleared)
        }
    }

    /// The sibling that is shown; nil where none is, or where all are.
    func winner(_ field: FieldDefinition) -> ModelWrite? {
        let siblings = siblings(field.name)
        switch field.merge {
        case .latest: return latest(siblings, under: field.authority)
        case .maximum: return extreme(siblings) { $0 < $1 }
        case .minimum: return extreme(siblings) { $1 < $0 }
        case .once: return earliest(siblings)
        case .review, .union, .sum: return nil
        }
    }

    /// The one of `latest`: "the greatest by (effective timestamp, member, incarnation, n); under `holder` or `handling`
    /// authority the later turn or assignment comes before time".
    private func latest(_ writes: [ModelWrite], under authority: Authority) -> ModelWrite? {
        let position = { (write: ModelWrite) -> Int in
            switch authority {
            case .holder: custody.position(ofTurn: write.ground) ?? -1
            case .handling: custody.position(ofAssignment: write.ground) ?? -1
            default: 0
            }
        }
        return writes.max { left, right in
            let (before, after) = (position(left), position(right))
            return before != after ? before < after : given.isEarlier(left, right)
        }
    }

    /// Null is no extreme as long as there is a value.
    private func extreme(
        _ writes: [ModelWrite],
        _ isLess: (FieldValue, FieldValue) -> Bool
    ) -> ModelWrite? {
        let values = writes.filter { $0.plainValue != .cleared }
        return (values.isEmpty ? writes : values).max { left, right in
            guard let value = left.plainValue, let other = right.plainValue, value != other else {
                return given.isEarlier(left, right)
            }
            return isLess(value, other)
        }
    }

    /// "the earliest"; "a ruling by home wins over all"; "`once` and `limit` go by the raw timestamp".
    private func earliest(_ writes: [ModelWrite]) -> ModelWrite? {
        let rulings = writes.filter { if case .ruling = $0.value { true } else { false } }
        return (rulings.isEmpty ? writes : rulings).min {
            ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot)
        }
    }

    // MARK: sets

    /// The elements: "observed-remove set; a remove covers what it had seen; add wins".
    func elements(_ field: Text) -> Set<FieldValue> {
        Set(
            valid(field).flatMap { write in
                write.added.filter { !isRemoved($0, of: write) }
            }
        )
    }

    /// Whether an element that a write added was removed, or added again, by one that had seen that
    /// write: who adds it again takes its place.
    func isRemoved(_ element: FieldValue, of write: ModelWrite) -> Bool {
        valid(write.field).contains {
            ($0.removed.contains(element) || $0.added.contains(element)) && $0.covers(write)
        }
    }

    // MARK: counters

    /// "every addition counts once, those of one member and request id together once"; in the order
    /// of raw timestamps.
    func additions(_ field: Text) -> [(write: ModelWrite, amount: Int64)] {
        var counted: [(write: ModelWrite, amount: Int64)] = []
        let ordered = valid(field).sorted { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
        for write in ordered {
            guard case .addition(let amount) = write.value else { continue }
            let isRetry = counted.contains {
                write.requestID != nil && $0.write.requestID == write.requestID
                    && $0.write.dot.member == write.dot.member
            }
            if !isRetry { counted.append((write, amount)) }
        }
        return counted
    }

    private func total(_ field: Text) -> Int64 {
        Int64(clamping: additions(field).reduce(Int128(0)) { $0 + Int128($1.amount) })
    }

    /// Overruns: "the additions that overrun it *in timestamp order* are a conflict to review".
    ///
    /// As long as the total is beyond the limit and one of them is not in the context of a decision.
    func overrunning(_ field: Text, limit: Int64) -> Set<ModelDot> {
        var total = Int128(0)
        var overrunning: Set<ModelDot> = []
        for (write, amount) in additions(field) {
            total += Int128(amount)
            if total > Int128(limit), amount > 0 { overrunning.insert(write.dot) }
        }
        let valid = valid(field)
        let isDecided = overrunning.allSatisfy { dot in valid.contains { $0.covers(dot) } }
        return total > Int128(limit) && !isDecided ? overrunning : []
    }

    // MARK: what every record has

    var parties: Set<MemberCode> {
        var parties: Set = [given.home, given.accepting]
        for case .member(let member) in elements(ModelField.parties) { parties.insert(member) }
        return parties
    }

    var assignment: ModelWrite? { siblings(ModelField.handling).max(by: given.isEarlier) }

    /// Whether it is: "the record is deleted while such a write stands and, where the definition revives, no valid
    /// widest-scope write other than creation and deletion that it had not seen exists".
    var isDeleted: Bool {
        siblings(ModelField.deletion).contains { deletion in
            guard case .deletion(let seen) = deletion.value else { return false }
            return given.record.definition.deletion == .final
                || !revivable.contains { write in
                    (seen[write.field]?[write.dot.writer] ?? 0) < write.dot.number
                }
        }
    }

    /// The origin's changesets of the creation "bear one timestamp", the least among the origin's, as
    /// ceilings let them count: of what a deletion speaks of, the widest scope.
    private var revivable: [ModelWrite] {
        let widest = given.record.definition.widestScope
        let writes = genuine.writes.values.filter { write in
            write.field != ModelField.deletion && verdicts[write.id] == .valid
                && given.scope(of: write.field) == widest
        }
        let first = writes.filter { $0.dot.member == given.accepting }
            .min { (given.effective($0), $0.timestamp) < (given.effective($1), $1.timestamp) }
        return writes.filter {
            $0.dot.member != given.accepting || $0.timestamp != first?.timestamp
        }
    }
}

extension ModelWrite {
    /// Of the merges with one value.
    var plainValue: FieldValue? {
        switch value {
        case .single(let value), .ruling(let value): value
        case .member(let member): member.map(FieldValue.member) ?? .cleared
        case .stage(let stage): .text(stage)
        case .elements, .addition, .deletion: nil
        }
    }

    var added: Set<FieldValue> {
        if case .elements(let added, _) = value { added } else { [] }
    }

    var removed: Set<FieldValue> {
        if case .elements(_, let removed) = value { removed } else { [] }
    }
}
