package import AllianceModel
package import NodeStore
package import ReplicationCore

/// Everything that `status`, `peers` and `metrics` are made from, read at one moment.
package struct NodeObservation: Sendable {
    /// What is known of the links to one peer, beside what the replica knows of its session.
    package struct Link: Hashable, Sendable {
        package var member: MemberCode
        package var session: PeerStatus
        /// Where this node dials it.
        package var address: String
        /// A stable code: `connect_timeout`, `connect_refused`, `expired`, `roster_differs`, ...; nil
        /// when the last attempt went well.
        package var reason: String?
        /// Words for a person, such as the address tried; no secret, no value.
        package var detail: String?
        /// True if the reason is a refusal of a certificate or identity, by either side.
        package var isRefusal: Bool
        /// Milliseconds until the next dial; nil while connected or being dialled.
        package var nextTryMilliseconds: Int64?
        /// When it was last heard, milliseconds since 1970 UTC; nil: never in this process.
        package var lastHeard: Int64?
        /// Since when it has been out of reach, milliseconds since 1970 UTC; nil while connected.
        ///
        /// Connections that were refused, either way, do not begin it anew.
        package var unreachableSince: Int64?
        /// True while a connection stands, whose session may not have begun yet.
        package var isOpen: Bool
        /// When its certificate ends, milliseconds since 1970 UTC, if it was ever seen.
        package var certificateEnds: Int64?
        package var bytesSent: UInt64
        package var bytesReceived: UInt64
        /// Changesets of this member that wait here, by reason.
        package var held: [HeldReason: UInt64]
        /// Those that rest: all who may have what they wait for were asked, and none gave it.
        package var heldResting: UInt64 = 0
        /// Timestamp of the oldest of these, from the store: known also while the member is away.
        package var heldOldest: HybridTimestamp?
        /// What came of comparing records with it.
        package var comparison = Comparison()

        package init(member: MemberCode, session: PeerStatus, address: String) {
            self.member = member
            self.session = session
            self.address = address
            isRefusal = false
            isOpen = false
            bytesSent = 0
            bytesReceived = 0
            held = [:]
        }
    }

    /// Comparisons with one peer, by the node itself or by `verify`, in this process.
    package struct Comparison: Hashable, Sendable {
        package var equal: UInt64 = 0
        package var differing: UInt64 = 0
        package var unanswered: UInt64 = 0
        /// Milliseconds since the peer answered last; nil: never.
        package var answeredMilliseconds: Int64?
        /// Records that differ and that no change on its way explains, and the first of them.
        package var standing = 0
        package var example: RecordIdentifier?
        /// For how long the eldest is known to differ, milliseconds.
        package var standsMilliseconds: Int64?

        package init() {}
    }

    package var member: MemberCode
    package var roster: Roster
    package var rosterDigest: Digest
    package var incarnation: Incarnation
    /// Milliseconds since the process was serving.
    package var upMilliseconds: Int64
    /// Wall clock, milliseconds since 1970 UTC.
    package var now: Int64
    /// Sorted by member.
    package var links: [Link]
    /// Refused connections of nobody known, by reason.
    package var strangers: [String: UInt64]
    package var certificateEnds: Int64
    /// Nil: one of the authorities has no list.
    package var revocationsNextUpdate: Int64?
    package var storeProblem: Refusal?
    /// Bytes free and in all where the data folder is; nil if it cannot be asked.
    package var disk: (free: UInt64, total: UInt64)?
    /// The log's clock minus the wall clock, and the bound.
    package var clockAheadMilliseconds: Int64
    package var clockBoundMilliseconds: Int64
    package var itemsEffective: Int
    /// The log's end; nil if it could not be read.
    package var lastPosition: Int64?
    /// Nil: the writer has ended.
    package var commits: UInt64?
    package var writes: UInt64?
    /// Nil where it cannot be asked.
    package var residentBytes: UInt64?
    package var disputes = DisputeSummary.none
    /// Feeds of which two branches were proven.
    package var forks: [Fork] = []
    /// What came back from peers of this member's own earlier feeds.
    package var regained: [Regained] = []
    /// Starts of members of which something is lost for good, so that nobody waits for it; those of
    /// which a feed is known to be forked are left out.
    package var gone: Set<Writer> = []
    /// Members that stand by several definitions of one number.
    package var repeatedVotes: [AgreementState.RepeatedVote] = []

    package init(
        member: MemberCode,
        roster: Roster,
        rosterDigest: Digest,
        incarnation: Incarnation,
        upMilliseconds: Int64,
        now: Int64,
        links: [Link],
        strangers: [String: UInt64],
        certificateEnds: Int64,
        revocationsNextUpdate: Int64?,
        storeProblem: Refusal?,
        disk: (free: UInt64, total: UInt64)?,
        clockAheadMilliseconds: Int64,
        clockBoundMilliseconds: Int64,
        itemsEffective: Int,
        lastPosition: Int64?,
        commits: UInt64?,
        writes: UInt64?,
        residentBytes: UInt64?
    ) {
        self.member = member
        self.roster = roster
        self.rosterDigest = rosterDigest
        self.incarnation = incarnation
        self.upMilliseconds = upMilliseconds
        self.now = now
        self.links = links
        self.strangers = strangers
        self.certificateEnds = certificateEnds
        self.revocationsNextUpdate = revocationsNextUpdate
        self.storeProblem = storeProblem
        self.disk = disk
        self.clockAheadMilliseconds = clockAheadMilliseconds
        self.clockBoundMilliseconds = clockBoundMilliseconds
        self.itemsEffective = itemsEffective
        self.lastPosition = lastPosition
        self.commits = commits
        self.writes = writes
        self.residentBytes = residentBytes
    }
}
