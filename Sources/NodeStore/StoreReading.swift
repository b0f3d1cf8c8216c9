package import AllianceModel
package import ReplicationCore

/// What can be read of a node's store: by its writer inside a transaction, and by readers on
/// connections of their own, which see the last commit and never wait for the writer.
package protocol StoreReading: AnyObject {
    /// SHA-256.
    var hash: HashFunction { get }

    // MARK: Start

    /// Every feed there is with its durable tip.
    func feeds() throws(StoreError) -> [StoredFeed]
    /// The identity of one feed; readers may remember it, for it never changes.
    func feedIdentity(_ row: FeedRow) throws(StoreError) -> FeedIdentity?
    /// The identity of one feed with its digest.
    func knownFeed(_ row: FeedRow) throws(StoreError) -> KnownFeed?
    /// Every incarnation of this node and the positions it wrote, in order.
    func incarnations() throws(StoreError) -> [IncarnationSpan]
    /// 32 random bytes made with the store; keys the HMAC over idempotency keys.
    func requestSecret() throws(StoreError) -> Bytes
    /// The last position in the log; 0 when it is empty.
    func lastPosition() throws(StoreError) -> LogPosition

    // MARK: Log

    func entry(at position: LogPosition) throws(StoreError) -> StoredEntry?
    /// Entries of these feeds of one delivery class from each range's start on, in local order, about
    /// `bytesMaximum` bytes of them (at least one if there is any). Ranges that end at a head follow,
    /// feed after feed, in whole groups of entries up to a stored head each.
    func entries(
        _ ranges: [FeedRange],
        _ deliveryClass: DeliveryClass,
        bytesMaximum: Int
    )
        throws(StoreError) -> ReadEntries
    /// What took effect here after a position, in order.
    func applied(after position: LogPosition, limit: Int) throws(StoreError) -> [AppliedChange]

    // MARK: Records

    func record(_ key: RecordKey) throws(StoreError) -> StoredRecord?
    /// The record with that printed id: of several keys the smallest.
    func record(_ identifier: RecordIdentifier) throws(StoreError) -> StoredRecord?
    /// Every record with that printed id, the smallest key first: two headers under one id are two.
    func rows(of identifier: RecordIdentifier) throws(StoreError) -> [RecordRow]
    /// The entries that took effect on it up to a position, in the order in which they did.
    func history(_ row: RecordRow, upTo position: LogPosition) throws(StoreError) -> [AppliedEntry]
    /// Whether something took effect on the record at exactly that position, so that it looked otherwise
    /// from then on.
    func isApplied(_ row: RecordRow, at position: LogPosition) throws(StoreError) -> Bool
    /// Records that match, in the order in which they came to this node, after `cursor`. Exact at
    /// any time, however far behind the list index is.
    func list(_ query: RecordQuery) throws(StoreError) -> RecordPage
    /// Every record in key order after `key`, for checks.
    func records(after key: RecordKey?, limit: Int) throws(StoreError) -> [StoredRecord]
    /// Whether an entry of that feed took effect on the record.
    func touches(_ row: RecordRow, _ feed: FeedRow) throws(StoreError) -> Bool

    // MARK: Held

    func held(on key: RecordKey) throws(StoreError) -> [HeldEntry]
    func held(onDefinition digest: Digest) throws(StoreError) -> [HeldEntry]
    /// Those whose next try is due, oldest first; also what began to rest when the clock was ahead.
    func heldDue(at milliseconds: Int64, limit: Int) throws(StoreError) -> [HeldEntry]
    /// How many wait, by author and reason; without what rests.
    func heldCounts() throws(StoreError) -> [MemberCode: [HeldReason: UInt64]]
    func heldSummaries() throws(StoreError) -> [MemberCode: HeldSummary]
    func held(after position: LogPosition, limit: Int) throws(StoreError) -> [HeldEntry]
    /// Those that wait for somebody's write, do not rest and did not come within that time
    /// (milliseconds since 1970 UTC): before it, or when the clock was ahead. Those after a position,
    /// in its order.
    func heldWaiting(
        outside recent: ClosedRange<Int64>,
        after position: LogPosition,
        limit: Int
    ) throws(StoreError) -> [HeldEntry]
    func held(at position: LogPosition) throws(StoreError) -> HeldEntry?

    // MARK: Agreement

    func proposals() throws(StoreError) -> [(proposal: Proposal, timestamp: HybridTimestamp)]
    func approvals() throws(StoreError) -> [(approval: Approval, timestamp: HybridTimestamp)]

    /// Every certificate kept, in the order in which they came.
    func certificates() throws(StoreError) -> [KeyCertificate]

    // MARK: Requests and audit

    func request(_ key: Digest) throws(StoreError) -> RequestRow?
    /// The records that came back as written by this member for a request, by the id in the writes.
    func regained(request id: Bytes) throws(StoreError) -> [RecordKey]
    /// Newest first, before `sequence` if given.
    func audit(before sequence: Int64?, limit: Int) throws(StoreError) -> [AuditRow]
}

/// What never changes of a feed.
package struct KnownFeed: Hashable, Sendable {
    package var identity: FeedIdentity
    package var digest: Digest

    package init(identity: FeedIdentity, digest: Digest) {
        self.identity = identity
        self.digest = digest
    }

    /// Where an entry of it stands.
    package func provenance(_ sequence: UInt64) -> Provenance {
        Provenance(
            feed: digest,
            sequence: sequence,
            writer: identity.writer,
            audience: identity.audience
        )
    }
}

package struct StoredFeed: Hashable, Sendable {
    package var row: FeedRow
    package var tip: FeedTip

    package init(row: FeedRow, tip: FeedTip) {
        self.row = row
        self.tip = tip
    }
}

/// The positions that one incarnation of this node wrote.
package struct IncarnationSpan: Hashable, Sendable {
    package var incarnation: Incarnation
    /// The first position it could write.
    package var first: LogPosition
    /// The last position when the next incarnation started; nil for the present one.
    package var last: LogPosition?

    package init(incarnation: Incarnation, first: LogPosition, last: LogPosition?) {
        self.incarnation = incarnation
        self.first = first
        self.last = last
    }
}

/// An entry together with the position at which it took effect.
package struct AppliedEntry: Hashable, Sendable {
    package var entry: StoredEntry
    package var applied: LogPosition

    package init(entry: StoredEntry, applied: LogPosition) {
        self.entry = entry
        self.applied = applied
    }
}

/// One change that took effect here.
package struct AppliedChange: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case entry(StoredEntry)
        /// A record looks otherwise since a statement was taken in that bears on it.
        case judgedAgain(RecordRow)
    }

    package var applied: LogPosition
    package var content: Content

    package init(applied: LogPosition, content: Content) {
        self.applied = applied
        self.content = content
    }

    /// Nil where no entry was applied.
    package var entry: StoredEntry? {
        if case .entry(let entry) = content { entry } else { nil }
    }
}

/// What a list asks for; every given condition must hold.
package struct RecordQuery: Hashable, Sendable {
    package var item: Text?
    package var home: MemberCode?
    package var stage: Text?
    package var holder: MemberCode?
    /// The value, as its canonical text, of the field that the definition names as `subject`.
    package var subject: Text?
    /// Only records changed after this moment, milliseconds since 1970 UTC.
    package var updatedAfter: Int64?
    package var cursor: Bytes?
    /// 1 to 1,000.
    package var limit: Int

    package init(limit: Int) {
        self.limit = limit
    }
}

package struct RecordPage: Hashable, Sendable {
    package var records: [StoredRecord]
    /// Where the next page begins; nil at the end.
    package var next: Bytes?

    package init(records: [StoredRecord], next: Bytes?) {
        self.records = records
        self.next = next
    }
}
