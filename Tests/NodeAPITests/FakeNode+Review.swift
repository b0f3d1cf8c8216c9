import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore

extension FakeNode {
    /// What there is to review: as the tests put it there.
    struct Review {
        var conflicts: [ConflictRow] = []
        var history: [HistoryLine] = []
        var explanation = Explanation(lines: [])
        var held: [HeldRow] = []
        /// The positions whose retry releases them.
        var releases: Set<LogPosition> = []
        /// What was asked for.
        var queries: [ConflictQuery] = []
        var resolutions: [Resolution] = []
        var backups: [String] = []
        var reissues: [Reissue] = []
        var reissueQueries: [ReissueQuery] = []
    }

    func conflicts(_ query: ConflictQuery) async throws(StoreError) -> ConflictPage {
        try failing()
        return change { state in
            state.review.queries.append(query)
            let matching = state.review.conflicts.filter { row in
                (query.record ?? row.conflict.record.identifier) == row.conflict.record.identifier
                    && (query.kind ?? row.conflict.kind) == row.conflict.kind
                    && (query.includesClosed || row.conflict.isOpen)
            }
            let rest = matching.drop { row in
                query.cursor.map { !$0.lexicographicallyPrecedes(row.conflict.id.utf8) } ?? false
            }
            let rows = Array(rest.prefix(query.limit))
            let isLast = rows.count == rest.count
            return ConflictPage(rows: rows, next: isLast ? nil : rows.last?.conflict.id.utf8)
        }
    }

    func conflict(_ id: Text) async throws(StoreError) -> ConflictRow? {
        try failing()
        return change { state in state.review.conflicts.first { $0.conflict.id == id } }
    }

    func history(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordHistory? {
        try failing()
        return change { state in
            state.records[identifier].map {
                RecordHistory(snapshot: $0, lines: state.review.history)
            }
        }
    }

    func explain(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordExplanation? {
        try failing()
        return change { state in
            state.records[identifier].map {
                RecordExplanation(
                    snapshot: $0,
                    explanation: state.review.explanation,
                    held: state.review.held
                )
            }
        }
    }

    func held(after position: LogPosition, limit: Int) async throws(StoreError) -> HeldPage {
        try failing()
        return change { state in
            let rest = state.review.held.filter { $0.position > position }
            let rows = Array(rest.prefix(limit))
            return HeldPage(rows: rows, next: rows.count < rest.count ? rows.last?.position : nil)
        }
    }

    func earlierAnswer(
        _ caller: Caller,
        uuid: UUIDBytes?
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal>? {
        try failing()
        return change { state in
            do throws(Refusal) {
                return try earlier(caller, uuid.map { "id \($0)" }, state).map { .success($0) }
            } catch {
                return .failure(error)
            }
        }
    }

    func resolve(
        _ conflict: Text,
        of record: RecordKey,
        _ resolution: Resolution,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal> {
        try failing()
        return change { state in
            Result { () throws(Refusal) in
                if let refusal = state.refusal { throw refusal }
                if let answer = try earlier(caller, nil, state) { return answer }
                state.review.resolutions.append(resolution)
                state.review.conflicts.removeAll { $0.conflict.id == conflict }
                return try answered(record.identifier, caller, &state)
            }
        }
    }

    func delete(
        _ identifier: RecordIdentifier,
        token: String?,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal> {
        try failing()
        return change { state in
            Result { () throws(Refusal) in
                let request = ChangeRequest(fields: [], isDeletion: true)
                return try changed(identifier, request, token: token, caller, &state)
            }
        }
    }

    private func answered(
        _ identifier: RecordIdentifier,
        _ caller: Caller,
        _ state: inout State
    ) throws(Refusal) -> WriteAnswer {
        guard let snapshot = state.records[identifier] else {
            throw Refusal(.recordUnknown, "no such record")
        }
        if let key = caller.idempotencyKey {
            state.requests[key] = (caller.request, caller.status, identifier)
        }
        note(caller, "\(identifier)", &state)
        return WriteAnswer(status: caller.status, snapshot: snapshot)
    }

    /// One write a page, where a limit says so; the cursor is the number of those before.
    func reissue(
        _ query: ReissueQuery,
        _ caller: Caller
    ) async throws(StoreError) -> Result<ReissuePage, Refusal> {
        try failing()
        return change { state in
            if let refusal = state.refusal { return .failure(refusal) }
            state.review.reissueQueries.append(query)
            if !query.isTrial { note(caller, "reissue", &state) }
            let rest = state.review.reissues.dropFirst(Int(query.cursor ?? 0))
            let rows = Array(rest.prefix(query.limit))
            let end = (query.cursor ?? 0) + Int64(rows.count)
            let next = rows.count < rest.count ? end : nil
            return .success(ReissuePage(reissues: rows, lookedAt: rows.count, next: next))
        }
    }

    func retryHeld(
        _ position: LogPosition,
        _ caller: Caller
    ) async throws(StoreError) -> Result<HeldRetry, Refusal> {
        try failing()
        return change { state in
            guard let row = state.review.held.first(where: { $0.position == position }) else {
                return .failure(Refusal(.heldUnknown, "nothing is held there"))
            }
            note(caller, "\(position)", &state)
            guard state.review.releases.contains(position) else { return .success(.held(row)) }
            state.review.held.removeAll { $0.position == position }
            return .success(.released)
        }
    }

    func backup(
        to path: String,
        _ caller: Caller
    ) async throws(StoreError) -> Result<BackupReport, Refusal> {
        try failing()
        return change { state in
            guard !state.review.backups.contains(path) else {
                return .failure(Refusal(.fieldInvalid, field: "file", "the file is there already"))
            }
            state.review.backups.append(path)
            note(caller, path, &state)
            return .success(
                BackupReport(path: path, bytes: 4_096, position: state.position, milliseconds: 12)
            )
        }
    }
}
