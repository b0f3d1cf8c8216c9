import AllianceModel

/// Every feed this node has, at its durable size and at the size handed to the store.
///
/// A forked feed ends, for whatever is said and compared, before the least sequence proven forked: up to
/// there all have the same, and nothing beyond counts.
///
/// Digests over many feeds are made only when asked for and kept until a feed grows: a write costs
/// one inner node, never a walk over the feeds.
struct FeedTable: Sendable {
    struct Row: Sendable {
        let identity: FeedIdentity
        let digest: Digest
        /// Durable; empty while the first entries are on their way to the disk.
        var frontier = MerkleFrontier()
        /// Of `frontier`; nil until somebody asks.
        var root: Digest?
        /// With what was handed to the store and is not known to be durable; nil: nothing is.
        var pending: MerkleFrontier?
        /// Timestamp of the last durable entry.
        var latest = HybridTimestamp.zero
        /// The least sequence proven forked; nil: none is.
        var fork: UInt64?
        /// Root right before `fork`, once that much was received.
        var prefix: Digest?

        /// Durable, and before any fork.
        var size: UInt64 { min(frontier.size, (fork ?? .max) - 1) }
        var received: MerkleFrontier { pending ?? frontier }
        /// Nothing more of it is to come: what follows is forked.
        var isClosed: Bool { fork.map { received.size >= $0 - 1 } ?? false }
    }

    private(set) var rows: [Digest: Row] = [:]
    /// All feeds, sorted.
    private var order: [Digest] = []
    /// Each member's feeds, sorted.
    private var digests: [MemberCode: [Digest]] = [:]
    private var common: [MemberCode: (version: UInt64, digest: Digest)] = [:]
    /// Of feeds that are not here yet, too.
    private var forks: [Digest: ForkedFeed] = [:]
    /// Rises whenever a durable size changes.
    private(set) var version: UInt64 = 0
    private let hash: HashFunction

    init(_ tips: [FeedTip], forks: [ForkedFeed] = [], hash: @escaping HashFunction) {
        self.hash = hash
        for tip in tips where rows[tip.digest] == nil {
            rows[tip.digest] = Row(
                identity: tip.identity,
                digest: tip.digest,
                frontier: tip.frontier,
                latest: tip.latest
            )
            digests[tip.identity.member, default: []].append(tip.digest)
        }
        order = rows.keys.sorted()
        for member in digests.keys { digests[member]?.sort() }
        for fork in forks { setForked(fork) }
    }

    subscript(_ feed: Digest) -> Row? { rows[feed] }

    func count(of member: MemberCode) -> Int { digests[member]?.count ?? 0 }

    /// Digests of the feeds of one incarnation, sorted.
    func feeds(of writer: Writer) -> [Digest] {
        (digests[writer.member] ?? []).filter { rows[$0]?.identity.writer == writer }
    }

    /// That member's feeds that a peer may see, sorted by digest; those with nothing durable too.
    func rows(of member: MemberCode, visibleTo peer: MemberCode) -> [Row] {
        (digests[member] ?? []).compactMap { rows[$0] }
            .filter { $0.identity.audience.includes(peer) }
    }

    /// The least sequence proven forked, also of a feed that is not here yet.
    func fork(of feed: Digest) -> UInt64? { forks[feed]?.from }

    // MARK: Growing

    /// Entries up to this tip are durable.
    mutating func setDurable(_ tip: FeedTip) {
        insert(tip.identity, tip.digest)
        guard var row = rows[tip.digest], tip.size > row.frontier.size else { return }
        row.frontier = tip.frontier
        row.root = nil
        row.latest = tip.latest
        if let pending = row.pending, pending.size <= tip.size { row.pending = nil }
        rows[tip.digest] = row
        version &+= 1
    }

    /// Entries up to this frontier were verified and handed to the store.
    ///
    /// `prefix` is the root right before its fork, if the feed has one and it was passed now.
    mutating func setReceived(
        _ identity: FeedIdentity,
        _ digest: Digest,
        _ frontier: MerkleFrontier,
        prefix: Digest? = nil
    ) {
        insert(identity, digest)
        rows[digest]?.pending = frontier
        if let prefix { rows[digest]?.prefix = prefix }
    }

    /// A feed is proven to be forked from a sequence on; the least counts.
    mutating func setForked(_ forked: ForkedFeed) {
        if let known = forks[forked.feed] {
            // The same again may bring the prefix.
            guard forked.from < known.from || forked.from == known.from && forked.prefix != nil
            else { return }
        }
        guard forked.from >= 1 else { return }
        forks[forked.feed] = forked
        guard var row = rows[forked.feed] else { return }
        row.fork = forked.from
        row.prefix = forked.prefix
        row.root = nil
        rows[forked.feed] = row
        version &+= 1
    }

    private mutating func insert(_ identity: FeedIdentity, _ digest: Digest) {
        guard rows[digest] == nil else { return }
        rows[digest] = Row(identity: identity, digest: digest, fork: forks[digest]?.from)
        order.insertSorted(digest)
        digests[identity.member, default: []].insertSorted(digest)
    }

    // MARK: Digests

    /// The root at the durable size.
    mutating func root(of feed: Digest) -> Digest? {
        guard let row = rows[feed] else { return nil }
        if let root = row.root { return root }
        // A prefix that is not known yet leaves the root of all there is: it will not be equal to
        // anybody's, and nothing follows from that.
        let isWhole = row.size == row.frontier.size
        let root =
            isWhole ? row.frontier.root(hash: hash) : row.prefix ?? row.frontier.root(hash: hash)
        rows[feed]?.root = root
        return root
    }

    /// Over all feeds that this node has and whose audience includes that peer.
    mutating func commonDigest(with peer: MemberCode) -> Digest {
        if let known = common[peer], known.version == version { return known.digest }
        let digest = digest(over: order, visibleTo: peer)
        common[peer] = (version, digest)
        return digest
    }

    /// What a peer may see of each member's feeds, one digest a member, sorted by member.
    mutating func memberGroups(visibleTo peer: MemberCode) -> [Have.Group<MemberCode>] {
        digests.keys.sorted().compactMap { member in
            let feeds = visibleDigests(of: member, to: peer)
            guard !feeds.isEmpty else { return nil }
            return Have.Group(name: member, digest: digest(over: feeds, visibleTo: peer))
        }
    }

    /// The same of each incarnation of one member, sorted.
    mutating func incarnationGroups(
        of member: MemberCode,
        visibleTo peer: MemberCode
    ) -> [Have.Group<Incarnation>] {
        let feeds = visibleDigests(of: member, to: peer)
        let groups = Dictionary(grouping: feeds) { rows[$0]?.identity.writer.incarnation }
        return groups.keys.compactMap(\.self).sorted().map { incarnation in
            Have.Group(
                name: incarnation,
                digest: digest(over: groups[incarnation] ?? [], visibleTo: peer)
            )
        }
    }

    /// The feeds of one incarnation with their durable sizes, sorted by digest.
    mutating func feedSizes(of writer: Writer, visibleTo peer: MemberCode) -> [Have.FeedSize] {
        visibleDigests(of: writer.member, to: peer).compactMap { feed in
            guard let row = rows[feed], row.identity.writer == writer, let root = root(of: feed)
            else { return nil }
            return Have.FeedSize(identity: row.identity, size: row.size, root: root)
        }
    }

    private func visibleDigests(of member: MemberCode, to peer: MemberCode) -> [Digest] {
        (digests[member] ?? []).filter { isVisible($0, to: peer) }
    }

    private func isVisible(_ feed: Digest, to peer: MemberCode) -> Bool {
        guard let row = rows[feed] else { return false }
        return row.size > 0 && row.identity.audience.includes(peer)
    }

    /// SHA-256 over (feed digest, size, root) of those that the peer may see: 32, 8 and 32 bytes.
    private mutating func digest(over feeds: [Digest], visibleTo peer: MemberCode) -> Digest {
        var bytes: Bytes = []
        for feed in feeds where isVisible(feed, to: peer) {
            guard let row = rows[feed], let root = root(of: feed) else { continue }
            feed.withUnsafeBytes { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: row.size.bigEndianBytes)
            root.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        return bytes.withUnsafeBytes(hash)
    }
}

extension [Digest] {
    fileprivate mutating func insertSorted(_ digest: Digest) {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < digest { low = middle + 1 } else { high = middle }
        }
        insert(digest, at: low)
    }
}
