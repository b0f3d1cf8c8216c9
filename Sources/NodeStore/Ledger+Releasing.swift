import AllianceModel
import ReplicationCore
import ReplicationWire

/// What was held is tried again when what it waits for may have come.
extension Ledger {
    /// Tries everything that is held on a record again, until nothing moves.
    mutating func release(on key: RecordKey, _ wallMilliseconds: Int64) throws(StoreError) {
        guard !held.isEmpty || !transaction.heldAuthors.isEmpty else { return }
        var moved = true
        while moved {
            moved = false
            for waiting in try store.held(on: key) where waiting.reason != .clockAhead {
                if try retry(waiting, wallMilliseconds) { moved = true }
            }
        }
    }

    /// Tries what waits for a definition of which more is known now.
    ///
    /// What is more than a commit should hold is left to the look through everything.
    mutating func release(
        onDefinition digest: Digest,
        _ wallMilliseconds: Int64
    )
        throws(StoreError)
    {
        let waiting = try store.held(onDefinition: digest)
        if waiting.count > Self.releasedAtOnce { sweep = 0 }
        for waiting in waiting.prefix(Self.releasedAtOnce) {
            guard try retry(waiting, wallMilliseconds), let key = waiting.key else { continue }
            try release(on: key, wallMilliseconds)
        }
    }

    private static var releasedAtOnce: Int { 250 }

    /// True while everything that is held is being looked through, or records are judged again:
    /// `releaseDue` goes on with it.
    package var hasBacklog: Bool { sweep != nil || isJudging }

    /// True while something could not be said for want of a clock to be believed.
    package var hasOverdue: Bool { !overdueCarries.isEmpty }

    /// Tries what waits for the clock and is due, and goes on with the look through everything; at
    /// most `limit` of either, so that a commit stays short.
    package mutating func releaseDue(wallMilliseconds: Int64, limit: Int) throws(StoreError) {
        if !overdueCarries.isEmpty, !isBeyondBound(wallMilliseconds: wallMilliseconds) {
            transaction.toCarry += overdueCarries
            transaction.wallMilliseconds = wallMilliseconds
            overdueCarries = []
        }
        try judgeDue(limit: limit)
        for waiting in try store.heldDue(at: wallMilliseconds, limit: limit) {
            let waiting = try wake(waiting)
            guard try retry(waiting, wallMilliseconds), let key = waiting.key else { continue }
            try release(on: key, wallMilliseconds)
        }
        guard let from = sweep else { return }
        let page = try store.held(after: from, limit: limit)
        sweep = page.count < limit ? nil : page.last?.position
        for waiting in page {
            guard try retry(waiting, wallMilliseconds), let key = waiting.key else { continue }
            try release(on: key, wallMilliseconds)
        }
    }

    /// Keeps a certificate; what its key signed may be judged now.
    package mutating func keep(_ certificate: KeyCertificate) throws(StoreError) {
        try store.insertCertificate(certificate)
        if !held.isEmpty || !transaction.heldAuthors.isEmpty { sweep = 0 }
    }

    /// Tries one that is held because somebody asked for it; true if it was released.
    package mutating func retry(
        _ waiting: HeldEntry,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Bool {
        try audit(
            caller,
            subject: waiting.key?.identifier.description,
            wallMilliseconds: wallMilliseconds
        )
        guard try retry(wake(waiting), wallMilliseconds) else { return false }
        if let key = waiting.key { try release(on: key, wallMilliseconds) }
        return true
    }

    // MARK: What nobody gives

    /// Who of the roster may have what it waits for; without this member.
    ///
    /// Nobody else is asked: the question tells that the record is.
    func mayHave(_ waiting: HeldEntry) throws(StoreError) -> Set<MemberCode> {
        var members = likelyToHave(waiting)
        if let entry = try store.entry(at: waiting.position), let feed = knownFeeds[entry.feed] {
            let audience = feed.identity.audience
            members.formUnion(settings.roster.members.map(\.code).filter(audience.includes))
        }
        return members.subtracting([settings.member])
    }

    /// Whom of the roster to ask first: its writer, who began the record, and whose write is missing.
    func likelyToHave(_ waiting: HeldEntry) -> Set<MemberCode> {
        let members = [waiting.author, waiting.key?.origin, waiting.waitsFor?.member]
        return Set(members.compactMap(\.self)).filter {
            $0 != settings.member && settings.roster.member($0) != nil
        }
    }

    /// Lets what nobody gave rest, where it still waits.
    mutating func rest(
        _ positions: [LogPosition],
        wallMilliseconds: Int64
    ) throws(StoreError) {
        for position in positions {
            guard var waiting = try store.held(at: position), waiting.reason.isAskedFor,
                waiting.nextTry == nil
            else { continue }
            waiting.nextTry = wallMilliseconds + HeldEntry.restMilliseconds
            try store.updateHeld(waiting)
            transaction.heldAuthors.insert(waiting.author)
        }
    }

    /// It waits again, if it did rest.
    private mutating func wake(_ resting: HeldEntry) throws(StoreError) -> HeldEntry {
        guard resting.rests else { return resting }
        var waiting = resting
        waiting.nextTry = nil
        try store.updateHeld(waiting)
        transaction.heldAuthors.insert(waiting.author)
        return waiting
    }

    /// True if it was released: applied, or found to be nothing new.
    private mutating func retry(
        _ waiting: HeldEntry,
        _ wallMilliseconds: Int64
    )
        throws(StoreError) -> Bool
    {
        guard let entry = try store.entry(at: waiting.position),
            let feed = knownFeeds[entry.feed]
        else { return false }
        let identity = feed.identity
        let content = EntryContent(entry.bytes, writer: identity.writer, hash: settings.hash)
        switch content {
        case .changeset(let changeset):
            let evidence = Evidence(
                changeset: changeset,
                provenance: feed.provenance(entry.sequence)
            )
            return try retry(waiting, evidence, wallMilliseconds)
        case .statement(let statement, timestamp: let timestamp):
            guard problem(with: statement, from: identity) == nil else { return false }
            try store.deleteHeld(waiting.position)
            transaction.heldAuthors.insert(waiting.author)
            try apply(statement, at: timestamp, wallMilliseconds)
            return true
        case .carried(let carried, timestamp: _):
            guard problem(with: carried) == nil else { return false }
            _ = try self.feed(carried.identity)
            if let content = carried.statement(hash: settings.hash) {
                guard case .statement(let statement, timestamp: let timestamp) = content,
                    problem(with: statement, from: carried.identity) == nil
                else { return false }
                try store.deleteHeld(waiting.position)
                transaction.heldAuthors.insert(waiting.author)
                try apply(statement, at: timestamp, wallMilliseconds)
                return true
            }
            if let evidence = Evidence(carried) {
                return try retry(waiting, evidence, wallMilliseconds)
            }
            try store.deleteHeld(waiting.position)
            transaction.heldAuthors.insert(waiting.author)
            if let key = try take(headerIn: carried.opening) {
                try release(on: key, wallMilliseconds)
            }
            return true
        case .unknown, .malformed: return false
        }
    }

    private mutating func retry(
        _ waiting: HeldEntry,
        _ evidence: Evidence,
        _ wallMilliseconds: Int64
    )
        throws(StoreError) -> Bool
    {
        let changeset = evidence.changeset
        let timestamp = effective(changeset.timestamp, of: evidence.provenance.writer)
        if let hold = clockHold(timestamp, wallMilliseconds) {
            // The wall clock went back since: without a next try it would wait for ever.
            try note(hold, on: waiting)
            return false
        }
        let stored = try current(changeset.key)
        switch try judge(evidence, on: stored) {
        case .hold(let hold):
            try note(hold, on: waiting)
            return false
        case .duplicate:
            try store.deleteHeld(waiting.position)
        case .applied(let state, let definition):
            clock.receive(timestamp, wallMilliseconds: wallMilliseconds)
            try store.deleteHeld(waiting.position)
            let position = try store.appendRelease(of: waiting.position)
            let applied = Applied(
                state: state,
                definition: definition,
                evidence: evidence,
                storedAt: waiting.position
            )
            try apply(applied, to: stored?.row, at: position, wallMilliseconds)
        }
        transaction.heldAuthors.insert(waiting.author)
        return true
    }

    /// It waits for something else now, or rests still if it is the same that nobody gave.
    private mutating func note(_ hold: Hold, on waiting: HeldEntry) throws(StoreError) {
        let restsStill =
            waiting.rests && hold.reason == waiting.reason && hold.waitsFor == waiting.waitsFor
        var changed = waiting
        changed.reason = hold.reason
        changed.detail = hold.detail
        changed.definition = hold.definition ?? waiting.definition
        changed.nextTry = restsStill ? waiting.nextTry : hold.nextTry
        changed.waitsFor = hold.waitsFor
        guard changed != waiting else { return }
        try store.updateHeld(changed)
        if changed.rests != waiting.rests { transaction.heldAuthors.insert(waiting.author) }
    }
}
