package import AllianceModel

/// One connection to a peer, numbered by whoever drives the core; never reused in a process.
package struct LinkID: Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What happened, told to the replica.
package enum ReplicaInput: Hashable, Sendable {
    /// A TLS connection stands; the peer's certificate was judged to be this member's.
    case connected(LinkID, peer: MemberCode, dialled: Bool, wallMilliseconds: Int64)
    /// A frame was decoded. Leaves were computed and head signatures checked on the way.
    case received(LinkID, Message, wallMilliseconds: Int64)
    /// The connection broke or was closed, by whomever.
    case disconnected(LinkID)
    /// Entries of our own feeds became durable: the new heads, in the order of their appending.
    case appended([FeedTip])
    /// Entries of a `.persist` became durable, in whole; also when the link is gone by then.
    ///
    /// `tips` are those of its parts, in their order; `held` is of the first one's member.
    case persisted(LinkID, batch: UInt64, tips: [FeedTip], held: HeldSummary)
    /// The answer to `.read`: entries in local order; empty when there are none.
    case read(LinkID, ReadEntries)
    /// How many changesets of a member's feeds this node holds, when that changed.
    case heldChanged(MemberCode, HeldSummary)
    /// The answer to `.prove`: the entry's leaf with its path to the greatest signed head there is;
    /// nil if there is no such entry, or no head that covers it.
    case proven(LinkID, Prove, Proved?, ProofPurpose)
    /// A feed is proven to be forked, by a proof that bears on it.
    case forked(ForkedFeed)
    /// This node writes under a new incarnation from now on: its peers must hear of it.
    case incarnationBegun(Incarnation)
    /// Ask that peer for what it holds of these records; dropped while it is not connected.
    case ask([RecordKey], of: MemberCode)
    /// The moment asked for by `.wake` came. Reads the wall clock along with it.
    case timeout(wallMilliseconds: Int64)
    /// Say farewell to everybody: the node stops.
    case stopping
}

/// A feed at its present durable size.
package struct FeedTip: Hashable, Sendable {
    package var identity: FeedIdentity
    package var digest: Digest
    package var frontier: MerkleFrontier
    /// Timestamp of the entry at the tip.
    package var latest: HybridTimestamp

    package var size: UInt64 { frontier.size }

    package init(
        identity: FeedIdentity,
        digest: Digest,
        frontier: MerkleFrontier,
        latest: HybridTimestamp
    ) {
        self.identity = identity
        self.digest = digest
        self.frontier = frontier
        self.latest = latest
    }
}

/// Held changesets of one author at one node.
package struct HeldSummary: Hashable, Sendable {
    /// Those that wait; what rests is no lag.
    package var count: UInt64
    /// Of those that wait.
    package var oldest: HybridTimestamp?
    /// Those that rest: every member was asked for what they wait for, and none gave it.
    ///
    /// 0 where a peer tells of what it holds.
    package var resting: UInt64
    /// Of the entries of all; 0 where a peer tells of what it holds.
    package var bytes: UInt64

    package init(
        count: UInt64,
        oldest: HybridTimestamp?,
        resting: UInt64 = 0,
        bytes: UInt64 = 0
    ) {
        self.count = count
        self.oldest = oldest
        self.resting = resting
        self.bytes = bytes
    }

    package static let none = HeldSummary(count: 0, oldest: nil)
}

/// From which sequence on a feed is void, as the least one proven forked.
package struct ForkedFeed: Hashable, Sendable {
    package var feed: Digest
    /// At least 1.
    package var from: UInt64
    /// Root of the feed's tree over the entries before it; nil if not all of them are stored here, or
    /// there are none.
    package var prefix: Digest?

    package init(feed: Digest, from: UInt64, prefix: Digest?) {
        self.feed = feed
        self.from = from
        self.prefix = prefix
    }
}

/// What a path is read for.
package enum ProofPurpose: Hashable, Sendable {
    /// A peer asked for it.
    case answer
    /// To be compared with a peer's.
    case search
}

/// Which part of a feed to read.
package struct FeedRange: Hashable, Sendable {
    package var feed: Digest
    /// First sequence.
    package var from: UInt64
    /// False: the feed is this member's own, which signs a head wherever the reading ends.
    ///
    /// True: it is another's, and the reading has to end at a stored head.
    package var endsAtHead: Bool

    package init(feed: Digest, from: UInt64, endsAtHead: Bool = false) {
        self.feed = feed
        self.from = from
        self.endsAtHead = endsAtHead
    }
}

/// A run of entries read back for a peer: `parts` name the feeds, each with its frontier right after
/// its last entry here, so that a head can be signed for it.
package struct ReadEntries: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var feed: Digest
        package var first: UInt64
        package var root: Digest
        /// Sequence of the last entry here, the size of the head.
        package var last: UInt64
        /// Of another member's feed: its stored head at `last`.
        ///
        /// Nil: of our own, to be signed.
        package var head: SignedHead?

        package init(
            feed: Digest,
            first: UInt64,
            root: Digest,
            last: UInt64,
            head: SignedHead? = nil
        ) {
            self.feed = feed
            self.first = first
            self.root = root
            self.last = last
            self.head = head
        }
    }

    package struct Item: Hashable, Sendable {
        package var part: Int
        package var bytes: EntryBytes
        /// The entry's timestamp.
        package var timestamp: HybridTimestamp

        package init(part: Int, bytes: EntryBytes, timestamp: HybridTimestamp) {
            self.part = part
            self.bytes = bytes
            self.timestamp = timestamp
        }
    }

    package var deliveryClass: DeliveryClass
    package var parts: [Part]
    package var items: [Item]
    /// True if more stood beyond the byte limit.
    package var hasMore: Bool
    /// Certificates (DER) of keys other than this member's present one that signed what is here; put
    /// in by whoever performs a push.
    package var certificates: [Bytes] = []

    package init(deliveryClass: DeliveryClass, parts: [Part], items: [Item], hasMore: Bool) {
        self.deliveryClass = deliveryClass
        self.parts = parts
        self.items = items
        self.hasMore = hasMore
    }
}
