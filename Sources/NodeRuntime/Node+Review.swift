package import AllianceModel
package import NodeStore
package import ReplicationCore
import SecureTransport

/// Conflicts and the journal, histories, explanations, and what decides a conflict.
extension Node: NodeReviewing {
    package func conflicts(
        _ query: ConflictQuery
    ) async throws(StoreError) -> ConflictPage {
        try await reads.read { [reads] reader, folding throws(StoreError) in
            let listing = reads.listing(reader, folding)
            guard let identifier = query.record else {
                let page = try listing.page(
                    kind: query.kind,
                    includesClosed: query.includesClosed,
                    cursor: query.cursor,
                    limit: query.limit
                )
                let rows = try (page?.found ?? []).map { found throws(StoreError) in
                    try reads.row(found, reader, folding)
                }
                return ConflictPage(rows: rows, next: page?.next)
            }
            var found: [ConflictListing.Found] = []
            for row in try reader.rows(of: identifier) {
                found += try listing.conflicts(
                    of: reader.record(row),
                    includesClosed: query.includesClosed
                )
                .filter { query.kind == nil || $0.conflict.kind == query.kind }
            }
            // Of one record there are never many; a page begins behind the id that one before ended in.
            let last = query.cursor.flatMap { Text(validating: $0[...]) }
            let rest = Self.distinct(found).filter { found in
                last.map { $0 < found.conflict.id } ?? true
            }
            let rows = try rest.prefix(query.limit).map { found throws(StoreError) in
                try reads.row(found, reader, folding)
            }
            let next = rest.count > query.limit ? rows.last?.conflict.id.utf8 : nil
            return ConflictPage(rows: rows, next: next)
        }
    }

    /// A conflict between two records is found from either.
    private static func distinct(
        _ found: [ConflictListing.Found]
    ) -> [ConflictListing.Found] {
        var ids: Set<Text> = []
        return found.sorted { $0.conflict.id < $1.conflict.id }
            .filter { ids.insert($0.conflict.id).inserted }
    }

    package func conflict(_ id: Text) async throws(StoreError) -> ConflictRow? {
        try await reads.read { [reads] reader, folding throws(StoreError) in
            let listing = reads.listing(reader, folding)
            var cursor: Bytes?
            repeat {
                let page = try listing.page(
                    kind: nil,
                    includesClosed: true,
                    cursor: cursor,
                    limit: 1_000
                )
                if let found = page?.found.first(where: { $0.conflict.id == id }) {
                    return try reads.row(found, reader, folding)
                }
                cursor = page?.next
            } while cursor != nil
            return nil
        }
    }

    package func history(
        _ identifier: RecordIdentifier
    ) async throws(StoreError) -> RecordHistory? {
        try await reads.read { [reads] reader, folding throws(StoreError) in
            guard let stored = try reader.record(identifier) else { return nil }
            let snapshot = try reads.snapshot(of: stored, reader, folding)
            let judged = try reads.listing(reader, folding)
                .judged(stored, snapshot.state.header)
            return RecordHistory(snapshot: snapshot, lines: judged.lines(viewer: reads.member))
        }
    }

    package func explain(
        _ identifier: RecordIdentifier
    ) async throws(StoreError) -> RecordExplanation? {
        let agreement = catalog.agreement
        return try await reads.read { [reads] reader, folding throws(StoreError) in
            guard let stored = try reader.record(identifier) else { return nil }
            let snapshot = try reads.snapshot(of: stored, reader, folding)
            let conflicts = try reads.listing(reader, folding)
                .conflicts(of: stored, includesClosed: true)
            let view = RecordView(
                snapshot.state,
                snapshot.definition,
                viewer: reads.member
            )
            return RecordExplanation(
                snapshot: snapshot,
                explanation: view.explanation(conflicts.map(\.conflict)),
                held: try reader.held(on: stored.key).map { HeldRow($0, agreement) }
            )
        }
    }

    // MARK: Decisions

    package func resolve(
        _ conflict: Text,
        of record: RecordKey,
        _ resolution: Resolution,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal> {
        try await perform { ledger, wall throws(StoreError) in
            if let earlier = try ledger.earlierAnswer(caller, uuid: nil) { return earlier }
            guard let stored = try ledger.store.record(record),
                let found = try ledger.conflict(conflict, of: stored)
            else {
                return .failure(
                    Refusal(.conflictUnknown, "no conflict of that id is here, or it has changed")
                )
            }
            let view = try ledger.view(of: stored)
            let decision: (key: RecordKey, request: ChangeRequest)
            do throws(Refusal) {
                decision = try Self.decision(resolution, of: found, view)
            } catch {
                return .failure(error)
            }
            guard let changed = try ledger.store.record(decision.key) else {
                return .failure(Refusal(.recordUnknown, "no record of that id is here"))
            }
            return try ledger.change(
                changed,
                decision.request,
                token: nil,
                caller,
                wallMilliseconds: wall
            )
        }
    }

    package func delete(
        _ identifier: RecordIdentifier,
        token: String?,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal> {
        try await change(
            identifier,
            ChangeRequest(fields: [], isDeletion: true),
            token: token,
            caller
        )
    }
}

extension Node {
    /// The record that is changed, and how.
    fileprivate static func decision(
        _ resolution: Resolution,
        of found: ConflictListing.Found,
        _ view: RecordView
    ) throws(Refusal) -> (key: RecordKey, request: ChangeRequest) {
        let deletion = ChangeRequest(fields: [], isDeletion: true)
        guard found.conflict.field == nil else {
            switch resolution {
            case .choose(let index):
                return (
                    found.conflict.record, try view.request(choosing: index, of: found.conflict)
                )
            case .write(let change):
                return (
                    found.conflict.record, try view.request(writing: change, for: found.conflict)
                )
            case .close:
                throw Refusal(
                    .fieldInvalid,
                    field: "close",
                    "this conflict is within one record: choose a value or write one"
                )
            }
        }
        switch resolution {
        case .close(let identifier):
            let keys = found.records.filter { $0.identifier == identifier }
            guard let key = keys.last else {
                throw Refusal(
                    .fieldInvalid,
                    field: "close",
                    "this record is none of the conflict's"
                )
            }
            return (key, deletion)
        case .choose(let index):
            guard found.records.indices.contains(index), found.records.count == 2 else {
                throw Refusal(
                    .fieldInvalid,
                    field: "choose",
                    "of more than two records close one after another"
                )
            }
            return (found.records[1 - index], deletion)
        case .write:
            throw Refusal(
                .fieldInvalid,
                field: "value",
                "records are closed, not written: choose the one that stays"
            )
        }
    }
}

extension NodeReads {
    func row(
        _ found: ConflictListing.Found,
        _ reader: SQLiteReader,
        _ folding: RecordFolding
    ) throws(StoreError) -> ConflictRow {
        ConflictRow(
            conflict: found.conflict,
            snapshot: try snapshot(of: found.stored, reader, folding)
        )
    }
}
