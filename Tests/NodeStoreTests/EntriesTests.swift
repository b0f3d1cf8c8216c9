import AllianceModel
import NodeStore
import ReplicationCore
import Testing

@Suite struct EntriesTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// Every entry in local order, as a test knows it.
    private struct Known {
        var feed: Digest
        var sequence: UInt64
        var bytes: EntryBytes
        var timestamp: HybridTimestamp
        var root: Digest
    }

    /// What one page must be, taken from the list of all entries.
    private func reference(
        _ known: [Known],
        _ ranges: [FeedRange],
        _ deliveryClass: DeliveryClass,
        bytesMaximum: Int
    ) -> ReadEntries {
        var page = ReadEntries(deliveryClass: deliveryClass, parts: [], items: [], hasMore: false)
        var bytes = 0
        for entry in known {
            guard let range = ranges.first(where: { $0.feed == entry.feed }),
                entry.sequence >= range.from
            else { continue }
            guard page.items.isEmpty || bytes + entry.bytes.count <= bytesMaximum else {
                page.hasMore = true
                break
            }
            bytes += entry.bytes.count
            let index = page.parts.firstIndex { $0.feed == entry.feed } ?? page.parts.count
            if index == page.parts.count {
                page.parts.append(
                    ReadEntries.Part(
                        feed: entry.feed,
                        first: entry.sequence,
                        root: entry.root,
                        last: entry.sequence
                    )
                )
            }
            page.parts[index].last = entry.sequence
            page.parts[index].root = entry.root
            page.items.append(
                ReadEntries.Item(part: index, bytes: entry.bytes, timestamp: entry.timestamp)
            )
        }
        return page
    }

    @Test(arguments: 0..<12)
    func `pages are those of a plain walk over all entries`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let store = try fixture.open()
        let identities = [
            identity(), identity(audience: .private),
            identity(audience: .members([fuzhou, putian])),
            identity(.init("350300") ?? fuzhou, incarnation: .max),
            identity(audience: .alliance, .urgent),
        ]
        var rows: [FeedRow] = []
        var known: [Known] = []
        try fixture.commit(store) {
            for identity in identities { rows.append(try fixture.feed(store, identity)) }
        }
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            try fixture.commit(store) {
                for _ in 0..<Int.random(in: 0...400, using: &generator) {
                    let row = rows[Int.random(in: 0..<rows.count, using: &generator)]
                    let bytes = entryBytes("x", generator: &generator, bytesMaximum: 900)
                    try fixture.append(store, row, bytes)
                    let tip = try #require(fixture.feeds[row])
                    known.append(
                        Known(
                            feed: tip.digest,
                            sequence: tip.size,
                            bytes: bytes,
                            timestamp: tip.latest,
                            root: tip.frontier.root(hash: sampleHash)
                        )
                    )
                }
            }
        }
        let normal = Set(identities.filter { $0.deliveryClass == .normal }.map { name(of: $0) })
        let readers = try store.readers(count: 2)
        for _ in 0..<40 {
            let ranges = identities.shuffled(using: &generator)
                .prefix(Int.random(in: 1...5, using: &generator))
                .map {
                    FeedRange(feed: name(of: $0), from: .random(in: 0...700, using: &generator))
                }
            let bytesMaximum = Int.random(in: 0...60_000, using: &generator)
            let expected = reference(
                known,
                ranges.filter { normal.contains($0.feed) },
                .normal,
                bytesMaximum: bytesMaximum
            )
            let page = try readers.read { reader throws(StoreError) in
                try reader.entries(ranges, .normal, bytesMaximum: bytesMaximum)
            }
            #expect(page == expected)
        }
    }

    private func name(of identity: FeedIdentity) -> Digest { identity.digest(hash: sampleHash) }

    @Test func `a catch-up in pages has every root right`() throws {
        let (store, feed) = try fixture.filled(5_000)
        let tip = try #require(fixture.feeds[feed])
        var frontier = MerkleFrontier()
        var from: UInt64 = 1
        var pages = 0
        while true {
            let range = FeedRange(feed: tip.digest, from: from)
            let page = try store.entries([range], .normal, bytesMaximum: 20_000)
            let part = try #require(page.parts.first)
            #expect(page.parts.count == 1 && part.first == from)
            for item in page.items {
                frontier.append(
                    EntryCoding.leaf(of: item.bytes, hash: sampleHash),
                    hash: sampleHash
                )
            }
            #expect(frontier.size == part.last)
            #expect(frontier.root(hash: sampleHash) == part.root)
            pages += 1
            from = part.last + 1
            guard page.hasMore else { break }
        }
        #expect(frontier == tip.frontier)
        #expect(pages > 10)
    }

    @Test func `a start anywhere finds its root over stored frontiers`() throws {
        let store = try fixture.open()
        var feed = FeedRow(rawValue: 0)
        try fixture.commit(store) { feed = try fixture.feed(store, identity()) }
        var roots: [Digest] = []
        for transaction in 0..<9 {
            try fixture.commit(store) {
                for number in 0..<500 {
                    try fixture.append(store, feed, entryBytes("\(transaction).\(number)"))
                    roots.append(
                        fixture.feeds[feed]?.frontier.root(hash: sampleHash) ?? digest("none")
                    )
                }
            }
        }
        // Opened again, so that nothing is remembered.
        let name = try #require(fixture.feeds[feed]).digest
        for from in [1, 2, 700, 1_500, 1_501, 2_999, 3_000, 3_001, 4_499] as [UInt64] {
            let readers = try store.readers(count: 1)
            let page = try readers.read { reader throws(StoreError) in
                try reader.entries([FeedRange(feed: name, from: from)], .normal, bytesMaximum: 1)
            }
            #expect(page.parts.map(\.root) == [roots[Int(from) - 1]])
            #expect(page.hasMore)
        }
    }

    // MARK: Others' feeds

    /// Two feeds of others whose heads stand at these sizes, of one byte string each.
    private func relayed(
        _ heads: [[UInt64]]
    ) throws -> (store: SQLiteStore, feeds: [Digest], heads: [[SignedHead]]) {
        let store = try fixture.open()
        var rows: [FeedRow] = []
        var stored: [[SignedHead]] = []
        let others = [
            identity(.init("350300") ?? fuzhou), identity(.init("350900") ?? fuzhou),
        ]
        try fixture.commit(store) {
            for (index, sizes) in heads.enumerated() {
                let row = try fixture.feed(store, others[index])
                rows.append(row)
                stored.append([])
                for sequence in 1...(sizes.last ?? 1) {
                    try fixture.append(store, row, entryBytes("\(index).\(sequence)"))
                    guard sizes.contains(sequence) else { continue }
                    let tip = try #require(fixture.feeds[row])
                    let head = SignedHead(
                        head: FeedHead(
                            feed: tip.digest,
                            size: sequence,
                            root: tip.frontier.root(hash: sampleHash)
                        ),
                        key: digest("key"),
                        signature: Bytes(repeating: UInt8(sequence), count: 64)
                    )
                    try store.insertHead(row, head)
                    stored[index].append(head)
                }
            }
        }
        return (store, try rows.map { try #require(fixture.feeds[$0]).digest }, stored)
    }

    @Test(arguments: [(1, 3), (2, 3), (3, 3), (4, 9), (9, 9), (10, 12)] as [(UInt64, UInt64)])
    func `another's feed is read up to a head that is stored, from anywhere`(
        from: UInt64,
        last: UInt64
    ) throws {
        let (store, feeds, heads) = try relayed([[3, 9, 12]])
        let range = FeedRange(feed: feeds[0], from: from, endsAtHead: true)
        // Room for one byte: the first group is taken all the same.
        let page = try store.entries([range], .normal, bytesMaximum: 1)
        let part = try #require(page.parts.first)
        #expect(page.parts.count == 1)
        #expect((part.first, part.last) == (from, last))
        #expect(part.head == heads[0].first { $0.head.size == last })
        #expect(part.root == part.head?.head.root)
        #expect(page.items.map(\.bytes) == (from...last).map { entryBytes("0.\($0)") })
        #expect(page.hasMore == (last < 12))
    }

    @Test func `as many groups are read as there is room for, feed after feed`() throws {
        let (store, feeds, heads) = try relayed([[2, 5], [1, 4]])
        let ranges = feeds.map { FeedRange(feed: $0, from: 1, endsAtHead: true) }
        let size = entryBytes("0.1").count
        for (room, lasts, hasMore) in [
            (1, [2], true), (4, [2], true), (5, [5], true), (6, [5, 1], true), (8, [5, 1], true),
            (9, [5, 4], false),
        ] as [(Int, [UInt64], Bool)] {
            let page = try store.entries(ranges, .normal, bytesMaximum: room * size)
            #expect(page.parts.map(\.last) == lasts, "\(room)")
            #expect(page.hasMore == hasMore, "\(room)")
            #expect(page.parts.map(\.feed) == Array(feeds.prefix(lasts.count)))
            #expect(
                page.parts.map(\.head)
                    == lasts.enumerated().map { place, last in
                        heads[place].first { $0.head.size == last }
                    }
            )
            #expect(UInt64(page.items.count) == lasts.reduce(0, +))
        }
    }

    @Test func `another's feed without a head to end at is not served`() throws {
        let store = try fixture.open()
        try fixture.commit(store) {
            let row = try fixture.feed(store, identity(.init("350300") ?? fuzhou))
            try fixture.append(store, row, entryBytes("bare"))
        }
        let feed = name(of: identity(.init("350300") ?? fuzhou))
        let range = FeedRange(feed: feed, from: 1, endsAtHead: true)
        let page = try store.entries([range], .normal, bytesMaximum: 1_000)
        #expect(page.items.isEmpty && page.parts.isEmpty && !page.hasMore)
    }

    @Test func `beyond a feed's end and in unknown feeds there is nothing`() throws {
        let (store, feed) = try fixture.filled(3)
        let name = try #require(fixture.feeds[feed]).digest
        for range in [
            FeedRange(feed: name, from: 4), FeedRange(feed: name, from: .max),
            FeedRange(feed: digest("no feed"), from: 1),
        ] {
            let page = try store.entries([range], .normal, bytesMaximum: 1_000)
            #expect(page.items.isEmpty && page.parts.isEmpty && !page.hasMore)
        }
        #expect(try store.entries([], .normal, bytesMaximum: 1_000).items.isEmpty)
    }

    @Test func `what is not committed is not served`() throws {
        let (store, feed) = try fixture.filled(3)
        let name = try #require(fixture.feeds[feed]).digest
        let readers = try store.readers(count: 1)
        try store.begin()
        try fixture.append(store, feed, entryBytes("open"))
        let range = FeedRange(feed: name, from: 1)
        #expect(try store.entries([range], .normal, bytesMaximum: 10_000).items.count == 3)
        let count = try readers.read { reader throws(StoreError) in
            try reader.entries([range], .normal, bytesMaximum: 10_000).items.count
        }
        #expect(count == 3)
        store.rollback()
    }
}
