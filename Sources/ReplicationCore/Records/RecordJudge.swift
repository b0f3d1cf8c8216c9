package import AllianceModel

/// Joins changesets into records.
///
/// Pure: a record is a function of the set of writes applied to it.
package enum RecordJudge {
    /// Judges a changeset of an agreed definition against the record as it stands; `record` is nil
    /// where it is not known yet, and then the changeset must bring the header.
    ///
    /// All of a changeset's writes are applied together or not at all. Replays change nothing.
    package static func judge(
        _ record: RecordState?,
        _ definition: ItemDefinition,
        _ changeset: Changeset,
        from provenance: Provenance,
        facts: RecordFacts = .none
    ) -> Judgement {
        guard let header = record?.header ?? changeset.header else {
            return .held(.recordUnknown, detail: "the record's creation")
        }
        guard record != nil || changeset.key.identifier.uuid.isVersion7 else {
            return .held(.malformed, detail: "a record whose id is no UUIDv7")
        }
        var rules = FieldRules(definition)
        var registers: [Register?] = []
        registers.reserveCapacity(changeset.writes.count)
        for write in changeset.writes {
            switch look(at: write, record, provenance.audience, &rules) {
            case .fresh(let register): registers.append(register)
            case .known: registers.append(nil)
            case .held(let reason, let detail): return .held(reason, detail: detail)
            }
        }
        guard registers.contains(where: { $0 != nil }) else { return .duplicate }
        var state =
            record ?? RecordState(beginning: changeset.key, header, at: changeset.timestamp)
        state.fields.reserveCapacity(changeset.writes.count)
        var journal: [JournalEntry] = []
        for (write, register) in zip(changeset.writes, registers) {
            guard let register else { continue }
            state.apply(write, register, at: changeset.timestamp, &journal)
        }
        if provenance.writer.member == state.key.origin {
            state.created = min(state.created, changeset.timestamp)
        }
        state.updated = max(state.updated, changeset.timestamp)
        return .applied(state, journal: journal)
    }

    /// What one write of a changeset is to the record.
    private enum Finding {
        case fresh(Register)
        /// Applied before.
        case known
        case held(HeldReason, String)
    }

    private static func look(
        at write: Write,
        _ record: RecordState?,
        _ audience: Audience,
        _ rules: inout FieldRules
    ) -> Finding {
        guard let rule = rules.rule(of: write.field) else {
            return .held(.malformed, "a field that the definition does not have")
        }
        if rule.register == .unsupported {
            return .held(.featureUnknown, "a field of a kind that this version does not build")
        }
        guard audience.carries(rule.scope) else {
            return .held(
                .audienceRefused,
                "a field of scope \(rule.scope.name) in a feed for others"
            )
        }
        let field = record?.field(write.field)
        if field?.applied.contains(write.dot) == true { return .known }
        if let waiting = missing(write, field, record) { return waiting }
        guard rules.accepts(write.value, rule) else {
            return .held(.malformed, "a value that is not of its field's type")
        }
        return .fresh(rule.register)
    }

    /// What a write waits for; nil if all that it names is applied.
    private static func missing(
        _ write: Write,
        _ field: FieldState?,
        _ record: RecordState?
    ) -> Finding? {
        let applied = field?.applied ?? CausalContext()
        let own = applied.number(of: write.dot.writer)
        guard write.dot.number == own + 1 else {
            return .held(
                .predecessorMissing,
                "write \(own + 1) of \(write.dot.writer.member) to a field"
            )
        }
        for entry in write.context.entries where applied.number(of: entry.writer) < entry.number {
            return .held(
                .predecessorMissing,
                "write \(entry.number) of \(entry.writer.member) to a field"
            )
        }
        if let ground = write.ground,
            record?.turns.contains(where: { $0.dot == ground }) != true
        {
            return .held(.groundMissing, "a turn of \(ground.writer.member)")
        }
        return nil
    }
}

extension Audience {
    /// Whether a feed for this audience may carry a field of that scope.
    func carries(_ scope: Scope) -> Bool {
        switch (self, scope) {
        case (.private, .private), (.members, .parties), (.alliance, .alliance): true
        default: false
        }
    }
}
