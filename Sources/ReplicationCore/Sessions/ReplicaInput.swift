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
    case persisted(LinkID, batch: UInt64, tips: [FeedTip], held: HeldSummary)
    /// The answer to `.read`: entries in local order; empty when there are none.
    case read(LinkID, ReadEntries)
    /// How many changesets of a member's feeds this node holds, when that changed.
    case heldChanged(MemberCode, HeldSummary)
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
    package var count: UInt64
    package var oldest: HybridTimestamp?

    package init(count: UInt64, oldest: HybridTimestamp?) {
        self.count = count
        self.oldest = oldest
    }

    package static let none = HeldSummary(count: 0, oldest: nil)
}

/// Which part of a feed to read.
package struct FeedRange: Hashable, Sendable {
    package var feed: Digest
    /// First sequence.
    package var from: UInt64

    package init(feed: Digest, from: UInt64) {
        self.feed = feed
        self.from = from
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

        package init(feed: Digest, first: UInt64, root: Digest, last: UInt64) {
            self.feed = feed
            self.first = first
            self.root = root
            self.last = last
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

    package init(deliveryClass: DeliveryClass, parts: [Part], items: [Item], hasMore: Bool) {
        self.deliveryClass = deliveryClass
        self.parts = parts
        self.items = items
        self.hasMore = hasMore
    }
}
