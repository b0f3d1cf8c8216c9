import AllianceModel
import ReplicationCore

/// Why a running node went on under another incarnation.
package enum RenewalReason: String, Hashable, Sendable {
    /// A peer holds what only another process under the former incarnation can have signed.
    case clone
    /// The former incarnation ran ahead of the time.
    case clock
}

/// What a node looks after by itself, about once a second: what it waits for, and what it has to say
/// of its own earlier incarnations.
extension NodeEngine {
    /// What waits for somebody's write that long is asked for: most of it comes by itself.
    private static var askedAfterMilliseconds: Int64 { 5_000 }
    private static var askedAgainMilliseconds: Int64 { 30_000 }
    private static var askedRecords: Int { 200 }

    /// Whether `transact` is to be called again within a second though nothing came.
    package func needsUpkeep(wallMilliseconds: Int64) -> Bool {
        problem == nil
            && (!ledger.held.isEmpty || isCloned || ledger.hasOverdue || !forked.isEmpty
                || !proofs.isEmpty || !unheard.isEmpty
                || ledger.isBeyondBound(wallMilliseconds: wallMilliseconds))
    }

    /// Before a transaction: what is found is done in it, or asked of peers.
    mutating func upkeep(
        wallMilliseconds: Int64,
        now: Monotonic
    ) throws(StoreError) {
        // Before anything is said of it: what is said in a forked feed not all would hear.
        if isCloned { try renew(.clone, wallMilliseconds, now) }
        try keepTime(wallMilliseconds, now)
        declareForks()
        for incarnation in forked { duties.append(.gone(incarnation)) }
        guard !ledger.held.isEmpty else {
            inquiries = [:]
            missing = [:]
            round = InquiryRound()
            return
        }
        let waiting = try ledger.store.heldWaiting(
            outside: wallMilliseconds - Self.askedAfterMilliseconds + 1...wallMilliseconds,
            after: round.upTo,
            limit: Self.askedRecords
        )
        try ask(for: waiting, now)
        try declareGone(waiting, now)
        endPage(waiting)
    }

    // MARK: Incarnations

    /// Goes on under another incarnation: what this node writes from now on nobody else can.
    private mutating func renew(
        _ reason: RenewalReason,
        _ wallMilliseconds: Int64,
        _ now: Monotonic
    ) throws(StoreError) {
        let word = ledger.settings.random(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let incarnation = Incarnation(rawValue: word)
        try ledger.renew(incarnation, wallMilliseconds: wallMilliseconds)
        suspicion = nil
        handle(.incarnationBegun(incarnation), now: now)
        renewed(incarnation, reason)
    }

    /// A clock that was set back leaves a log that is ahead of it.
    ///
    /// Only while most of the roster agrees with the clock: else it is this clock that is wrong, and
    /// waiting is the right thing.
    private mutating func keepTime(
        _ wallMilliseconds: Int64,
        _ now: Monotonic
    ) throws(StoreError) {
        ledger.settleClock(wallMilliseconds: wallMilliseconds)
        guard ledger.isBeyondBound(wallMilliseconds: wallMilliseconds) else { return }
        let bound = ledger.settings.clockBoundMilliseconds
        let agreement = replica.clockAgreement(
            boundMilliseconds: bound,
            wallMilliseconds: wallMilliseconds,
            now: now
        )
        guard agreement.isConfirmed else { return }
        if ledger.hasPresentRunAhead(wallMilliseconds: wallMilliseconds) {
            try renew(.clock, wallMilliseconds, now)
        }
        duties.append(.ceilings)
    }

    /// Another process runs, or ran, under the present incarnation.
    private var isCloned: Bool {
        let settings = ledger.settings
        let present = Writer(member: settings.member, incarnation: settings.incarnation)
        return suspicion != nil || ledger.facts.forkedWriters.contains(present)
            || proofs.keys.contains { ledger.tip(of: $0)?.identity.writer == present }
    }

    /// Until it is done: while the clock is beyond the bound nothing can be said.
    private mutating func declareForks() {
        proofs = proofs.filter { !ledger.knows($0.value) }
        unheard = unheard.filter { !ledger.saidForks.contains($0) }
        duties += proofs.values.sorted { $0.feed < $1.feed }.map { .declare($0) }
        duties += unheard.sorted().map { .passOn($0) }
    }

    /// Earlier incarnations of this member that forked and are not said to be gone.
    ///
    /// A proof names a feed by its digest: whoever is not in its audience does not know whose
    /// incarnation it is of, and would wait for ever for what was written in it.
    private var forked: [Incarnation] {
        ledger.facts.forkedWriters.filter { writer in
            writer.member == ledger.settings.member
                && writer.incarnation != ledger.settings.incarnation
                && !ledger.facts.gone.contains(writer)
        }
        .map(\.incarnation).sorted()
    }

    // MARK: What is waited for

    /// One page at a time, so that what cannot be had keeps nothing else from being asked for; what no
    /// page of a round had waits no more.
    private mutating func endPage(_ page: [HeldEntry]) {
        round.records.formUnion(page.compactMap(\.key))
        if let last = page.last, page.count == Self.askedRecords {
            round.upTo = last.position
            return
        }
        inquiries = inquiries.filter { round.records.contains($0.key) }
        missing = missing.filter { round.writers.contains($0.key) }
        round = InquiryRound()
    }

    /// Asks for records of which something waits: first whoever is likely to have it, then
    /// everybody who may.
    ///
    /// What they all were asked for and none gave rests.
    private mutating func ask(
        for waiting: [HeldEntry],
        _ now: Monotonic
    ) throws(StoreError) {
        var entries: [RecordKey: [HeldEntry]] = [:]
        for entry in waiting { if let key = entry.key { entries[key, default: []].append(entry) } }
        var wanted: [MemberCode: Set<RecordKey>] = [:]
        for (key, entries) in entries.sorted(by: { $0.key < $1.key }) {
            for member in try ask(for: entries, of: key, now) {
                wanted[member, default: []].insert(key)
            }
        }
        for (member, keys) in wanted.sorted(by: { $0.key < $1.key }) {
            handle(.ask(keys.sorted(), of: member), now: now)
        }
    }

    /// Whom to ask now for what these entries of a record wait for.
    private mutating func ask(
        for entries: [HeldEntry],
        of key: RecordKey,
        _ now: Monotonic
    ) throws(StoreError) -> Set<MemberCode> {
        let likely = Set(entries.flatMap(ledger.likelyToHave))
        let newest = entries.map(\.position).max() ?? 0
        guard var inquiry = inquiries[key] else {
            let asked = likely.filter(replica.isAcquainted(with:))
            inquiries[key] = Inquiry(at: now, upTo: newest, asked: asked)
            return asked
        }
        guard now.milliseconds(since: inquiry.at) >= Self.askedAgainMilliseconds else { return [] }
        for member in inquiry.asked where replica.stands(member, since: inquiry.at) {
            inquiry.answered.insert(member)
        }
        // What came since was not asked for.
        if newest > inquiry.upTo { inquiry.answered = [] }
        // Of an own incarnation what nobody has is declared gone, below.
        let missing = entries.filter { entry in
            entry.reason.isAskedFor && entry.waitsFor?.member != ledger.settings.member
        }
        var others: Set<MemberCode> = []
        for entry in missing { others.formUnion(try ledger.mayHave(entry)) }
        if !missing.isEmpty, others.isSubset(of: inquiry.answered) {
            duties.append(.rest(missing.map(\.position)))
        }
        inquiry.asked = likely.union(others.subtracting(inquiry.answered))
            .filter(replica.isAcquainted(with:))
        inquiry.at = now
        inquiry.upTo = newest
        inquiries[key] = inquiry
        return inquiry.asked
    }

    /// What only a lost disk had: once everybody who can be reached was asked since it was missed, its
    /// member says so, and nobody waits for it.
    private mutating func declareGone(
        _ waiting: [HeldEntry],
        _ now: Monotonic
    ) throws(StoreError) {
        let me = ledger.settings.member
        let writers = Set(waiting.compactMap(\.waitsFor)).filter { writer in
            writer.member == me && writer.incarnation != ledger.settings.incarnation
                && !ledger.facts.gone.contains(writer)
        }
        round.writers.formUnion(writers)
        for writer in writers.sorted() {
            let since = missing[writer] ?? now
            missing[writer] = since
            if replica.isUnavailable(writer, since: since) {
                duties.append(.gone(writer.incarnation))
            }
        }
    }
}
