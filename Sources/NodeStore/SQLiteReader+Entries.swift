package import AllianceModel
package import ReplicationCore

extension SQLiteReader {
    package func entries(
        _ ranges: [FeedRange],
        _ deliveryClass: DeliveryClass,
        bytesMaximum: Int
    ) throws(StoreError) -> ReadEntries {
        var sources: [EntrySource] = []
        for range in ranges where !range.endsAtHead {
            if let source = try source(range, deliveryClass) { sources.append(source) }
        }
        var page = EntryPage(deliveryClass, bytesMaximum: bytesMaximum)
        defer { for source in sources { source.close(connection) } }
        while let (least, bound) = nearest(sources) {
            let source = sources[least]
            guard try take(from: source, before: bound, into: &page) else {
                page.read.hasMore = true
                break
            }
            if source.position == nil {
                source.close(connection)
                sources.remove(at: least)
            }
        }
        for (index, taken) in page.taken.enumerated() {
            page.read.parts[index].root = try root(after: taken)
        }
        for range in ranges where range.endsAtHead && !page.read.hasMore {
            try takeToHeads(range, deliveryClass, into: &page)
        }
        return page.read
    }

    /// Takes another's feed from head to head, since only its member signs others: whole groups of
    /// entries, each up to the next head, as far as the page has room (the page's first always has).
    private func takeToHeads(
        _ range: FeedRange,
        _ deliveryClass: DeliveryClass,
        into page: inout EntryPage
    ) throws(StoreError) {
        guard let source = try source(range, deliveryClass) else { return }
        defer { source.close(connection) }
        var sequence = max(range.from, 1)
        while sequence <= source.tip.size, let head = try head(source.feed, covering: sequence) {
            let isTaken = try take(from: source, sequence, upTo: head, into: &page)
            guard isTaken else {
                page.read.hasMore = true
                return
            }
            sequence = head.head.size + 1
        }
    }

    /// False, and nothing taken, if the page has no room for all of it.
    private func take(
        from source: EntrySource,
        _ first: UInt64,
        upTo head: SignedHead,
        into page: inout EntryPage
    ) throws(StoreError) -> Bool {
        let row = try source.row(connection)
        var items: [ReadEntries.Item] = []
        var bytes = 0
        for _ in first...head.head.size {
            guard source.position != nil else {
                throw connection.damage(
                    "feed row \(source.feed.rawValue) ends before its head of \(head.head.size)"
                )
            }
            let item = ReadEntries.Item(
                part: source.part ?? page.read.parts.count,
                bytes: connection.entryBytes(row, from: 4),
                timestamp: HybridTimestamp(rawValue: row.unsigned(2))
            )
            bytes += item.bytes.count
            guard page.hasRoom(for: bytes) else { return false }
            items.append(item)
            try source.advance(connection)
        }
        page.append(items, of: source, from: first, upTo: head)
        return true
    }

    /// The range's first entry; nil if the feed is unknown, of another class, or ends before it.
    private func source(
        _ range: FeedRange,
        _ deliveryClass: DeliveryClass
    )
        throws(StoreError) -> EntrySource?
    {
        // A peer's number: whatever lies beyond what a feed can hold is beyond its end.
        let from = Int64(clamping: max(range.from, 1))
        let source = try connection.first(
            "SELECT feed, size, frontier FROM feeds WHERE digest = ?1 AND class = ?2 AND size >= ?3",
            {
                $0.bind(1, range.feed)
                $0.bind(2, deliveryClass.name)
                $0.bind(3, from)
            },
            row: { (row) throws(StoreError) in
                EntrySource(
                    feed: FeedRow(rawValue: row.int(0)),
                    digest: range.feed,
                    tip: try connection.frontier(row, 2, size: row.unsigned(1)),
                    from: from
                )
            }
        )
        guard let source else { return nil }
        source.position = try connection.first(
            "SELECT position FROM log WHERE feed = ?1 AND sequence = ?2",
            {
                $0.bind(1, source.feed.rawValue)
                $0.bind(2, from)
            },
            row: { $0.int(0) }
        )
        guard source.position != nil else {
            throw connection.damage("entry \(from) of feed row \(source.feed.rawValue) is missing")
        }
        return source
    }

    /// The source whose next entry came first, and the position at which another one's turn comes.
    private func nearest(_ sources: [EntrySource]) -> (index: Int, bound: LogPosition)? {
        var least: (index: Int, position: LogPosition)?
        var bound = LogPosition.max
        for (index, source) in sources.enumerated() {
            guard let position = source.position else { continue }
            guard let nearer = least, position > nearer.position else {
                bound = least?.position ?? bound
                least = (index, position)
                continue
            }
            bound = min(bound, position)
        }
        return least.map { ($0.index, bound) }
    }

    /// Takes entries of one feed as long as they come before `bound`; false when the page is full.
    private func take(
        from source: EntrySource,
        before bound: LogPosition,
        into page: inout EntryPage
    ) throws(StoreError) -> Bool {
        let row = try source.row(connection)
        while let position = source.position, position < bound {
            let item = ReadEntries.Item(
                part: source.part ?? page.read.parts.count,
                bytes: connection.entryBytes(row, from: 4),
                timestamp: HybridTimestamp(rawValue: row.unsigned(2))
            )
            guard page.hasRoom(for: item.bytes.count) else { return false }
            page.append(
                item,
                of: source,
                sequence: row.unsigned(1),
                leaf: try connection.digest(row, 3)
            )
            try source.advance(connection)
        }
        return true
    }

    // MARK: Roots

    /// The root of a feed's tree after the entries that a page took of it.
    private func root(after taken: EntryPage.Taken) throws(StoreError) -> Digest {
        let isDurable = connection.mode == .reader || !connection.isInTransaction
        if taken.last == taken.tip.size {
            if isDurable { frontiers.insert(taken.tip, of: taken.feed) }
            return taken.tip.root(hash: settings.hash)
        }
        var frontier = try frontier(of: taken.feed, at: taken.last - UInt64(taken.leaves.count))
        for leaf in taken.leaves { frontier.append(leaf, hash: settings.hash) }
        if isDurable { frontiers.insert(frontier, of: taken.feed) }
        return frontier.root(hash: settings.hash)
    }

    /// The frontier of a feed at a size that it has reached: where a page ended lately, or from the
    /// nearest one stored and the leaves behind it.
    package func frontier(of feed: FeedRow, at size: UInt64) throws(StoreError) -> MerkleFrontier {
        if size == 0 { return MerkleFrontier() }
        if let frontier = frontiers.frontier(of: feed, at: size) { return frontier }
        let nearest = try connection.first(
            """
            SELECT size, frontier FROM frontiers WHERE feed = ?1 AND size <= ?2
            ORDER BY size DESC LIMIT 1
            """,
            {
                $0.bind(1, feed.rawValue)
                $0.bind(2, size)
            },
            row: { (row) throws(StoreError) in
                try connection.frontier(row, 1, size: row.unsigned(0))
            }
        )
        var frontier = nearest ?? MerkleFrontier()
        try connection.forEach(
            """
            SELECT leaf FROM log WHERE feed = ?1 AND sequence > ?2 AND sequence <= ?3
            ORDER BY sequence
            """,
            {
                $0.bind(1, feed.rawValue)
                $0.bind(2, frontier.size)
                $0.bind(3, size)
            },
            row: { (row) throws(StoreError) in
                frontier.append(try connection.digest(row, 0), hash: settings.hash)
                return true
            }
        )
        guard frontier.size == size else {
            throw connection.damage("feed row \(feed.rawValue) lacks entries before \(size)")
        }
        return frontier
    }
}
