package import AllianceModel

extension RecordView {
    /// Whether what is shown is the same as of another state of this record: its values, who has it, its
    /// parties, and what is in conflict.
    package func looks(like other: RecordView, _ hash: HashFunction) -> Bool {
        guard stage == other.stage, holder == other.holder, turn == other.turn,
            addedParties == other.addedParties, handler == other.handler,
            isDeleted == other.isDeleted, state.created == other.state.created,
            state.updated == other.state.updated
        else { return false }
        let isSame = definition.fields.allSatisfy { field in
            shows(field.scope) == other.shows(field.scope)
                && values(of: field) == other.values(of: field)
        }
        return isSame && conflicts(hash).map(\.id) == other.conflicts(hash).map(\.id)
    }
}
