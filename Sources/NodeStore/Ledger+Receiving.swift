import AllianceModel
package import ReplicationCore

/// What comes from other members: stored as it is, judged, applied or held alone.
extension Ledger {
    /// Stores a batch whose heads cover it.
    ///
    /// Never refuses: what cannot be applied is held.
    package mutating func receive(
        _ batch: ReceivedBatch,
        wallMilliseconds: Int64
    )
        throws(StoreError)
    {
        var rows: [FeedRow] = []
        var sequences: [UInt64] = []
        for part in batch.parts {
            let digest = try feed(part.identity)
            guard let row = feeds[digest]?.row else { continue }
            rows.append(row)
            sequences.append(part.first)
        }
        for item in batch.items {
            let part = batch.parts[item.part]
            let entry = NewEntry(
                feed: rows[item.part],
                sequence: sequences[item.part],
                leaf: item.leaf,
                timestamp: item.content.timestamp,
                bytes: item.bytes,
                isApplied: true,
                isChangeset: item.content.isChangeset
            )
            sequences[item.part] += 1
            try receive(entry, item.content, from: KnownFeed(part), wallMilliseconds)
            feeds[part.feed]?.tip.latest = entry.timestamp
        }
        for (index, part) in batch.parts.enumerated() {
            feeds[part.feed]?.tip.frontier = part.frontier
            transaction.grownFeeds.insert(part.feed)
            try store.insertHead(rows[index], part.head)
        }
    }

    private mutating func receive(
        _ entry: NewEntry,
        _ content: EntryContent,
        from known: KnownFeed,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        let feed = known.identity
        switch content {
        case .changeset(let changeset):
            if let hold = clockHold(entry.timestamp, wallMilliseconds) {
                try keep(entry, hold, changeset, from: feed, wallMilliseconds)
                return
            }
            clock.receive(entry.timestamp, wallMilliseconds: wallMilliseconds)
            let evidence = Evidence(
                changeset: changeset,
                provenance: known.provenance(entry.sequence)
            )
            try receive(entry, evidence, from: feed, wallMilliseconds)
        case .statement(let statement, timestamp: _):
            clock.receive(entry.timestamp, wallMilliseconds: wallMilliseconds)
            if let problem = problem(with: statement, from: feed) {
                let hold = Hold(reason: .malformed, detail: problem)
                try keep(entry, hold, nil, from: feed, wallMilliseconds)
            } else {
                _ = try store.append(entry)
                try apply(statement, at: entry.timestamp, wallMilliseconds)
            }
        case .carried:
            let hold = Hold(reason: .featureUnknown, detail: "a carried changeset")
            try keep(entry, hold, nil, from: feed, wallMilliseconds)
        case .unknown(let kind, timestamp: _):
            let hold = Hold(reason: .featureUnknown, detail: "an entry of kind \(kind)")
            try keep(entry, hold, nil, from: feed, wallMilliseconds)
        case .malformed(let reason):
            let hold = Hold(reason: .malformed, detail: reason)
            try keep(entry, hold, nil, from: feed, wallMilliseconds)
        }
    }

    private mutating func receive(
        _ entry: NewEntry,
        _ evidence: Evidence,
        from feed: FeedIdentity,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        let changeset = evidence.changeset
        let stored = try store.record(changeset.key)
        switch try judge(evidence, on: stored) {
        case .hold(let hold):
            try keep(entry, hold, changeset, from: feed, wallMilliseconds)
        case .duplicate:
            // It changed nothing, so it is no change to tell readers of.
            var entry = entry
            entry.isApplied = false
            _ = try store.append(entry)
        case .applied(let state, let journal):
            let position = try store.append(entry)
            let applied = Applied(state: state, journal: journal, storedAt: position)
            try apply(applied, to: stored?.row, at: position)
            try release(on: changeset.key, wallMilliseconds)
        }
    }

    // MARK: Judging

    struct Hold {
        var reason: HeldReason
        var detail: String
        var nextTry: Int64?
    }

    enum Outcome {
        case applied(RecordState, journal: [JournalEntry])
        case duplicate
        case hold(Hold)
    }

    struct Applied {
        var state: RecordState
        var journal: [JournalEntry]
        var storedAt: LogPosition
    }

    func judge(
        _ evidence: Evidence,
        on stored: StoredRecord?
    )
        throws(StoreError) -> Outcome
    {
        let changeset = evidence.changeset
        let known = try stored.map { stored throws(StoreError) in try folding.state(of: stored) }
        if let header = changeset.header {
            let key = RecordKey(
                identifier: changeset.key.identifier,
                header: header,
                hash: settings.hash
            )
            guard key == changeset.key, evidence.provenance.writer.member == key.origin else {
                return .hold(
                    Hold(reason: .malformed, detail: "the header is not the one that the key names")
                )
            }
        }
        guard let header = known?.state.header ?? changeset.header else {
            return .hold(Hold(reason: .recordUnknown, detail: "the record's creation"))
        }
        guard let definition = known?.definition ?? agreement.definition(header.definition) else {
            return .hold(
                Hold(
                    reason: .definitionUnknown,
                    detail: "definition \(header.definition.short) of item \(header.item)"
                )
            )
        }
        guard agreement.isAgreed(header.definition) else {
            return .hold(
                Hold(
                    reason: .definitionNotAgreed,
                    detail: "definition \(header.definition.short) of item \(header.item)"
                )
            )
        }
        let judgement = RecordJudge.judge(
            known?.state,
            definition,
            changeset,
            from: evidence.provenance,
            facts: facts
        )
        switch judgement {
        case .applied(let state, let journal): return .applied(state, journal: journal)
        case .duplicate: return .duplicate
        case .held(let reason, let detail): return .hold(Hold(reason: reason, detail: detail))
        case .needsHistory: break
        }
        let history = try stored.map { stored throws(StoreError) in try self.history(of: stored) }
        guard !RecordJudge.isKnown(changeset, in: history ?? []) else { return .duplicate }
        let state = RecordJudge.judge(
            history: (history ?? []) + [evidence],
            key: changeset.key,
            header: header,
            definition: definition,
            facts: facts
        )
        return .applied(state, journal: [])
    }

    /// Everything of a record that was taken in.
    func history(of stored: StoredRecord) throws(StoreError) -> [Evidence] {
        let folding = folding
        return try store.history(stored.row, upTo: .max).map { applied throws(StoreError) in
            try folding.evidence(of: applied.entry)
        }
    }

    func clockHold(_ timestamp: HybridTimestamp, _ wallMilliseconds: Int64) -> Hold? {
        let due = timestamp.milliseconds - settings.clockBoundMilliseconds
        guard due > wallMilliseconds else { return nil }
        return Hold(
            reason: .clockAhead,
            detail: "its writer's clock is ahead of this node's by more than the bound",
            nextTry: due
        )
    }

    // MARK: Applying and holding

    mutating func apply(
        _ applied: Applied,
        to row: RecordRow?,
        at position: LogPosition
    )
        throws(StoreError)
    {
        guard let row else {
            // Held before: it took effect at its release, which the store follows to the entry.
            _ = try store.insertRecord(applied.state, madeAt: position)
            return
        }
        try store.insertApplied(row, stored: applied.storedAt, applied: position)
        for entry in applied.journal { try store.insertJournal(row, entry) }
        try store.updateRecord(row, applied.state, appliedAt: position)
    }

    private mutating func keep(
        _ entry: NewEntry,
        _ hold: Hold,
        _ changeset: Changeset?,
        from feed: FeedIdentity,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        var entry = entry
        entry.isApplied = false
        let position = try store.append(entry)
        transaction.heldAuthors.insert(feed.member)
        try store.insertHeld(
            HeldEntry(
                position: position,
                reason: hold.reason,
                detail: hold.detail,
                author: feed.member,
                timestamp: entry.timestamp,
                key: changeset?.key,
                definition: changeset?.header?.definition,
                since: wallMilliseconds,
                nextTry: hold.nextTry
            )
        )
    }
}

extension KnownFeed {
    fileprivate init(_ part: ReceivedBatch.Part) {
        self.init(identity: part.identity, digest: part.feed)
    }
}

extension EntryContent {
    /// What can change a record, at once or when it is released.
    fileprivate var isChangeset: Bool {
        if case .changeset = self { true } else { false }
    }

    /// The entry's timestamp; zero if it does not tell.
    var timestamp: HybridTimestamp {
        switch self {
        case .changeset(let changeset): changeset.timestamp
        case .statement(_, let timestamp), .carried(_, let timestamp), .unknown(_, let timestamp):
            timestamp
        case .malformed: .zero
        }
    }
}
