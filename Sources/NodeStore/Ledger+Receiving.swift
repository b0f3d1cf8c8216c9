import AllianceModel
package import ReplicationCore
import ReplicationWire

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
        transaction.wallMilliseconds = wallMilliseconds
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
            if part.identity.member == settings.member {
                transaction.regained[part.feed, default: 0] += Int(sequences[index] - part.first)
                // As a start would take it over: a log that ran ahead of the time is noticed, and gets its
                // ceiling.
                clock = HybridClock(
                    latest: max(clock.latest, ownLatest),
                    boundMilliseconds: settings.clockBoundMilliseconds
                )
            }
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
            let evidence = Evidence(
                changeset: changeset,
                provenance: known.provenance(entry.sequence)
            )
            try receive(entry, evidence, wallMilliseconds)
        case .carried(let carried, timestamp: _):
            try receive(entry, carried, from: feed, wallMilliseconds)
        case .statement(let statement, timestamp: _):
            clock.receive(
                effective(entry.timestamp, of: feed.writer),
                wallMilliseconds: wallMilliseconds
            )
            if let problem = problem(with: statement, from: feed) {
                let hold = Hold(reason: .malformed, detail: problem)
                try keep(entry, hold, nil, from: feed.member, wallMilliseconds)
            } else {
                _ = try store.append(entry)
                try apply(statement, at: entry.timestamp, wallMilliseconds)
                if let from = facts.forks[known.digest], entry.sequence >= from {
                    noteForked(known.digest)
                }
            }
        case .unknown(let kind, timestamp: _):
            let hold = Hold(reason: .featureUnknown, detail: "an entry of kind \(kind)")
            try keep(entry, hold, nil, from: feed.member, wallMilliseconds)
        case .malformed(let reason):
            let hold = Hold(reason: .malformed, detail: reason)
            try keep(entry, hold, nil, from: feed.member, wallMilliseconds)
        }
    }

    /// What another member carries: its writer's, whoever brings it.
    private mutating func receive(
        _ entry: NewEntry,
        _ carried: Carried,
        from feed: FeedIdentity,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        if let problem = problem(with: carried) {
            let hold = Hold(reason: .malformed, detail: problem)
            try keep(entry, hold, nil, from: feed.member, wallMilliseconds)
            return
        }
        // Its feed is known from now on, so that what is proven of it finds it.
        _ = try self.feed(carried.identity)
        if let content = carried.statement(hash: settings.hash) {
            guard case .statement(let statement, timestamp: let timestamp) = content,
                problem(with: statement, from: carried.identity) == nil
            else {
                let hold = Hold(reason: .malformed, detail: "it carries no statement in order")
                try keep(entry, hold, nil, from: feed.member, wallMilliseconds)
                return
            }
            _ = try store.append(entry)
            return try apply(statement, at: timestamp, wallMilliseconds)
        }
        guard let evidence = Evidence(carried) else {
            _ = try store.append(entry)
            if let key = try take(headerIn: carried.opening) {
                try release(on: key, wallMilliseconds)
            }
            return
        }
        let position = try receive(entry, evidence, wallMilliseconds)
        try store.insertCarried(
            from: evidence.provenance.feed,
            evidence.provenance.sequence,
            at: position
        )
    }

    /// The header that a creation proof shows counts at once.
    ///
    /// Returns the record's key if it was not known.
    func take(headerIn opening: ArraySlice<UInt8>) throws(StoreError) -> RecordKey? {
        guard let opening = EntryCoding.opening(opening), let key = opening.key,
            let header = opening.header, try store.record(key) == nil
        else { return nil }
        try store.insertHeader(header, of: key)
        return key
    }

    @discardableResult
    private mutating func receive(
        _ entry: NewEntry,
        _ evidence: Evidence,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> LogPosition {
        let changeset = evidence.changeset
        let writer = evidence.provenance.writer
        let timestamp = effective(changeset.timestamp, of: writer)
        if let hold = clockHold(timestamp, wallMilliseconds) {
            return try keep(entry, hold, changeset, from: writer.member, wallMilliseconds)
        }
        clock.receive(timestamp, wallMilliseconds: wallMilliseconds)
        let stored = try current(changeset.key)
        let judged = try judge(evidence, on: stored)
        if writer.member == settings.member { try noteRegained(changeset, judged) }
        switch judged {
        case .hold(let hold):
            return try keep(entry, hold, changeset, from: writer.member, wallMilliseconds)
        case .duplicate:
            // It changed nothing, so it is no change to tell readers of.
            var entry = entry
            entry.isApplied = false
            return try store.append(entry)
        case .applied(let state, let definition):
            let position = try store.append(entry)
            let applied = Applied(
                state: state,
                definition: definition,
                evidence: evidence,
                storedAt: position
            )
            try apply(applied, to: stored?.row, at: position, wallMilliseconds)
            try release(on: changeset.key, wallMilliseconds)
            return position
        }
    }

    /// An own write came back that this store had lost: with it comes the request it was made for.
    private func noteRegained(
        _ changeset: Changeset,
        _ judged: Outcome
    ) throws(StoreError) {
        if case .duplicate = judged { return }
        guard let request = changeset.requestID else { return }
        try store.insertRegained(request: request, of: changeset.key)
    }

    /// A timestamp as it counts: under the ceiling of its incarnation.
    func effective(_ timestamp: HybridTimestamp, of writer: Writer) -> HybridTimestamp {
        facts.ceilings[writer].map { min($0, timestamp) } ?? timestamp
    }

    /// Why what is carried is nothing to go by; nil if its head is signed by the feed's member.
    ///
    /// That its path leads to the head was seen when it was decoded.
    func problem(with carried: Carried) -> String? {
        let head = carried.head
        let isSigned = settings.isSigned(
            head.head.signedBytes(
                alliance: settings.roster.alliance,
                member: carried.identity.member
            ),
            carried.identity.member,
            head.key,
            head.signature
        )
        return isSigned
            ? nil : "it carries what \(carried.identity.member) did not sign with a key known here"
    }

    // MARK: Judging

    struct Hold {
        var reason: HeldReason
        var detail: String
        var nextTry: Int64?
        /// Whose write is missing.
        var waitsFor: Writer?
        /// What is to be known, or agreed.
        var definition: Digest?
    }

    enum Outcome {
        case applied(RecordState, ItemDefinition)
        case duplicate
        case hold(Hold)
    }

    struct Applied {
        var state: RecordState
        var definition: ItemDefinition
        var evidence: Evidence
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
        var header = known?.state.header ?? changeset.header
        if header == nil { header = try store.header(changeset.key) }
        guard let header else {
            return .hold(Hold(reason: .recordUnknown, detail: "the record's creation"))
        }
        guard let definition = known?.definition ?? agreement.definition(header.definition) else {
            return .hold(
                Hold(
                    reason: .definitionUnknown,
                    detail: "definition \(header.definition.short) of item \(header.item)",
                    definition: header.definition
                )
            )
        }
        guard agreement.isAgreed(header.definition) else {
            return .hold(
                Hold(
                    reason: .definitionNotAgreed,
                    detail: "definition \(header.definition.short) of item \(header.item)",
                    definition: header.definition
                )
            )
        }
        var judged = changeset
        if known == nil { judged.header = header }
        let judgement = RecordJudge.judge(
            known?.state,
            definition,
            judged,
            from: evidence.provenance,
            facts: facts
        )
        switch judgement {
        case .applied(let state): return .applied(state, definition)
        case .duplicate: return .duplicate
        case .held(let reason, let detail, let waitsFor):
            return .hold(Hold(reason: reason, detail: detail, waitsFor: waitsFor))
        case .needsHistory: break
        }
        let history = try stored.map { stored throws(StoreError) in try self.history(of: stored) }
        guard !RecordJudge.isKnown(evidence, in: history ?? []) else { return .duplicate }
        let state = RecordJudge.judge(
            history: (history ?? []) + [evidence],
            key: changeset.key,
            header: header,
            definition: definition,
            facts: facts
        )
        return .applied(state, definition)
    }

    /// Everything of a record that was taken in.
    package func history(of stored: StoredRecord) throws(StoreError) -> [Evidence] {
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
        at position: LogPosition,
        _ wallMilliseconds: Int64
    )
        throws(StoreError)
    {
        let state = applied.state
        var changed = row
        if let row {
            try store.insertApplied(row, stored: applied.storedAt, applied: position)
            try store.updateRecord(row, state, appliedAt: position)
        } else {
            // Held before: it took effect at its release, which the store follows to the entry.
            let row = try store.insertRecord(state, madeAt: position)
            // An entry without the header does not make the state alone, nor one that a statement
            // bears on.
            if applied.evidence.changeset.header == nil
                || facts.bear(on: applied.evidence.provenance)
            {
                try store.updateRecord(row, state, appliedAt: position)
            }
            changed = row
        }
        guard let changed else { return }
        try noteDispute(changed, state, applied.definition, isNew: row == nil)
        if row == nil { try noteTwins(changed, of: state.key) }
        try carryToParties(applied.evidence, state, applied.definition, changed, wallMilliseconds)
    }

    @discardableResult
    private mutating func keep(
        _ entry: NewEntry,
        _ hold: Hold,
        _ changeset: Changeset?,
        from author: MemberCode,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> LogPosition {
        var entry = entry
        entry.isApplied = false
        let position = try store.append(entry)
        transaction.heldAuthors.insert(author)
        try store.insertHeld(
            HeldEntry(
                position: position,
                reason: hold.reason,
                detail: hold.detail,
                author: author,
                timestamp: changeset?.timestamp ?? entry.timestamp,
                key: changeset?.key,
                definition: hold.definition ?? changeset?.header?.definition,
                since: wallMilliseconds,
                nextTry: hold.nextTry,
                waitsFor: hold.waitsFor
            ),
            bytes: entry.bytes.count
        )
        // The header counts although what it stands in does not yet.
        if let changeset, let header = changeset.header, hold.reason != .malformed {
            let key = changeset.key
            if try store.record(key) == nil { try store.insertHeader(header, of: key) }
        }
        return position
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
        switch self {
        case .changeset: true
        case .carried(let carried, timestamp: _): Evidence(carried) != nil
        case .statement, .unknown, .malformed: false
        }
    }

    /// What is said in it, also where that is carried.
    func statement(hash: HashFunction) -> ReplicationCore.Statement? {
        switch self {
        case .statement(let statement, timestamp: _): statement
        case .carried(let carried, timestamp: _):
            carried.statement(hash: hash)?.statement(hash: hash)
        case .changeset, .unknown, .malformed: nil
        }
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
