package import AllianceModel
package import ReplicationCore

/// What is in conflict is noted beside its record, in the commit that brought it about.
extension Ledger {
    func noteDispute(
        _ row: RecordRow,
        _ state: RecordState,
        _ definition: ItemDefinition,
        isNew: Bool
    ) throws(StoreError) {
        guard state.isDisputed(definition) else {
            if !isNew { try store.setDispute(row, nil) }
            return
        }
        let view = RecordView(state, definition, viewer: settings.member)
        let waiting = view.conflicts(settings.hash).filter(\.waitsForDecision)
        let oldest = waiting.min { ($0.since, $0.id) < ($1.since, $1.id) }
        try store.setDispute(
            row,
            Dispute(
                waiting: waiting.count,
                since: oldest?.since,
                field: oldest?.field,
                conflict: oldest?.id,
                owner: oldest?.owner,
                voids: state.fields.reduce(0) { $0 + (view.shows($1.name) ? $1.voids.count : 0) }
            )
        )
    }

    /// Two headers under one id are two records: noted where the second comes in.
    func noteTwins(_ row: RecordRow, of key: RecordKey) throws(StoreError) {
        let twins = try store.rows(of: key.identifier)
        guard twins.count > 1 else { return }
        let digest = Bytes(key.identifier.description.utf8).withUnsafeBytes { settings.hash($0) }
        for twin in twins {
            let state = try folding.state(of: store.record(twin)).state
            try store.insertTwin(twin, of: digest, isDeleted: state.isDeleted)
        }
    }

    /// A conflict of a record by its id, open or not; nil if there is none of that id.
    package func conflict(
        _ id: Text,
        of stored: StoredRecord
    ) throws(StoreError) -> ConflictListing.Found? {
        try ConflictListing(store, folding, viewer: settings.member).conflicts(
            of: stored,
            includesClosed: true
        )
        .first { $0.conflict.id == id }
    }

    /// A record as it is shown now.
    package func view(of stored: StoredRecord) throws(StoreError) -> RecordView {
        let (state, definition) = try folding.state(of: stored)
        return RecordView(state, definition, viewer: settings.member)
    }

    /// A record as it is answered with: the state that a change left, and the conflicts that it is in.
    func snapshot(
        _ row: RecordRow,
        _ state: RecordState,
        _ definition: ItemDefinition,
        token: String
    ) throws(StoreError) -> RecordSnapshot {
        RecordSnapshot(
            state: state,
            definition: definition,
            token: token,
            conflicts: try ConflictListing(store, folding, viewer: settings.member).ids(
                of: row,
                state,
                definition
            )
        )
    }
}
