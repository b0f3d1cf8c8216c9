import AllianceModel

/// Which writes are applied: the least set that holds every changeset all of whose needs it holds.
///
/// Verdicts play no part, so what is applied never depends on which copy of a lie came first.
struct Readiness {
    let given: Given
    private var applied: Set<ModelWrite> = []
    private var ids: Set<ModelWriteID> = []

    init(given: Given) { self.given = given }

    mutating func settle() -> (applied: Set<ModelWrite>, held: [ModelWriteID: ModelHeldReason]) {
        var waiting = Dictionary(grouping: given.writes, by: \.place).mapValues(Set.init)
        var didApply = true
        while didApply {
            didApply = false
            for (place, changeset) in waiting where reasons(changeset).isEmpty {
                applied.formUnion(changeset)
                ids.formUnion(changeset.map(\.id))
                waiting[place] = nil
                didApply = true
            }
        }
        var held: [ModelWriteID: ModelHeldReason] = [:]
        for changeset in waiting.values {
            let reasons = reasons(changeset)
            let common = worst(Array(reasons.values))
            for write in changeset where !ids.contains(write.id) {
                let candidates = [held[write.id], reasons[write] ?? common].compactMap(\.self)
                held[write.id] = worst(candidates)
            }
        }
        return (applied, held)
    }

    /// Of several reasons the one that keeps it longest, as they are listed.
    private func worst(_ reasons: [ModelHeldReason]) -> ModelHeldReason? {
        ModelHeldReason.allCases.last(where: reasons.contains)
    }

    /// Why a changeset waits: its writes that wait for something.
    private func reasons(_ changeset: Set<ModelWrite>) -> [ModelWrite: ModelHeldReason] {
        var reasons: [ModelWrite: ModelHeldReason] = [:]
        for write in changeset { reasons[write] = reason(write, among: changeset) }
        return reasons
    }

    private func reason(
        _ write: ModelWrite,
        among changeset: Set<ModelWrite>
    ) -> ModelHeldReason? {
        if given.facts.kept.contains(write.place) { return .elsewhere }
        if !isWellFormed(write) { return .malformed }
        if !fitsAudience(write) { return .audienceRefused }
        let isMissing = { (field: Text, dot: ModelDot) in
            let id = ModelWriteID(field: field, dot: dot)
            return given.isWaitedFor(dot.writer) && !ids.contains(id)
                && !changeset.contains { $0.id == id }
        }
        // The number before being applied, too, the greatest that is named stands for all.
        let named = write.context.filter { $0.value > 0 }.map { writer, number in
            ModelDot(member: writer.member, incarnation: writer.incarnation, number: number)
        }
        let own = ModelDot(
            member: write.dot.member,
            incarnation: write.dot.incarnation,
            number: write.dot.number - 1
        )
        let needed = own.number > 0 ? named + [own] : named
        if needed.contains(where: { isMissing(write.field, $0) }) { return .predecessorMissing }
        if let ground = write.ground, let field = groundField(write.field),
            isMissing(field, ground)
        {
            return .groundMissing
        }
        if needsParty(write), !isAdded(write.dot.member, applied.union(changeset)) {
            return .partyUnknown
        }
        return nil
    }

    /// The field whose dot a ground names.
    private func groundField(_ field: Text) -> Text? {
        if field == ModelField.turn || field == ModelField.stage { return ModelField.turn }
        switch given.record.definition.field(field)?.authority {
        case .holder: return ModelField.turn
        case .handling: return ModelField.handling
        default: return nil
        }
    }

    // MARK: parties

    /// "`any` (for a parties field: who is, or ever validly became, a party; until that addition is
    /// applied, the write is held)".
    private func needsParty(_ write: ModelWrite) -> Bool {
        guard given.scope(of: write.field) == .parties else { return false }
        if write.field == ModelField.stage, case .stage(let to) = write.value {
            let moves = given.workflow?.transitions.filter { $0.to == to } ?? []
            return !moves.isEmpty && moves.allSatisfy { $0.by == .any }
        }
        return given.record.definition.field(write.field)?.authority == .any
    }

    /// Whether an addition is there; whether it is valid is judged later.
    private func isAdded(_ member: MemberCode, _ applied: Set<ModelWrite>) -> Bool {
        if member == given.home || member == given.accepting { return true }
        if given.isAdditionDoubtful { return true }
        return applied.contains { write in
            guard write.field == ModelField.parties, case .elements(let added, _) = write.value
            else { return false }
            return added.contains(.member(member))
        }
    }

    // MARK: form

    private func isWellFormed(_ write: ModelWrite) -> Bool {
        guard write.dot.number > 0, !write.covers(write.dot) else { return false }
        guard given.scope(of: write.field) != nil else { return false }
        switch (write.field, write.value) {
        case (ModelField.parties, .elements(let added, let removed)):
            return added.union(removed).allSatisfy { if case .member = $0 { true } else { false } }
        case (ModelField.turn, .member(let member)): return member != nil
        case (ModelField.handling, .member), (ModelField.stage, .stage),
            (ModelField.deletion, .deletion):
            return true
        default:
            guard let field = given.record.definition.field(write.field) else { return false }
            return isWellFormed(write.value, field)
        }
    }

    private func isWellFormed(_ value: ModelValue, _ field: FieldDefinition) -> Bool {
        switch (field.merge, value) {
        case (.sum, .addition): return true
        case (.union, .elements(let added, let removed)):
            guard case .set(let element) = field.type else { return false }
            return added.union(removed).allSatisfy {
                $0 != .cleared && $0.validate(FieldType(element)) == nil
            }
        case (.once, .ruling(let value)), (.once, .single(let value)),
            (.latest, .single(let value)), (.review, .single(let value)),
            (.maximum, .single(let value)), (.minimum, .single(let value)):
            return value.validate(field.type) == nil
        default: return false
        }
    }

    /// "a write in a feed its field's scope does not allow".
    private func fitsAudience(_ write: ModelWrite) -> Bool {
        switch (given.scope(of: write.field), write.audience) {
        case (.alliance, .alliance), (.parties, .members), (.private, .private): true
        default: false
        }
    }
}
