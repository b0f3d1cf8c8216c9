package import AllianceModel

/// Joins changesets into records.
///
/// Pure: a record is a function of the set of writes applied to it. There are two ways to it that
/// always agree: this one joins one changeset, as long as nothing that was judged before can change by
/// it; `judge(history:key:header:definition:facts:)` judges all of them together.
package enum RecordJudge {
    /// Judges a changeset of an agreed definition against the record as it stands; `record` is nil
    /// where it is not known yet, and then the changeset must bring the header.
    ///
    /// All of a changeset's writes are applied together or not at all. What is held is found before
    /// it is known whether the history is needed.
    package static func judge(
        _ record: RecordState?,
        _ definition: ItemDefinition,
        _ changeset: Changeset,
        from provenance: Provenance,
        facts: RecordFacts = .none
    ) -> Judgement {
        guard let header = record?.header ?? changeset.header else {
            return .held(.recordUnknown, detail: "the record's creation", waitsFor: nil)
        }
        guard record != nil || changeset.key.identifier.uuid.isVersion7 else {
            return .held(.malformed, detail: "a record whose id is no UUIDv7", waitsFor: nil)
        }
        var joining = Joining(record, header, definition, changeset, provenance, facts)
        var steps: [Joining.Step] = []
        steps.reserveCapacity(changeset.writes.count)
        // By index: a loop over the writes themselves would copy each.
        for index in changeset.writes.indices {
            guard let step = joining.step(changeset.writes[index]) else { return joining.held }
            steps.append(step)
        }
        if joining.needsHistory { return .needsHistory }
        var state = record ?? RecordState(beginning: changeset.key, header)
        state.fields.reserveCapacity(changeset.writes.count)
        for index in changeset.writes.indices {
            switch steps[index] {
            case .join(let register):
                state.join(changeset.writes[index], register, at: changeset.timestamp)
            case .void(let verdict):
                state.note(changeset.writes[index], verdict, at: changeset.timestamp)
            }
        }
        if provenance.writer.member == state.key.origin {
            state.noteCreation(changeset, isFirst: record == nil)
        }
        state.updated = max(
            state.updated,
            facts.effective(changeset.timestamp, of: provenance.writer)
        )
        return .applied(state)
    }
}
