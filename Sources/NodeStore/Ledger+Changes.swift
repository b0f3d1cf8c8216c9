import AllianceModel
package import ReplicationCore

/// Local changes: judged first, refused with nothing stored, else appended and applied.
extension Ledger {
    /// Makes a record.
    ///
    /// Judges everything before it stores anything.
    package mutating func create(
        _ creation: Creation,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        if let earlier = try earlierAnswer(caller, uuid: creation.uuid) { return earlier }
        if let again = try regainedAnswer(toCreation: caller, wallMilliseconds) { return again }
        if let uuid = creation.uuid {
            let identifier = RecordIdentifier(origin: settings.member, uuid: uuid)
            if let stored = try store.record(identifier) {
                return try answer(to: creation, of: stored, caller, wallMilliseconds)
            }
        }
        if let uuid = creation.uuid, !uuid.isVersion7 {
            return .failure(Refusal(.fieldInvalid, field: "id", "the id is to be a UUIDv7"))
        }
        guard let definition = agreement.definition(creation.definition),
            agreement.isOffered(creation.definition, at: wallMilliseconds)
        else {
            return .failure(
                Refusal(
                    .itemNotEffective,
                    "this definition of the item is not the one in effect; read the item again"
                )
            )
        }
        let home = creation.home ?? settings.member
        for member in [home] + creation.parties where !settings.roster.contains(member) {
            return .failure(
                Refusal(
                    .memberUnknown,
                    field: member == home ? "home" : "parties",
                    "\(member) is not a member of this alliance"
                )
            )
        }
        var clock = clock
        guard let timestamp = clock.tick(wallMilliseconds: wallMilliseconds) else {
            return .failure(.clockBeyondBound)
        }
        let header = RecordHeader(
            item: definition.item,
            definition: creation.definition,
            home: home
        )
        let uuid =
            creation.uuid
            ?? UUIDBytes(
                version7At: UInt64(timestamp.milliseconds),
                random: settings.random(10)
            )
        let key = RecordKey(
            identifier: RecordIdentifier(origin: settings.member, uuid: uuid),
            header: header,
            hash: settings.hash
        )
        var request = creation.request
        request.requestID = requestID(caller)
        let draft = RecordJudge.draft(
            creation: request,
            parties: creation.parties,
            header: header,
            definition: definition,
            me: Writer(member: settings.member, incarnation: settings.incarnation)
        )
        switch draft {
        case .failure(let refusal): return .failure(refusal)
        case .success(let draft):
            self.clock = clock
            let change = OwnChange(
                key: key,
                header: header,
                draft: draft,
                definition: definition,
                timestamp: timestamp
            )
            return try store(change, on: nil, caller, uuid: creation.uuid, wallMilliseconds)
        }
    }

    /// Changes a record: fields, stage, holder.
    ///
    /// `token` is the ETag as the client gave it.
    package mutating func change(
        _ identifier: RecordIdentifier,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        guard let stored = try store.record(identifier) else {
            return .failure(Refusal(.recordUnknown, "no record of that id is here"))
        }
        return try change(stored, request, token: token, caller, wallMilliseconds: wallMilliseconds)
    }

    /// The same of a record that was found: of two with one id either can be meant.
    package mutating func change(
        _ stored: StoredRecord,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        if let earlier = try earlierAnswer(caller, uuid: nil) { return earlier }
        let again = try regainedAnswer(toChange: caller, of: stored, wallMilliseconds)
        if let again { return again }
        let stored = try current(stored.key) ?? stored
        let (state, definition) = try folding.state(of: stored)
        var seen = state
        if let token {
            guard let position = try position(token: token, of: stored) else {
                return .failure(
                    Refusal(
                        .tokenUnknown,
                        "this ETag is not one that this node gave for this record; read it again"
                    )
                )
            }
            if position < stored.position {
                let entries = try store.history(stored.row, upTo: position)
                seen = try folding.fold(entries.map(\.entry), under: state.header).state
            }
        }
        if request.isDeletion, RecordView(seen, definition).isDeleted {
            // Deleted already, as the writer saw it: there is nothing to write.
            let subject = stored.key.identifier.description
            try remember(caller, uuid: nil, subject: subject, wallMilliseconds)
            let snapshot = try snapshot(
                stored.row,
                state,
                definition,
                token: self.token(of: stored)
            )
            return .success(WriteAnswer(status: caller.status, snapshot: snapshot))
        }
        var clock = clock
        guard let timestamp = clock.tick(wallMilliseconds: wallMilliseconds) else {
            return .failure(.clockBeyondBound)
        }
        var request = request
        request.requestID = requestID(caller)
        let draft = RecordJudge.draft(
            change: request,
            on: state,
            seen: seen,
            definition: definition,
            me: Writer(member: settings.member, incarnation: settings.incarnation)
        )
        switch draft {
        case .failure(let refusal): return .failure(refusal)
        case .success(let draft):
            self.clock = clock
            let change = OwnChange(
                key: stored.key,
                header: state.header,
                draft: draft,
                definition: definition,
                timestamp: timestamp
            )
            return try store(
                change,
                on: (stored.row, state),
                caller,
                uuid: nil,
                wallMilliseconds
            )
        }
    }
}

/// A local change that was judged and may be stored.
struct OwnChange {
    var key: RecordKey
    var header: RecordHeader
    var draft: ChangeDraft
    var definition: ItemDefinition
    var timestamp: HybridTimestamp
}

extension Ledger {
    /// Appends the parts of a change, applies them and remembers the request; all of it has been
    /// judged, so that what fails here is a fault of this program or of the disk.
    private mutating func store(
        _ change: OwnChange,
        on record: (row: RecordRow, state: RecordState)?,
        _ caller: Caller,
        uuid: UUIDBytes?,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        var row = record?.row
        var state = record?.state
        var position: LogPosition = 0
        var evidence: [Evidence] = []
        for (index, part) in change.draft.parts.enumerated() {
            let feed = try ownFeed(for: part.audience, change.draft.deliveryClass)
            let isFirst = try isFirst(of: change.key, row: record?.row, in: feed)
            let appended = try appendOwn(
                part,
                of: change.draft.deliveryClass,
                key: change.key,
                header: isFirst ? change.header : nil,
                at: change.timestamp
            )
            position = appended.position
            let next = try join(appended.evidence, on: row, state, change)
            state = next
            evidence.append(appended.evidence)
            if let row {
                try store.insertApplied(row, stored: position, applied: position)
            } else {
                row = try store.insertRecord(next, madeAt: position)
            }
            let isLast = index == change.draft.parts.count - 1
            if isLast, let row, record != nil || index > 0 {
                try store.updateRecord(row, next, appliedAt: position)
            }
        }
        guard let state, let row else {
            return .failure(Refusal(.malformed, "the change holds nothing to write"))
        }
        try noteDispute(row, state, change.definition, isNew: record == nil)
        for evidence in evidence {
            try carryToParties(evidence, state, change.definition, row, wallMilliseconds)
        }
        let identifier = change.key.identifier.description
        try remember(caller, uuid: uuid, subject: identifier, wallMilliseconds)
        let token = CausalityToken(incarnation: settings.incarnation, position: position)
        // What waited for this may move the record on; the answer shows it as this change left it.
        try release(on: change.key, wallMilliseconds)
        return .success(
            WriteAnswer(
                status: caller.status,
                snapshot: try snapshot(row, state, change.definition, token: token.text)
            )
        )
    }

    /// The record with this member's own changeset, which is in the log but not yet linked to it.
    private func join(
        _ evidence: Evidence,
        on row: RecordRow?,
        _ state: RecordState?,
        _ change: OwnChange
    ) throws(StoreError) -> RecordState {
        let judgement = RecordJudge.judge(
            state,
            change.definition,
            evidence.changeset,
            from: evidence.provenance,
            facts: facts
        )
        switch judgement {
        case .applied(let next): return next
        case .needsHistory:
            let folding = folding
            let earlier = try row.map { row throws(StoreError) in
                try store.history(row, upTo: .max).map { applied throws(StoreError) in
                    try folding.evidence(of: applied.entry)
                }
            }
            return RecordJudge.judge(
                history: (earlier ?? []) + [evidence],
                key: change.key,
                header: change.header,
                definition: change.definition,
                facts: facts
            )
        case .duplicate, .held:
            throw .damaged(
                path: "citysync.sqlite",
                reason: "a change drafted here does not apply: \(judgement.explanation)"
            )
        }
    }

    /// True if this member began the record and its feed holds nothing of it yet: the header stands
    /// in each of the origin's feeds exactly where it first touches the record.
    private func isFirst(
        of key: RecordKey,
        row: RecordRow?,
        in digest: Digest
    )
        throws(StoreError) -> Bool
    {
        guard key.origin == settings.member else { return false }
        guard let row, let feed = feeds[digest]?.row else { return true }
        return try !store.touches(row, feed)
    }
}

extension Judgement {
    /// What it says, without what was written.
    fileprivate var explanation: String {
        switch self {
        case .applied: "applied"
        case .duplicate: "written before"
        case .needsHistory: "needs its history"
        case .held(let reason, let detail, _): "\(reason.rawValue), \(detail)"
        }
    }
}

extension Refusal {
    package static let clockBeyondBound = Refusal(
        .clockBeyondBound,
        "this node's log is further ahead of its wall clock than the bound; set the clock right"
    )
}
