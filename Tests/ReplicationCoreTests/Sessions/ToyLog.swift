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
        /// As received, by size.
        var heads: [UInt64: SignedHead] = [:]

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

    /// As if the head at the feed's present size had come with its last entry.
    mutating func keepHead(of identity: FeedIdentity) {
        let digest = identity.digest(hash: TestHash.quick)
        guard let tip = tip(digest) else { return }
        let root = tip.frontier.root(hash: TestHash.quick)
        let head = FeedHead(feed: digest, size: tip.size, root: root)
        feeds[digest]?.heads[tip.size] = ToyLog.sign(head, by: identity.member)
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
        for part in batch.parts { feeds[part.feed]?.heads[part.head.head.size] = part.head }
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
        if ranges.contains(where: \.endsAtHead) {
            return readRelayed(deliveryClass, ranges, bytesMaximum: bytesMaximum)
        }
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

    /// Feed after feed, from head to head.
    private func readRelayed(
        _ deliveryClass: DeliveryClass,
        _ ranges: [FeedRange],
        bytesMaximum: Int
    ) -> ReadEntries {
        var page = ReadEntries(deliveryClass: deliveryClass, parts: [], items: [], hasMore: false)
        var bytes = 0
        for range in ranges {
            guard let feed = feeds[range.feed] else { continue }
            var from = range.from
            for size in feed.heads.keys.sorted() where size >= from {
                let group = feed.entries[Int(from - 1)..<Int(size)]
                let count = group.reduce(0) { $0 + $1.bytes.count }
                guard page.items.isEmpty || bytes + count <= bytesMaximum else {
                    page.hasMore = true
                    return page
                }
                bytes += count
                let index = page.parts.firstIndex { $0.feed == range.feed } ?? page.parts.count
                if index == page.parts.count {
                    page.parts.append(
                        ReadEntries.Part(feed: range.feed, first: from, root: range.feed, last: 0)
                    )
                }
                page.parts[index].last = size
                page.parts[index].root = feed.heads[size]?.head.root ?? range.feed
                page.parts[index].head = feed.heads[size]
                page.items += group.map {
                    ReadEntries.Item(part: index, bytes: $0.bytes, timestamp: $0.timestamp)
                }
                from = size + 1
            }
        }
        return page
    }

    /// Answers a `.prove` of that member.
    func prove(_ prove: Prove, by member: MemberCode) -> Proved? {
        guard let feed = feeds[prove.feed] else { return nil }
        let isOwn = feed.identity.member == member
        let size = isOwn ? UInt64(feed.entries.count) : feed.heads.keys.max() ?? 0
        guard prove.sequence <= size, let entry = feed.entries[Int(size - 1)...].first else {
            return nil
        }
        let leaves = feed.entries.prefix(Int(size)).map(\.leaf)
        let head = FeedHead(feed: feed.digest, size: size, root: entry.root)
        return Proved(
            member: feed.identity.member,
            sequence: prove.sequence,
            leaf: leaves[Int(prove.sequence - 1)],
            path: MerkleTree.path(of: prove.sequence, leaves: leaves, hash: TestHash.quick),
            head: feed.heads[size] ?? ToyLog.sign(head, by: member)
        )
    }

    /// The frame that a peer decodes from entries that were read.
    func push(_ entries: ReadEntries) -> Push {
        Push(
            parts: entries.parts.compactMap { part in
                feeds[part.feed].map {
                    guard let head = part.head else {
                        return ToyLog.part(
                            $0.identity,
                            first: part.first,
                            size: part.last,
                            root: part.root
                        )
                    }
                    return Push.Part(identity: $0.identity, first: part.first, head: head)
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
            head: sign(
                FeedHead(
                    feed: identity.digest(hash: TestHash.quick),
                    size: size,
                    root: root
                ),
                by: identity.member
            )
        )
    }

    /// What stands for a signature here: who is to be taken for a member must not call it for others.
    static func sign(_ head: FeedHead, by member: MemberCode) -> SignedHead {
        let bytes = head.signedBytes(alliance: "fuzhou-metro", member: member)
        return SignedHead(
            head: head,
            key: TestHash.quick(Bytes(member.utf8)),
            signature: TestHash.quick([0xff] + bytes).bytes
        )
    }

    static func isSigned(_ head: SignedHead, by member: MemberCode) -> Bool {
        head == sign(head.head, by: member)
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
