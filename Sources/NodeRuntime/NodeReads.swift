import AllianceModel
import NIOPosix
import NodeStore
import ReplicationCore
import Synchronization

/// Reads of the last commit, on connections of their own.
struct NodeReads: Sendable {
    let pool: ReaderPool
    /// As many threads as there are connections: a read blocks one.
    let threads: NIOThreadPool
    let catalog: @Sendable () -> Catalog
    /// The node's, to whom records are shown.
    let member: MemberCode
    /// What a copy of the store is verified by.
    let ledger: LedgerSettings

    /// What a reader needs to turn stored records into states.
    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (SQLiteReader, RecordFolding) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        let catalog = catalog()
        let result = await blocking {
            Result { () throws(StoreError) in
                try pool.read { reader throws(StoreError) in
                    let folding = RecordFolding(
                        reader: reader,
                        agreement: catalog.agreement,
                        facts: catalog.facts
                    )
                    return try body(reader, folding)
                }
            }
        }
        return try result.get()
    }

    /// Runs what blocks on one of the readers' threads.
    func blocking<Answer: Sendable>(
        _ body: @escaping @Sendable () -> Result<Answer, StoreError>
    ) async -> Result<Answer, StoreError> {
        await withCheckedContinuation { continuation in
            threads.submit { state in
                guard case .active = state else {
                    continuation.resume(returning: .failure(.stopped))
                    return
                }
                continuation.resume(returning: body())
            }
        }
    }

    /// Finishes what is being read, and lets the threads go.
    func stop() async {
        do {
            try await threads.shutdownGracefully()
        } catch {
            // Only a pool that was shut down before refuses; nothing is left to do then.
            assertionFailure("the readers' threads do not end: \(error)")
        }
    }

    func record(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordSnapshot? {
        try await read { reader, folding throws(StoreError) in
            guard let stored = try reader.record(identifier) else { return nil }
            return try snapshot(of: stored, reader, folding)
        }
    }

    func records(_ query: RecordQuery) async throws(StoreError) -> SnapshotPage {
        try await read { reader, folding throws(StoreError) in
            let page = try reader.list(query)
            let records = try page.records.map { stored throws(StoreError) in
                try snapshot(of: stored, reader, folding)
            }
            return SnapshotPage(records: records, next: page.next)
        }
    }

    func changes(after position: LogPosition, limit: Int) async throws(StoreError) -> ChangePage {
        try await read { reader, folding throws(StoreError) in
            // What is no change (a vote, a held entry) moves the log too: look on behind it next.
            let last = try reader.lastPosition()
            let applied = try reader.applied(after: position, limit: limit)
            var changes: [ChangePage.Change] = []
            for change in applied {
                let writes: [Write]
                let stored: StoredRecord?
                switch change.content {
                case .entry(let entry):
                    let changeset = try folding.evidence(of: entry).changeset
                    writes = changeset.writes
                    stored = try reader.record(changeset.key)
                case .judgedAgain(let row):
                    writes = []
                    stored = try reader.record(row)
                }
                guard let stored else { continue }
                let (state, definition) = try folding.state(of: stored)
                let view = RecordView(state, definition, viewer: member)
                changes.append(
                    ChangePage.Change(
                        cursor: change.applied,
                        record: stored.key.identifier,
                        item: state.header.item,
                        fields: writes.map(\.field).filter(view.shows).sorted()
                    )
                )
            }
            let next = applied.last?.applied ?? position
            return ChangePage(
                changes: changes,
                next: applied.count < limit ? max(next, last) : next
            )
        }
    }

    func listing(_ reader: SQLiteReader, _ folding: RecordFolding) -> ConflictListing {
        ConflictListing(reader, folding, viewer: member)
    }

    func snapshot(
        of stored: StoredRecord,
        _ reader: SQLiteReader,
        _ folding: RecordFolding
    ) throws(StoreError) -> RecordSnapshot {
        let (state, definition) = try folding.state(of: stored)
        let span = try reader.incarnations().last { span in
            span.first <= stored.position && stored.position <= span.last ?? .max
        }
        guard let span else {
            throw .damaged(
                path: "citysync.sqlite",
                reason: "log position \(stored.position) is of no incarnation"
            )
        }
        let token = CausalityToken(incarnation: span.incarnation, position: stored.position)
        return RecordSnapshot(
            state: state,
            definition: definition,
            token: token.text,
            conflicts: try listing(reader, folding).ids(of: stored.row, state, definition)
        )
    }
}
