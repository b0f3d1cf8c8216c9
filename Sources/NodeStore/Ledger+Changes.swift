import AllianceModel
package import ReplicationCore

/// Local changes: judged first, refused with nothing stored, else appended and applied.
extension Ledger {
    /// Makes a record. Judges everything before it stores anything.
    package mutating func create(
        _ creation: Creation,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        if let earlier = try earlierAnswer(caller, uuid: creation.uuid) { return earlier }
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

    /// Changes a record: fields, stage, holder. `token` is the ETag as the client gave it.
    package mutating func change(
        _ identifier: RecordIdentifier,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        if let earlier = try earlierAnswer(caller, uuid: nil) { return earlier }
        guard let stored = try store.record(identifier) else {
            return .failure(Refusal(.recordUnknown, "no record of that id is here"))
        }
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
                seen = try folding.fold(entries.map(\.entry)).state
            }
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
        let begun = try feedsBegun(by: record?.row, key: change.key)
        var row = record?.row
        var state = record?.state
        var position: LogPosition = 0
        for (index, part) in change.draft.parts.enumerated() {
            let feed = try ownFeed(for: part.audience, change.draft.deliveryClass)
            let isFirst = change.key.origin == settings.member && !begun.contains(feed)
            let appended = try appendOwn(
                part,
                of: change.draft.deliveryClass,
                key: change.key,
                header: isFirst ? change.header : nil,
                at: change.timestamp
            )
            position = appended.position
            let judgement = RecordJudge.judge(
                state,
                change.definition,
                appended.changeset,
                audience: part.audience,
                writer: Writer(member: settings.member, incarnation: settings.incarnation)
            )
            guard case .applied(let next, let journal) = judgement else {
                throw .damaged(
                    path: "citysync.sqlite",
                    reason: "a change drafted here was judged \(judgement)"
                )
            }
            state = next
            if let row {
                try store.insertApplied(row, stored: position, applied: position)
            } else {
                row = try store.insertRecord(next, madeAt: position)
            }
            for entry in journal {
                if let row { try store.insertJournal(row, entry) }
            }
            let isLast = index == change.draft.parts.count - 1
            if isLast, let row, record != nil || index > 0 {
                try store.updateRecord(row, next, appliedAt: position)
            }
        }
        guard let state else {
            return .failure(Refusal(.malformed, "the change holds nothing to write"))
        }
        let identifier = change.key.identifier.description
        try remember(caller, uuid: uuid, subject: identifier, wallMilliseconds)
        let token = CausalityToken(incarnation: settings.incarnation, position: position)
        return .success(
            WriteAnswer(
                status: caller.status,
                snapshot: RecordSnapshot(
                    state: state,
                    definition: change.definition,
                    token: token.text
                )
            )
        )
    }

    /// The own feeds that hold a changeset of the record already, so that its header stands in each
    /// exactly where the origin first touches it.
    private func feedsBegun(by row: RecordRow?, key: RecordKey) throws(StoreError) -> Set<Digest> {
        guard let row, key.origin == settings.member else { return [] }
        let entries = try store.history(row, upTo: LogPosition.max)
        let rows = Set(entries.map(\.entry.feed))
        return Set(rows.compactMap { identities[$0]?.digest(hash: settings.hash) })
    }
}

extension Refusal {
    package static let clockBeyondBound = Refusal(
        .clockBeyondBound,
        "this node's log is further ahead of its wall clock than the bound; set the clock right"
    )
}
