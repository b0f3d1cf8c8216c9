package import AllianceModel
package import ReplicationCore

/// A place in the node's local log, from 1, in the order in which things came to this node.
package typealias LogPosition = Int64

/// A node's durable memory, in the core's terms: append, apply, read, scan.
///
/// Synchronous and on one connection, so that a simulator runs it in one thread. Everything between
/// `begin` and `commit` becomes durable together or not at all; no other method commits. The one
/// writer of a node calls it; readers have `StoreReader`s of their own. After any thrown error but
/// `.full` before a commit the store is stopped: what was not committed is gone, and nothing more is
/// written until the node has been restarted.
package protocol Store: StoreReading, DisputeStore {
    func begin() throws(StoreError)
    /// Durable on return (fsync included).
    func commit() throws(StoreError)
    /// Undoes everything since `begin`.
    func rollback()

    /// Draws the line under the former incarnation: notes the last position it reached.
    func start(_ incarnation: Incarnation) throws(StoreError)

    // MARK: Feeds and log

    /// Begins a feed; its row number is the store's short name for it.
    func insertFeed(_ identity: FeedIdentity, digest: Digest) throws(StoreError) -> FeedRow
    /// Appends one entry and returns its position.
    func append(_ entry: NewEntry) throws(StoreError) -> LogPosition
    /// Notes that the held entry at `held` was applied now, and returns the position of that note.
    func appendRelease(of held: LogPosition) throws(StoreError) -> LogPosition
    /// Sets the feed's size, frontier and latest timestamp after its last append of a transaction.
    func updateTip(_ feed: FeedRow, _ tip: FeedTip) throws(StoreError)
    func insertHead(_ feed: FeedRow, _ head: SignedHead) throws(StoreError)

    // MARK: Records

    /// Stores a record that one changeset made: it points at its place in the log.
    func insertRecord(
        _ state: RecordState,
        madeAt position: LogPosition
    )
        throws(StoreError) -> RecordRow
    /// Stores the state after a further changeset was applied at `position`.
    func updateRecord(
        _ row: RecordRow,
        _ state: RecordState,
        appliedAt position: LogPosition
    )
        throws(StoreError)
    /// Links an applied entry to its record: at `applied` (its own position or its release's) the
    /// entry stored at `stored` took effect. Not called for the entry that made the record.
    func insertApplied(
        _ row: RecordRow,
        stored: LogPosition,
        applied: LogPosition
    )
        throws(StoreError)

    // MARK: Held

    /// `bytes`: of the entry.
    func insertHeld(_ held: HeldEntry, bytes: Int) throws(StoreError)
    /// Keeps what it waits for now: reason, detail, definition, next try, writer.
    func updateHeld(_ held: HeldEntry) throws(StoreError)
    func deleteHeld(_ position: LogPosition) throws(StoreError)

    // MARK: Agreement

    /// Stores a proposal that was not known; a known one changes nothing.
    func insertProposal(_ proposal: Proposal, at timestamp: HybridTimestamp) throws(StoreError)
    /// Stores an approval; a repeated one changes nothing.
    func insertApproval(_ approval: Approval, at timestamp: HybridTimestamp) throws(StoreError)

    /// Keeps a certificate for ever, so that what its key signed can always be judged; a known one
    /// changes nothing.
    func insertCertificate(_ certificate: KeyCertificate) throws(StoreError)

    // MARK: Requests and audit

    func insertRequest(_ request: RequestRow) throws(StoreError)
    /// Notes that a record came back as written by this member for a request.
    func insertRegained(request id: Bytes, of key: RecordKey) throws(StoreError)
    func insertAudit(_ audit: AuditRow) throws(StoreError)
}

/// The store's short name for a feed.
package struct FeedRow: Hashable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

/// The store's short name for a record.
package struct RecordRow: Hashable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

/// An entry to append.
package struct NewEntry: Sendable {
    package var feed: FeedRow
    /// Its sequence in the feed; one more than the last.
    package var sequence: UInt64
    package var leaf: Digest
    package var timestamp: HybridTimestamp
    package var bytes: EntryBytes
    /// True if it takes effect at its own position; false if it is held.
    package var isApplied: Bool
    /// False for statements, which are no change of a record: `applied(after:limit:)` skips them.
    package var isChangeset: Bool

    package init(
        feed: FeedRow,
        sequence: UInt64,
        leaf: Digest,
        timestamp: HybridTimestamp,
        bytes: EntryBytes,
        isApplied: Bool,
        isChangeset: Bool = true
    ) {
        self.feed = feed
        self.sequence = sequence
        self.leaf = leaf
        self.timestamp = timestamp
        self.bytes = bytes
        self.isApplied = isApplied
        self.isChangeset = isChangeset
    }
}

/// An entry as it was stored.
package struct StoredEntry: Hashable, Sendable {
    package var position: LogPosition
    package var feed: FeedRow
    package var sequence: UInt64
    package var bytes: EntryBytes

    package init(position: LogPosition, feed: FeedRow, sequence: UInt64, bytes: EntryBytes) {
        self.position = position
        self.feed = feed
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// A record as it is kept: one changeset's record points at the log, others hold their state.
package struct StoredRecord: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// The entry that made it; its state is `RecordJudge`'s of that changeset alone.
        case made(by: StoredEntry)
        /// `RecordState`'s encoding.
        case state(Bytes)
    }

    package var row: RecordRow
    package var key: RecordKey
    package var content: Content
    /// The last position at which something was applied to it.
    package var position: LogPosition

    package init(row: RecordRow, key: RecordKey, content: Content, position: LogPosition) {
        self.row = row
        self.key = key
        self.content = content
        self.position = position
    }
}

/// A changeset (or other entry) that is kept and waits.
package struct HeldEntry: Hashable, Sendable {
    package var position: LogPosition
    package var reason: HeldReason
    /// What it waits for, in words without values.
    package var detail: String
    /// Who wrote it.
    package var author: MemberCode
    package var timestamp: HybridTimestamp
    /// The record it waits on, for what waits on a record.
    package var key: RecordKey?
    /// The definition it waits on, if known.
    package var definition: Digest?
    /// When it came, milliseconds since 1970 UTC.
    package var since: Int64
    /// When to try again, or to ask again, milliseconds since 1970 UTC; nil: when what it waits for
    /// comes.
    package var nextTry: Int64?
    /// Whose write it waits for; nil where that is nobody's, or not known.
    package var waitsFor: Writer?

    package init(
        position: LogPosition,
        reason: HeldReason,
        detail: String,
        author: MemberCode,
        timestamp: HybridTimestamp,
        key: RecordKey?,
        definition: Digest?,
        since: Int64,
        nextTry: Int64?,
        waitsFor: Writer? = nil
    ) {
        self.position = position
        self.reason = reason
        self.detail = detail
        self.author = author
        self.timestamp = timestamp
        self.key = key
        self.definition = definition
        self.since = since
        self.nextTry = nextTry
        self.waitsFor = waitsFor
    }

    /// How long it rests before it is asked for again.
    package static let restMilliseconds: Int64 = 24 * 3_600_000

    /// It waits for nobody any more: whoever may have what it lacks was asked, and none gave it.
    ///
    /// They are asked again at `nextTry`; whatever comes of its record is tried at once all the same.
    package var rests: Bool { reason.isAskedFor && nextTry != nil }
}

/// What an idempotency key was used for, and what was answered.
package struct RequestRow: Hashable, Sendable {
    /// HMAC-SHA-256 of the client's key under the store's secret.
    package var key: Digest
    /// SHA-256 over method, path and body.
    package var request: Digest
    package var status: Int
    /// The printed id of what was made or changed.
    package var subject: String

    package init(key: Digest, request: Digest, status: Int, subject: String) {
        self.key = key
        self.request = request
        self.status = status
        self.subject = subject
    }
}

/// One line of the audit: who did what to which, with what result.
package struct AuditRow: Hashable, Sendable {
    package var sequence: Int64
    /// Milliseconds since 1970 UTC.
    package var time: Int64
    /// The token's name, or `socket:` and the peer's user.
    package var actor: String
    /// Method and route template.
    package var route: String
    /// Printed id of the record, or what else was acted on; nil if nothing in particular.
    package var subject: String?
    /// HTTP status.
    package var result: Int

    package init(
        sequence: Int64 = 0,
        time: Int64,
        actor: String,
        route: String,
        subject: String?,
        result: Int
    ) {
        self.sequence = sequence
        self.time = time
        self.actor = actor
        self.route = route
        self.subject = subject
        self.result = result
    }
}

/// A certificate whose key signed, or may sign, for a member.
package struct KeyCertificate: Hashable, Sendable {
    /// SHA-256 of `der`.
    package var digest: Digest
    package var member: MemberCode
    package var der: Bytes

    package init(digest: Digest, member: MemberCode, der: Bytes) {
        self.digest = digest
        self.member = member
        self.der = der
    }
}
