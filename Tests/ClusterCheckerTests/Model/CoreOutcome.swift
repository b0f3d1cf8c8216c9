import AllianceModel
import ClusterChecker
import ReplicationCore

extension ModelTranslation {
    /// What a node makes of a record, to be compared with what the model makes of it.
    ///
    /// `received`: every write that it has of the record, held ones included; `forks`: from where on
    /// feeds are forked; `held`: the places of the changesets that it keeps waiting.
    static func outcome(
        _ view: RecordView,
        received: Set<ModelWrite>,
        forks: [Bytes: UInt64] = [:],
        held: [ModelPlace: ModelHeldReason] = [:],
        hash: HashFunction
    ) -> ModelOutcome {
        var outcome = ModelOutcome(handling: view.handler, parties: Set(view.parties))
        let applied = received.filter { held[$0.place] == nil }
        let ids = Set(applied.map(\.id))
        for write in received where !ids.contains(write.id) {
            outcome.held[write.id] = held[write.place]
        }
        outcome.chain =
            view.definition.workflow == nil ? [] : view.custody.chain.map { dot($0.dot) }
        outcome.holder = view.holder
        // Before the creation's own write is here, a case stands where its workflow begins.
        outcome.stage = view.stage ?? view.definition.workflow?.initialStage
        outcome.isDeleted = view.isDeleted
        for field in view.definition.fields { outcome.shown[field.name] = shown(view, field) }
        let unforked = applied.filter { $0.place.sequence < forks[$0.place.feed] ?? .max }
        let copies = Set(unforked.map(\.id))
        for field in view.state.fields { add(field, of: view, unforked: copies, to: &outcome) }
        for id in ids where outcome.verdicts[id] == nil {
            outcome.verdicts[id] = isApplied(id, view.state) ? .valid : nil
        }
        outcome.conflicts = Set(view.conflicts(hash).compactMap(conflict))
        return outcome
    }

    private static func isApplied(_ id: ModelWriteID, _ state: RecordState) -> Bool {
        guard let field = state.field(id.field) else { return false }
        let writer = Writer(
            member: id.dot.member,
            incarnation: Incarnation(rawValue: id.dot.incarnation)
        )
        return field.applied.contains(Dot(writer: writer, number: id.dot.number))
    }

    /// Siblings, the journal and the verdicts of what is void.
    ///
    /// A dot that a forked copy shares with a genuine one has the genuine one's verdict.
    private static func add(
        _ field: FieldState,
        of view: RecordView,
        unforked: Set<ModelWriteID>,
        to outcome: inout ModelOutcome
    ) {
        let name = field.name
        let merge = view.definition.field(name)?.merge
        if hasSiblings(name, merge) {
            outcome.siblings[name] = Set(field.standing.map { dot($0.dot) })
            if merge != .review, name != SystemField.delete, let shown = view.shown(field) {
                for write in field.standing where write.dot != shown.dot {
                    let id = ModelWriteID(field: name, dot: dot(write.dot))
                    let isEqual = write.single == shown.single
                    outcome.journal[id, default: []]
                        .insert(isEqual ? .siblingOfEqualValue : .sibling)
                }
            }
        }
        for lost in field.lost {
            outcome.journal[ModelWriteID(field: name, dot: dot(lost)), default: []].insert(.lost)
        }
        for void in field.voids {
            guard let verdict = ModelVerdict(rawValue: void.verdict.rawValue) else { continue }
            let id = ModelWriteID(field: name, dot: dot(void.dot))
            outcome.journal[id, default: []].insert(.void(verdict))
            if verdict != .forked || !unforked.contains(id) { outcome.verdicts[id] = verdict }
        }
    }

    private static func hasSiblings(_ name: Text, _ merge: Merge?) -> Bool {
        switch merge {
        case .union, .sum: false
        case nil: name != SystemField.parties && name != SystemField.turn
        default: true
        }
    }

    private static func shown(_ view: RecordView, _ field: FieldDefinition) -> ModelShown {
        switch (field.merge, view.value(of: field)) {
        case (.union, .set(let elements)): return .elements(Set(elements))
        case (.union, _): return .elements([])
        case (.sum, .integer(let total)): return .total(total)
        case (.sum, _): return .total(0)
        case (.review, _):
            let values = view.values(of: field)
            if values.count > 1 { return .review(Set(values)) }
            return .single(values.first ?? .cleared)
        case (_, let value): return .single(value ?? .cleared)
        }
    }

    private static func conflict(_ conflict: Conflict) -> ModelConflict? {
        let kind: ModelConflict.Kind
        switch conflict.kind {
        case .concurrent: kind = .concurrent
        case .review: kind = .review
        case .overrun: kind = .overrun
        case .duplicate: kind = .duplicate
        case .twoCreations: kind = .twoCreations
        default:
            guard let verdict = ModelVerdict(rawValue: conflict.kind.rawValue) else { return nil }
            kind = .void(verdict)
        }
        // Beside what is void stands what is shown instead.
        let values = conflict.values.filter { value in
            if case .void = kind { value.verdict != nil } else { true }
        }
        return ModelConflict(
            kind: kind,
            field: conflict.field,
            dots: Set(values.compactMap { $0.dot.map(dot) })
        )
    }
}
