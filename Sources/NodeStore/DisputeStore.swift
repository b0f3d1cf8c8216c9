package import AllianceModel
package import ReplicationCore

/// What can be read of disputes, of what statements said, and of what was carried and came back.
package protocol DisputeReading: AnyObject {
    /// What statements said that bears on verdicts.
    func facts() throws(StoreError) -> RecordFacts
    /// What was proven to be forked, feeds that are not known here included.
    func forks() throws(StoreError) -> [Fork]
    /// The statement that proves the earliest fork of a feed by its member; nil: none is known.
    func forkProof(
        of feed: Digest,
        by member: MemberCode
    ) throws(StoreError) -> ReplicationCore.Statement?
    /// The header of a record of which nothing is taken in yet; nil if it is not known either.
    func header(_ key: RecordKey) throws(StoreError) -> RecordHeader?
    /// Records in dispute after one of them, in the order in which they came to this node.
    func disputes(after row: RecordRow?, limit: Int) throws(StoreError) -> [(RecordRow, Dispute)]
    func disputeSummary() throws(StoreError) -> DisputeSummary
    func record(_ row: RecordRow) throws(StoreError) -> StoredRecord
    /// Entries of one feed behind a sequence, in order.
    func entries(
        of feed: Digest,
        after sequence: UInt64,
        limit: Int
    ) throws(StoreError) -> [StoredEntry]
    /// Where entries stand that carry changesets of that feed, behind a place, in order.
    func carried(
        from feed: Digest,
        after place: CarriedPlace,
        limit: Int
    ) throws(StoreError) -> [CarriedPlace]
    /// Feeds whose records are still to be judged again, and how far that is.
    func judging() throws(StoreError) -> [Digest: JudgingPlace]
    /// The leaves of a feed's tree from one sequence to another, both included.
    func leaves(_ feed: FeedRow, _ range: ClosedRange<UInt64>) throws(StoreError) -> [Digest]
    /// The frontier of a feed at a size that it has reached.
    func frontier(of feed: FeedRow, at size: UInt64) throws(StoreError) -> MerkleFrontier
    /// The smallest stored head of a feed that covers a sequence; nil if none does.
    func head(_ feed: FeedRow, covering sequence: UInt64) throws(StoreError) -> SignedHead?
    /// Whether what stands at a position was carried in that feed.
    func isCarried(_ stored: LogPosition, in feed: FeedRow) throws(StoreError) -> Bool
    /// What came back of this member's own earlier feeds.
    func regained() throws(StoreError) -> [Regained]
    func isDisputed(_ row: RecordRow) throws(StoreError) -> Bool
    /// Records that have what is to be unique and has this digest.
    func records(unique digest: Digest, limit: Int) throws(StoreError) -> [RecordRow]
    /// Records that have something that is to be unique, by its digest, and that the list index does not
    /// know yet, or not as they are now: it follows the log behind.
    func uniquesBehind() throws(StoreError) -> [Digest: [RecordRow]]
    /// The digests, after one of them, that more than one record has.
    func collisions(after digest: Digest?, limit: Int) throws(StoreError) -> [Digest]
    /// Those that this record and others have.
    func collisions(of row: RecordRow) throws(StoreError) -> [Digest]
}

/// A store that keeps these too; see `Store`.
package protocol DisputeStore: DisputeReading {
    func insertGone(_ writer: Writer, at timestamp: HybridTimestamp) throws(StoreError)
    func insertCeiling(_ writer: Writer, _ ceiling: HybridTimestamp) throws(StoreError)
    func insertFork(_ fork: Fork, proof: Bytes) throws(StoreError)
    func insertHeader(_ header: RecordHeader, of key: RecordKey) throws(StoreError)
    /// Notes how far the records of a feed are judged again; nil: all of them.
    func setJudging(_ feed: Digest, _ place: JudgingPlace?) throws(StoreError)
    /// Notes that a record looks otherwise since it was judged again, and returns the position of that.
    func appendJudgement(on row: RecordRow) throws(StoreError) -> LogPosition
    /// Notes how a record stands in dispute; nil: not at all.
    func setDispute(_ row: RecordRow, _ dispute: Dispute?) throws(StoreError)
    func insertCarry(of stored: LogPosition, in feed: FeedRow) throws(StoreError)
    func insertCarried(
        from feed: Digest,
        _ sequence: UInt64,
        at position: LogPosition
    ) throws(StoreError)
    func noteRegained(_ feed: FeedRow, entries: Int, at wallMilliseconds: Int64) throws(StoreError)
    /// The digests of what only this one should have of the open records (see `IndexTerms.uniques`).
    func setUniques(
        _ row: RecordRow,
        _ digests: [Digest],
        isDeleted: Bool
    ) throws(StoreError)
    /// A record whose printed id, whose digest this is, another one has, too.
    func insertTwin(_ row: RecordRow, of digest: Digest, isDeleted: Bool) throws(StoreError)
}

/// How a record stands in dispute: a summary of its conflicts, kept beside it so that a status need
/// not look at every record.
package struct Dispute: Hashable, Sendable {
    /// Conflicts that wait for a decision.
    package var waiting: Int
    /// The oldest of them: since when, its field, its id, who decides; nil where there is none.
    package var since: HybridTimestamp?
    package var field: Text?
    package var conflict: Text?
    package var owner: MemberCode?
    /// Writes without effect.
    package var voids: Int

    package init(
        waiting: Int,
        since: HybridTimestamp? = nil,
        field: Text? = nil,
        conflict: Text? = nil,
        owner: MemberCode? = nil,
        voids: Int
    ) {
        self.waiting = waiting
        self.since = since
        self.field = field
        self.conflict = conflict
        self.owner = owner
        self.voids = voids
    }
}

/// Where an entry stands that carries a changeset of some feed.
package struct CarriedPlace: Hashable, Sendable {
    /// The changeset's, in its own feed.
    package var sequence: UInt64
    /// The log position of what carries it.
    package var position: LogPosition

    package init(sequence: UInt64, position: LogPosition) {
        self.sequence = sequence
        self.position = position
    }

    package static let beginning = CarriedPlace(sequence: 0, position: 0)
}

/// How far the records of a feed are judged again.
package struct JudgingPlace: Hashable, Sendable {
    /// Those of its entries up to this one are.
    package var sequence: UInt64
    /// And those of what was carried from it; nil: that is not begun.
    package var carried: CarriedPlace?

    package init(sequence: UInt64 = 0, carried: CarriedPlace? = nil) {
        self.sequence = sequence
        self.carried = carried
    }
}

/// Of all records together.
package struct DisputeSummary: Hashable, Sendable {
    /// Records in dispute.
    package var records: Int
    /// Conflicts that wait for a decision, those between records included.
    package var waiting: Int
    package var voids: Int
    /// The record of which a conflict has waited longest.
    package var oldest: (identifier: RecordIdentifier, dispute: Dispute)? {
        oldestIdentifier.flatMap { identifier in oldestDispute.map { (identifier, $0) } }
    }
    private let oldestIdentifier: RecordIdentifier?
    private let oldestDispute: Dispute?

    package init(
        records: Int,
        waiting: Int,
        voids: Int,
        oldest: (identifier: RecordIdentifier, dispute: Dispute)?
    ) {
        self.records = records
        self.waiting = waiting
        self.voids = voids
        oldestIdentifier = oldest?.identifier
        oldestDispute = oldest?.dispute
    }

    package static let none = DisputeSummary(records: 0, waiting: 0, voids: 0, oldest: nil)
}

/// Two branches of a feed, signed by that member, from a sequence on.
package struct Fork: Hashable, Sendable {
    package var feed: Digest
    package var member: MemberCode
    package var sequence: UInt64

    package init(feed: Digest, member: MemberCode, sequence: UInt64) {
        self.feed = feed
        self.member = member
        self.sequence = sequence
    }
}

/// What came back of one own feed that this store had lost.
package struct Regained: Hashable, Sendable {
    package var incarnation: Incarnation
    package var entries: Int
    /// When the first came, milliseconds since 1970 UTC.
    package var since: Int64

    package init(incarnation: Incarnation, entries: Int, since: Int64) {
        self.incarnation = incarnation
        self.entries = entries
        self.since = since
    }
}
