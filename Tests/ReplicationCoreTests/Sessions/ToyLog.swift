import AllianceModel

@testable import ReplicationCore

/// A node's log as arrays: what NodeStore is to the replica, in memory.
struct ToyLog: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var bytes: EntryBytes
        var leaf: Digest
        var timestamp: HybridTimestamp
        /// Root of the feed right after it.
        var root: Digest
        var frontier: MerkleFrontier
    }

    struct Feed: Hashable, Sendable {
        var identity: FeedIdentity
        var digest: Digest
        var entries: [Entry] = []

        var tip: FeedTip {
            FeedTip(
                identity: identity,
                digest: digest,
                frontier: entries.last?.frontier ?? MerkleFrontier(),
                latest: entries.last?.timestamp ?? .zero
            )
        }
    }

    private(set) var feeds: [Digest: Feed] = [:]
    /// Local order: feed and sequence.
    private(set) var order: [FeedRange] = []

    var tips: [FeedTip] {
        feeds.values.map(\.tip).sorted { $0.digest < $1.digest }
    }

    func tip(_ feed: Digest) -> FeedTip? { feeds[feed]?.tip }

    static func bytes(_ content: Bytes) -> EntryBytes {
        EntryBytes(opening: [], writes: [], salt: [], body: content[...])
    }

    @discardableResult
    mutating func append(
        to identity: FeedIdentity,
        _ content: Bytes,
        at timestamp: HybridTimestamp
    ) -> FeedTip {
        let digest = identity.digest(hash: TestHash.quick)
        let leaf = TestHash.quick([0] + content)
        insert(identity, digest, ToyLog.bytes(content), leaf, timestamp)
        return feeds[digest]?.tip
            ?? FeedTip(
                identity: identity,
                digest: digest,
                frontier: MerkleFrontier(),
                latest: .zero
            )
    }

    private mutating func insert(
        _ identity: FeedIdentity,
        _ digest: Digest,
        _ bytes: EntryBytes,
        _ leaf: Digest,
        _ timestamp: HybridTimestamp
    ) {
        var feed = feeds[digest] ?? Feed(identity: identity, digest: digest)
        var frontier = feed.tip.frontier
        frontier.append(leaf, hash: TestHash.quick)
        feed.entries.append(
            Entry(
                bytes: bytes,
                leaf: leaf,
                timestamp: timestamp,
                root: frontier.root(hash: TestHash.quick),
                frontier: frontier
            )
        )
        feeds[digest] = feed
        order.append(FeedRange(feed: digest, from: UInt64(feed.entries.count)))
    }

    /// Stores a batch; returns the tips, or nil if it does not go on where the feed ends.
    mutating func store(_ batch: ReceivedBatch) -> [FeedTip]? {
        var next = batch.parts.map(\.first)
        for item in batch.items {
            let part = batch.parts[item.part]
            guard next[item.part] == (feeds[part.feed]?.entries.count).map({ UInt64($0) + 1 }) ?? 1
            else { return nil }
            insert(
                part.identity,
                part.feed,
                item.bytes,
                item.leaf,
                HybridTimestamp(rawValue: next[item.part])
            )
            next[item.part] += 1
        }
        guard batch.parts.allSatisfy({ tip($0.feed)?.frontier == $0.frontier }) else { return nil }
        return batch.parts.compactMap { tip($0.feed) }
    }

    /// Answers a `.read`.
    func read(
        _ deliveryClass: DeliveryClass,
        _ ranges: [FeedRange],
        bytesMaximum: Int
    )
        -> ReadEntries
    {
        let wanted = Dictionary(uniqueKeysWithValues: ranges.map { ($0.feed, $0.from) })
        var parts: [ReadEntries.Part] = []
        var items: [ReadEntries.Item] = []
        var bytes = 0
        var hasMore = false
        for place in order {
            guard let from = wanted[place.feed], place.from >= from,
                let entry = feeds[place.feed]?.entries[Int(place.from) - 1]
            else { continue }
            guard bytes < bytesMaximum else {
                hasMore = true
                break
            }
            bytes += entry.bytes.count
            let index = parts.firstIndex { $0.feed == place.feed } ?? parts.count
            if index == parts.count {
                parts.append(
                    ReadEntries.Part(
                        feed: place.feed,
                        first: place.from,
                        root: entry.root,
                        last: place.from
                    )
                )
            }
            parts[index].root = entry.root
            parts[index].last = place.from
            items.append(
                ReadEntries.Item(part: index, bytes: entry.bytes, timestamp: entry.timestamp)
            )
        }
        return ReadEntries(
            deliveryClass: deliveryClass,
            parts: parts,
            items: items,
            hasMore: hasMore
        )
    }

    /// The frame that a peer decodes from entries that were read.
    func push(_ entries: ReadEntries) -> Push {
        Push(
            parts: entries.parts.compactMap { part in
                feeds[part.feed].map {
                    ToyLog.part($0.identity, first: part.first, size: part.last, root: part.root)
                }
            },
            items: entries.items.map {
                Push.Item(
                    part: $0.part,
                    bytes: $0.bytes,
                    leaf: TestHash.quick([0] + $0.bytes.body),
                    content: .unknown(kind: 9, timestamp: $0.timestamp)
                )
            },
            frameBytes: entries.items.reduce(0) { $0 + $1.bytes.count } + 64
        )
    }

    static func part(
        _ identity: FeedIdentity,
        first: UInt64,
        size: UInt64,
        root: Digest
    )
        -> Push.Part
    {
        Push.Part(
            identity: identity,
            first: first,
            head: SignedHead(
                head: FeedHead(
                    feed: identity.digest(hash: TestHash.quick),
                    size: size,
                    root: root
                ),
                key: root,
                signature: []
            )
        )
    }

    /// A frame with a feed's entries from one sequence to another.
    func push(_ identity: FeedIdentity, from first: UInt64, to last: UInt64) -> Push {
        let digest = identity.digest(hash: TestHash.quick)
        let entries = (feeds[digest]?.entries ?? [])[Int(first - 1)..<Int(last)]
        return Push(
            parts: [
                ToyLog.part(
                    identity,
                    first: first,
                    size: last,
                    root: entries.last?.root ?? digest
                )
            ],
            items: entries.map {
                Push.Item(
                    part: 0,
                    bytes: $0.bytes,
                    leaf: $0.leaf,
                    content: .unknown(kind: 9, timestamp: $0.timestamp)
                )
            },
            frameBytes: 1_000
        )
    }
}
