import AllianceModel
import Foundation
import NodeStore
import ReplicationCore
import Synchronization

/// A store in a folder of its own, with the bookkeeping that the ledger does in a node.
final class StoreFixture {
    let folder: TemporaryFolder
    let data: String
    let terms = KnownTerms()
    private(set) var feeds: [FeedRow: FeedTip] = [:]

    /// The data folder is `data` in a folder of the test's own, if not given.
    init(data: String? = nil) throws {
        folder = try TemporaryFolder()
        self.data = data ?? "\(folder.path)/data"
    }

    var databasePath: String { "\(data)/citysync.sqlite" }

    var settings: StoreSettings {
        let terms = terms
        return StoreSettings(
            hash: sampleHash,
            random: { Bytes(repeating: 0xa5, count: $0) },
            terms: { record, _ in terms[record.key, record.position] }
        )
    }

    func open() throws -> SQLiteStore {
        let store = try SQLiteStore(DataFolder(data), settings)
        _ = try open(sharing: store)
        return store
    }

    /// Everything in one transaction.
    func commit(_ store: SQLiteStore, _ body: () throws -> Void) throws {
        try store.begin()
        try body()
        for (feed, tip) in feeds { try store.updateTip(feed, tip) }
        try store.commit()
    }

    func feed(_ store: SQLiteStore, _ identity: FeedIdentity) throws -> FeedRow {
        let digest = identity.digest(hash: sampleHash)
        let row = try store.insertFeed(identity, digest: digest)
        feeds[row] = FeedTip(
            identity: identity,
            digest: digest,
            frontier: MerkleFrontier(),
            latest: .zero
        )
        return row
    }

    /// Appends to the feed and moves its tip, which `commit` stores.
    @discardableResult
    func append(
        _ store: SQLiteStore,
        _ feed: FeedRow,
        _ bytes: EntryBytes,
        isApplied: Bool = true,
        isChangeset: Bool = true
    ) throws -> LogPosition {
        guard var tip = feeds[feed] else { fatalError("feed row \(feed.rawValue) is not open") }
        let leaf = EntryCoding.leaf(of: bytes, hash: sampleHash)
        tip.frontier.append(leaf, hash: sampleHash)
        tip.latest = HybridTimestamp(milliseconds: tip.size, counter: 3)
        feeds[feed] = tip
        return try store.append(
            NewEntry(
                feed: feed,
                sequence: tip.size,
                leaf: leaf,
                timestamp: tip.latest,
                bytes: bytes,
                isApplied: isApplied,
                isChangeset: isChangeset
            )
        )
    }

    /// Takes the store's durable tips for the present ones, and returns its first feed.
    func open(sharing store: SQLiteStore) throws -> FeedRow {
        feeds = [:]
        let stored = try store.feeds()
        for feed in stored { feeds[feed.row] = feed.tip }
        return stored.first?.row ?? FeedRow(rawValue: 0)
    }

    /// The files as a power cut would leave them now.
    func copyFiles(to other: StoreFixture) throws {
        let files = FileManager.default
        let target = "\(other.folder.path)/data"
        try files.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in ["citysync.sqlite", "citysync.sqlite-wal"]
        where folder.exists("data/\(name)") {
            try files.copyItem(atPath: "\(folder.path)/data/\(name)", toPath: "\(target)/\(name)")
        }
    }

    /// A store with one feed and so many entries in it, committed.
    func filled(_ count: Int) throws -> (store: SQLiteStore, feed: FeedRow) {
        let store = try open()
        var feed = FeedRow(rawValue: 0)
        try commit(store) {
            feed = try self.feed(store, identity())
            for number in 0..<count { try append(store, feed, entryBytes("\(number)")) }
        }
        return (store, feed)
    }
}

/// What a record is listed under after each position, as a test says.
final class KnownTerms: Sendable {
    private struct Place: Hashable {
        var key: RecordKey
        var position: LogPosition
    }

    private let terms = Mutex<[Place: IndexTerms]>([:])

    subscript(key: RecordKey, position: LogPosition) -> IndexTerms? {
        get { terms.withLock { $0[Place(key: key, position: position)] } }
        set { terms.withLock { $0[Place(key: key, position: position)] = newValue } }
    }
}
