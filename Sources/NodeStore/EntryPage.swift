import AllianceModel
import GRDBSQLite
import ReplicationCore

/// One feed's entries on the way into a page, with a cursor that is opened when its turn comes.
final class EntrySource {
    let feed: FeedRow
    let digest: Digest
    /// The frontier at the feed's durable size; nothing beyond it is read.
    let tip: MerkleFrontier
    /// Position of the next entry; nil at the end.
    var position: LogPosition?
    /// Index of its part in the page, once it has one.
    var part: Int?
    private let from: Int64
    private var cursor: Statement?

    private static let sql: StaticString = """
        SELECT position, sequence, timestamp, leaf, opening, writes, salt, body FROM log
        WHERE feed = ?1 AND sequence >= ?2 AND sequence <= ?3 ORDER BY sequence
        """

    init(feed: FeedRow, digest: Digest, tip: MerkleFrontier, from: Int64) {
        self.feed = feed
        self.digest = digest
        self.tip = tip
        self.from = from
    }

    /// The cursor, which stands on the next entry.
    func row(_ connection: Connection) throws(StoreError) -> Statement {
        if let cursor { return cursor }
        let cursor = try connection.lease(EntrySource.sql)
        self.cursor = cursor
        cursor.bind(1, feed.rawValue)
        cursor.bind(2, from)
        cursor.bind(3, tip.size)
        try advance(connection)
        return cursor
    }

    func advance(_ connection: Connection) throws(StoreError) {
        guard let cursor else { return }
        switch cursor.step() {
        case SQLITE_ROW: position = cursor.int(0)
        case SQLITE_DONE: position = nil
        case let code: throw connection.failure(code)
        }
    }

    func close(_ connection: Connection) {
        guard let cursor else { return }
        self.cursor = nil
        connection.giveBack(cursor, EntrySource.sql)
    }
}

/// A page that grows entry by entry.
struct EntryPage {
    /// What it took of one feed, for the root after it.
    struct Taken {
        var feed: FeedRow
        var tip: MerkleFrontier
        var last: UInt64
        var leaves: [Digest]
    }

    var read: ReadEntries
    var taken: [Taken] = []
    private let bytesMaximum: Int
    private var bytes = 0

    init(_ deliveryClass: DeliveryClass, bytesMaximum: Int) {
        read = ReadEntries(deliveryClass: deliveryClass, parts: [], items: [], hasMore: false)
        self.bytesMaximum = bytesMaximum
    }

    /// The first entry, or group of entries, always has.
    func hasRoom(for count: Int) -> Bool {
        read.items.isEmpty || bytes + count <= bytesMaximum
    }

    /// Entries of another's feed that end at one of its heads.
    mutating func append(
        _ items: [ReadEntries.Item],
        of source: EntrySource,
        from first: UInt64,
        upTo head: SignedHead
    ) {
        let part = source.part ?? read.parts.count
        if source.part == nil {
            source.part = part
            read.parts.append(
                ReadEntries.Part(
                    feed: source.digest,
                    first: first,
                    root: head.head.root,
                    last: head.head.size
                )
            )
        }
        read.parts[part].root = head.head.root
        read.parts[part].last = head.head.size
        read.parts[part].head = head
        read.items += items
        bytes += items.reduce(0) { $0 + $1.bytes.count }
    }

    mutating func append(
        _ item: ReadEntries.Item,
        of source: EntrySource,
        sequence: UInt64,
        leaf: Digest
    ) {
        if source.part == nil {
            source.part = read.parts.count
            read.parts.append(
                ReadEntries.Part(feed: source.digest, first: sequence, root: leaf, last: sequence)
            )
            taken.append(
                Taken(feed: source.feed, tip: source.tip, last: sequence, leaves: [])
            )
        }
        read.items.append(item)
        read.parts[item.part].last = sequence
        taken[item.part].last = sequence
        taken[item.part].leaves.append(leaf)
        bytes += item.bytes.count
    }
}
