import AllianceModel

/// Puts a judged record into the shape that is compared.
struct Summary {
    let judged: Judged
    let held: [ModelWriteID: ModelHeldReason]

    private var given: Given { judged.given }
    private var definition: ItemDefinition { given.record.definition }
    private var isCase: Bool { given.workflow != nil }

    func outcome() -> ModelOutcome {
        let handling = judged.custody.named(by: judged.assignment?.dot, in: ModelField.handling)
        var outcome = ModelOutcome(handling: handling ?? given.home, parties: judged.parties)
        outcome.held = held
        outcome.verdicts = judged.verdicts
        outcome.chain = judged.custody.chain.map(\.dot)
        outcome.holder = isCase ? judged.custody.holder : nil
        let stages = judged.siblings(ModelField.stage)
        outcome.stage = judged.shownStage(among: stages)?.stage ?? given.workflow?.initialStage
        for field in definition.fields { outcome.shown[field.name] = judged.shown(field) }
        for field in fields where mergesBySiblings(field) {
            outcome.siblings[field] = Set(judged.siblings(field).map(\.dot))
        }
        outcome.isDeleted = judged.isDeleted
        outcome.journal = journal()
        outcome.conflicts = conflicts()
        return outcome
    }

    private var fields: [Text] { definition.fields.map(\.name) + given.reservedFields }

    private func mergesBySiblings(_ field: Text) -> Bool {
        if field == ModelField.parties || field == ModelField.turn { return false }
        switch definition.field(field)?.merge {
        case .union, .sum: return false
        default: return true
        }
    }

    /// Nil where none is, or where all are.
    private func winner(_ field: Text) -> ModelWrite? {
        switch field {
        case ModelField.stage:
            return judged.shownStage(among: judged.siblings(field))?.write
        case ModelField.handling: return judged.assignment
        default: return definition.field(field).flatMap(judged.winner)
        }
    }

    // MARK: journal

    /// The journal: "siblings not shown, dots listed as lost, replaced writes of gone or forked incarnations, and
    /// void writes".
    private func journal() -> [ModelWriteID: Set<ModelJournalReason>] {
        var journal: [ModelWriteID: Set<ModelJournalReason>] = [:]
        for (id, verdict) in judged.verdicts where verdict != .valid {
            journal[id, default: []].insert(.void(verdict))
        }
        for id in judged.genuine.withForkedCopy {
            journal[id, default: []].insert(.void(.forked))
        }
        for field in fields {
            for (id, reason) in siblingsNotShown(field) { journal[id, default: []].insert(reason) }
            for write in judged.valid(field) {
                for dot in write.lost {
                    let id = ModelWriteID(field: field, dot: dot)
                    journal[id, default: []].insert(write.covers(dot) ? .lost : .lostUncovered)
                }
                if given.isDoubtful(write), let reason = replacement(of: write) {
                    journal[write.id, default: []].insert(reason)
                }
            }
        }
        return journal
    }

    private func siblingsNotShown(_ field: Text) -> [ModelWriteID: ModelJournalReason] {
        guard mergesBySiblings(field), let winner = winner(field) else { return [:] }
        var reasons: [ModelWriteID: ModelJournalReason] = [:]
        for write in judged.siblings(field) where write.dot != winner.dot {
            let isEqual = write.plainValue == winner.plainValue
            reasons[write.id] = isEqual ? .siblingOfEqualValue : .sibling
        }
        return reasons
    }

    /// Of a set: an added element is gone.
    ///
    /// Turns on the chain follow, and additions join, each other.
    private func replacement(of write: ModelWrite) -> ModelJournalReason? {
        if mergesBySiblings(write.field) {
            return judged.valid(write.field).contains { $0.covers(write) } ? .replaced : nil
        }
        let gone = write.added.filter { judged.isRemoved($0, of: write) }
        if gone.isEmpty { return nil }
        let stands = judged.elements(write.field)
        return gone.isSubset(of: stands) ? .replacedByEqual : .replaced
    }

    // MARK: conflicts

    private func conflicts() -> Set<ModelConflict> {
        var conflicts: Set<ModelConflict> = []
        for field in fields {
            let siblings = judged.siblings(field)
            let dots = Set(siblings.map(\.dot))
            switch definition.field(field)?.merge {
            case .sum(let limit?):
                let overrunning = judged.overrunning(field, limit: limit)
                guard !overrunning.isEmpty else { continue }
                conflicts.insert(ModelConflict(kind: .overrun, field: field, dots: overrunning))
            case .sum, .union: continue
            case let merge where mergesBySiblings(field) && field != ModelField.deletion:
                guard Set(siblings.map(\.plainValue)).count > 1 else { continue }
                let kind = merge == .review ? ModelConflict.Kind.review : .concurrent
                conflicts.insert(ModelConflict(kind: kind, field: field, dots: dots))
            default: continue
            }
        }
        return conflicts.union(voidConflicts())
    }

    /// A conflict with what is void: "it is *open* while its values stand uncovered by a later write".
    private func voidConflicts() -> Set<ModelConflict> {
        let voids = judged.verdicts.filter { $0.value != .valid }.map { ($0.key, $0.value) }
        let copies = judged.genuine.withForkedCopy.map { ($0, ModelVerdict.forked) }
        let open = (voids + copies).filter { id, _ in
            !judged.valid(id.field).contains { $0.covers(id.dot) }
        }
        return Set(
            open.map { id, verdict in
                ModelConflict(kind: .void(verdict), field: id.field, dots: [id.dot])
            }
        )
    }
}
