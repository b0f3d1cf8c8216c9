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
        audience: Audience,
        writer: Writer
    ) -> Judgement {
        guard let header = record?.header ?? changeset.header else {
            return .held(.recordUnknown, detail: "the record's creation")
        }
        guard record != nil || changeset.key.identifier.uuid.isVersion7 else {
            return .held(.malformed, detail: "a record whose id is no UUIDv7")
        }
        var state =
            record
            ?? RecordState(
                key: changeset.key,
                header: header,
                created: changeset.timestamp,
                updated: changeset.timestamp,
                fields: [],
                turns: []
            )
        var fresh: [(write: Write, register: Register)] = []
        fresh.reserveCapacity(changeset.writes.count)
        for write in changeset.writes {
            guard let register = Register(write.field, definition),
                let scope = definition.scope(of: write.field)
            else { return .held(.malformed, detail: "a field that the definition does not have") }
            if case .unsupported = register {
                return .held(
                    .featureUnknown,
                    detail: "a field of a kind that this version does not build"
                )
            }
            guard audience.carries(scope) else {
                return .held(
                    .audienceRefused,
                    detail: "a field of scope \(scope.name) in a feed for others"
                )
            }
            let field = state.field(write.field)
            if field?.applied.contains(write.dot) == true { continue }
            if let reason = missing(write, field, state) { return reason }
            guard register.accepts(write.value) else {
                return .held(.malformed, detail: "a value that is not of its field's type")
            }
            fresh.append((write, register))
        }
        guard !fresh.isEmpty else { return .duplicate }
        var journal: [JournalEntry] = []
        for (write, register) in fresh {
            state.apply(write, register, at: changeset.timestamp, &journal)
        }
        if writer.member == state.key.origin {
            state.created = min(state.created, changeset.timestamp)
        }
        state.updated = max(state.updated, changeset.timestamp)
        return .applied(state, journal: journal)
    }

    /// What a write waits for; nil if all that it names is applied.
    private static func missing(
        _ write: Write,
        _ field: FieldState?,
        _ state: RecordState
    )
        -> Judgement?
    {
        let applied = field?.applied ?? CausalContext()
        let own = applied.number(of: write.dot.writer)
        guard write.dot.number == own + 1 else {
            return .held(
                .predecessorMissing,
                detail: "write \(own + 1) of \(write.dot.writer.member) to a field"
            )
        }
        for entry in write.context.entries where applied.number(of: entry.writer) < entry.number {
            return .held(
                .predecessorMissing,
                detail: "write \(entry.number) of \(entry.writer.member) to a field"
            )
        }
        if let ground = write.ground, !state.turns.contains(where: { $0.dot == ground }) {
            return .held(.groundMissing, detail: "a turn of \(ground.writer.member)")
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
