package import AllianceModel

/// What is to be done, told by the replica; performed in order.
package enum ReplicaOutput: Hashable, Sendable {
    case send(LinkID, Message)
    /// Send entries that were read for this link; whoever performs it signs the heads (they are
    /// durable) and encodes the frame.
    case push(LinkID, ReadEntries)
    /// Store these verified entries and judge them, in one transaction; then `.persisted`.
    ///
    /// Never dropped, not even when the link is gone: the replica counts on it for every later
    /// link. Batches are stored in the order of their numbers.
    case persist(LinkID, ReceivedBatch)
    /// Read entries for a peer, at most about `bytesMaximum`; then `.read`. All ranges are of our own
    /// feeds, or all of others'.
    case read(LinkID, DeliveryClass, [FeedRange], bytesMaximum: Int)
    /// Look up where an entry of a feed stands under the greatest head that can be shown: a stored one,
    /// or, of our own feed, one signed now at its durable size; then `.proven`.
    case prove(LinkID, Prove, ProofPurpose)
    /// A peer asks for what is held here of these records; it is carried to it in our own feed, of
    /// those that it may see.
    case asked(LinkID, MemberCode, [RecordKey])
    /// Somebody holds a head of a feed of our present incarnation that we did not make, and that our
    /// key signed: another process runs as this one. Begin a new incarnation, raise an alarm.
    case forkSuspected(feed: Digest, theirs: SignedHead)
    /// A member signed two histories of a feed: append the proof to our alliance feed, and treat the
    /// feed as forked (`.forked`).
    case forkFound(ForkProof)
    /// A peer goes on naming what stands behind a fork that is known here: it has not heard of the
    /// proof. Say it in our alliance feed.
    case forkUnheard(feed: Digest)
    /// Send the fault, if there is one, and close.
    case close(LinkID, Fault?)
    /// Call back with `.timeout` at that moment; a later `.wake` replaces an earlier one.
    case wake(at: Monotonic)
}

/// Entries of one frame whose heads cover them, in the order of the frame.
package struct ReceivedBatch: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var identity: FeedIdentity
        package var feed: Digest
        /// Sequence of the first entry here; entries stored before are already left out.
        package var first: UInt64
        /// The frontier right after the last entry here.
        package var frontier: MerkleFrontier
        package var head: SignedHead

        package init(
            identity: FeedIdentity,
            feed: Digest,
            first: UInt64,
            frontier: MerkleFrontier,
            head: SignedHead
        ) {
            self.identity = identity
            self.feed = feed
            self.first = first
            self.frontier = frontier
            self.head = head
        }
    }

    package var number: UInt64
    package var parts: [Part]
    package var items: [Push.Item]

    package init(number: UInt64, parts: [Part], items: [Push.Item]) {
        self.number = number
        self.parts = parts
        self.items = items
    }
}

/// A peer as `status` shows it; unknown is nil, never 0.
package struct PeerStatus: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case current, behind, connecting, unreachable, refused, incompatible
    }

    package struct Lag: Hashable, Sendable {
        package var count: UInt64
        /// Timestamp of the oldest changeset counted; nil if none or unknown.
        package var oldest: HybridTimestamp?

        package init(count: UInt64, oldest: HybridTimestamp?) {
            self.count = count
            self.oldest = oldest
        }
    }

    package var member: MemberCode
    package var isConnected: Bool
    /// Nil until the peer has announced its heads on the present session.
    package var toSend: Lag?
    package var toApply: Lag?
    /// When the peer was last heard.
    package var lastHeard: Monotonic?
    /// The peer's clock minus ours.
    package var skewMilliseconds: Int64?
    package var software: Text?
    package var incarnation: Incarnation?
    /// Of the last session that ended by a Fault, ours or theirs.
    package var lastFault: Fault?
    /// True once the present session, or if there is none the last one, knew what the peer has and
    /// announces: what `DialSchedule` asks for.
    package var reachedHeads = false
    /// So much of its feeds waits here that no more of them is taken or asked for.
    package var isSlowed = false
    /// So much of ours waits there that it takes no more.
    package var isSlowing = false

    /// Both lags known and nothing in them.
    package var isCaughtUp: Bool {
        isConnected && toSend?.count == 0 && toApply?.count == 0
    }

    package init(member: MemberCode) {
        self.member = member
        isConnected = false
    }
}
