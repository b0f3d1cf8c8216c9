package import AllianceModel
package import ReplicationCore

/// The transaction script of a node: what a local change or a received batch does to the store.
///
/// Synchronous, over one `Store`, so that a node's writer thread and a simulator run the same lines.
/// `begin`, any number of operations, `commit`; a refusal stores nothing of its operation. After a
/// thrown `StoreError` the transaction is to be rolled back and the ledger dropped: its memory may be
/// ahead of the disk.
package struct Ledger<S: Store> {
    package let store: S
    package internal(set) var settings: LedgerSettings
    /// The alliance's definitions and votes, those of the open transaction included.
    package internal(set) var agreement: AgreementState
    package internal(set) var clock: HybridClock
    /// Every feed with its tip, the open transaction's included.
    var feeds: [Digest: StoredFeed] = [:]
    var knownFeeds: [FeedRow: KnownFeed] = [:]
    /// What statements said that bears on verdicts, the open transaction's included.
    package internal(set) var facts: RecordFacts
    /// Feeds whose records are still to be judged again, the open transaction's included.
    var judging: [Digest: JudgingPlace]
    /// What was proven to be forked, also of feeds that are not known yet.
    var forks: [Fork]
    /// Feeds of whose fork this member spoke under the present incarnation, since the start.
    var saidForks: Set<Digest> = []
    /// Of forked alliance feeds, up to which size statements were carried, likewise.
    var carriedStatements: [Digest: UInt64] = [:]
    var spans: [IncarnationSpan]
    let secret: Bytes

    /// Held changesets by author.
    package internal(set) var held: [MemberCode: HeldSummary]
    var transaction = Transaction()
    /// What could not be carried while the clock was beyond the bound.
    var overdueCarries: [ToCarry] = []
    /// Where the look through everything held goes on, after a position; nil when there is none.
    ///
    /// Begun at the start (an earlier run may have been killed in the middle of one, and a later
    /// version may know what an earlier one did not) and when much may be released at once.
    var sweep: LogPosition?

    /// What the open transaction did so far.
    struct Transaction {
        var ownFeeds: [Digest] = []
        var grownFeeds: Set<Digest> = []
        var heldAuthors: Set<MemberCode> = []
        var agreementChanged = false
        var factsChanged = false
        var wallMilliseconds: Int64 = 0
        var toCarry: [ToCarry] = []
        /// Entries of own earlier feeds that came back, by feed.
        var regained: [Digest: Int] = [:]
    }

    /// Reads what a start needs from the store and draws the line under the former incarnation.
    package init(store: S, settings: LedgerSettings, wallMilliseconds: Int64) throws(StoreError) {
        self.store = store
        self.settings = settings
        try store.begin()
        try store.start(settings.incarnation)
        try store.commit()
        secret = try store.requestSecret()
        spans = try store.incarnations()
        held = try store.heldSummaries()
        sweep = held.isEmpty ? nil : 0
        facts = try store.facts()
        forks = try store.forks()
        judging = try store.judging()
        clock = HybridClock(boundMilliseconds: settings.clockBoundMilliseconds)
        agreement = try AgreementState(store, settings)
        for feed in try store.feeds() {
            feeds[feed.tip.digest] = feed
            knownFeeds[feed.row] = KnownFeed(
                identity: feed.tip.identity,
                digest: feed.tip.digest
            )
        }
        clock = HybridClock(
            latest: ownLatest,
            boundMilliseconds: settings.clockBoundMilliseconds
        )
    }

    /// Every feed there is, for the replica's start.
    package var tips: [FeedTip] {
        feeds.values.map(\.tip).sorted { $0.digest < $1.digest }
    }

    package mutating func begin() throws(StoreError) {
        transaction = Transaction()
        try store.begin()
    }

    /// Makes everything since `begin` durable.
    package mutating func commit() throws(StoreError) -> Committed {
        try carryDue()
        for digest in transaction.grownFeeds.sorted() {
            guard let feed = feeds[digest] else { continue }
            try store.updateTip(feed.row, feed.tip)
        }
        var heldNow: [MemberCode: HeldSummary] = [:]
        if !transaction.heldAuthors.isEmpty {
            held = try store.heldSummaries()
            for author in transaction.heldAuthors {
                heldNow[author] = held[author] ?? HeldSummary.none
            }
        }
        for (digest, entries) in transaction.regained.sorted(by: { $0.key < $1.key }) {
            guard let feed = feeds[digest] else { continue }
            try store.noteRegained(feed.row, entries: entries, at: transaction.wallMilliseconds)
        }
        let position = try store.lastPosition()
        try store.commit()
        return Committed(
            tips: transaction.ownFeeds.compactMap { feeds[$0]?.tip },
            held: heldNow,
            agreementChanged: transaction.agreementChanged,
            factsChanged: transaction.factsChanged,
            regained: transaction.regained.reduce(0) { $0 + $1.value },
            position: position
        )
    }

    var folding: RecordFolding { folding(under: facts) }

    func folding(under facts: RecordFacts) -> RecordFolding {
        let knownFeeds = knownFeeds
        let agreement = agreement
        return RecordFolding(
            feed: { knownFeeds[$0] },
            definition: { agreement.definition($0) },
            facts: facts,
            hash: settings.hash
        )
    }
}

extension Ledger {
    /// The feed at its size, the open transaction's appends included.
    package func tip(of feed: Digest) -> FeedTip? { feeds[feed]?.tip }
}

extension AgreementState {
    /// What was proposed and approved, as a store has it.
    init(_ store: some StoreReading, _ settings: LedgerSettings) throws(StoreError) {
        self.init(roster: settings.roster, rosterDigest: settings.rosterDigest)
        for (proposal, timestamp) in try store.proposals() { insert(proposal, at: timestamp) }
        for (approval, timestamp) in try store.approvals() { insert(approval, at: timestamp) }
    }
}
