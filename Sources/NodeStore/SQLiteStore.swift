import AllianceModel
package import ReplicationCore

/// A node's store in one SQLite file: the one connection that writes and checkpoints, used by the
/// writer's thread only.
///
/// Readers are `ReaderPool`'s.
package final class SQLiteStore: SQLiteReader, Store {
    package let folder: DataFolder
    /// Position of the last log row, the open transaction's included.
    private var position: LogPosition = 0
    /// Of each feed the size at which its frontier was last stored in `frontiers`.
    var storedFrontiers: [FeedRow: UInt64] = [:]

    /// Frames (of 4 KiB and a little) after which a commit checkpoints by itself: 64 MiB.
    ///
    /// A large bound saves writing a page again and again; `checkpointIfIdle` keeps the log short
    /// meanwhile.
    static let checkpointFrames: Int32 = 16_384
    /// How long a write-ahead log stays: as it is when a commit checkpoints, and a bulk commit more.
    private static let logBytesMaximum = Int64(checkpointFrames) * Connection.frameBytes + (8 << 20)
    /// Frames from which a checkpoint when idle is worth its syncs: 4 MiB.
    static let idleCheckpointFrames: Int32 = 1_024

    /// Opens the store of a folder, or makes it.
    ///
    /// Looks first, without changing anything: a file that is not ours, is damaged or newer is
    /// refused as it is.
    package init(_ folder: DataFolder, _ settings: StoreSettings) throws(StoreError) {
        self.folder = folder
        let path = folder.databasePath
        switch try DatabaseInspection.inspect(path, on: folder.volume) {
        case .current: break
        case .absent, .older: try Schema.migrate(path: path, secret: settings.random(32))
        }
        let connection = try Connection(path: path, mode: .writer, folder: folder)
        try connection.execute(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA foreign_keys = ON;
            PRAGMA journal_size_limit = \(SQLiteStore.logBytesMaximum);
            PRAGMA cache_size = -8000;
            PRAGMA temp_store = MEMORY;
            PRAGMA busy_timeout = 1000;
            """
        )
        super.init(connection, settings, FrontierCache())
        position = try super.lastPosition()
        // The files' names must be durable before the first commit is. SQLite syncs the folder too,
        // but takes no notice when that fails.
        try folder.synchronize()
    }

    /// Readers of this store; they see what is committed.
    package func readers(count: Int) throws(StoreError) -> ReaderPool {
        try ReaderPool(
            folder: folder,
            settings: settings,
            frontiers: frontiers,
            count: count
        )
    }

    // MARK: Transactions

    package func begin() throws(StoreError) {
        try connection.run("BEGIN IMMEDIATE")
    }

    package func commit() throws(StoreError) {
        try connection.commit()
        connection.growLogAhead(bytesMaximum: SQLiteStore.logBytesMaximum)
        guard connection.walFrames >= SQLiteStore.checkpointFrames else { return }
        // What was committed is durable whatever becomes of the checkpoint, so its failure must not
        // look like the commit's: it stops the store, and the next transaction says so.
        let isLong = connection.walFrames >= 4 * SQLiteStore.checkpointFrames
        do {
            _ = try connection.checkpoint(restarting: isLong)
            checkpointFailure = nil
        } catch {
            checkpointFailure = error
        }
    }

    /// Why the last checkpoint failed; nil if it did not.
    ///
    /// Anything but a full disk stops the store.
    package private(set) var checkpointFailure: StoreError?

    package func rollback() {
        connection.rollback()
        storedFrontiers = [:]
        guard !connection.isStopped else { return }
        do {
            position = try super.lastPosition()
        } catch {
            connection.stop()
        }
    }

    /// True once an error stopped the store.
    package var isStopped: Bool { connection.isStopped }

    /// Moves a long write-ahead log into the database; to be called when there is nothing to do.
    ///
    /// True if it did something.
    package func checkpointIfIdle() throws(StoreError) -> Bool {
        guard connection.walFrames >= SQLiteStore.idleCheckpointFrames else { return false }
        let isWhole = try connection.checkpoint(restarting: false)
        checkpointFailure = nil
        return isWhole
    }

    package override func lastPosition() throws(StoreError) -> LogPosition {
        guard !connection.isStopped else { throw .stopped }
        return position
    }

    func nextPosition() -> LogPosition {
        position += 1
        return position
    }

    package func start(_ incarnation: Incarnation) throws(StoreError) {
        let last = position
        try connection.run("UPDATE incarnations SET last = ?1 WHERE last IS NULL") {
            $0.bind(1, last)
        }
        try connection.run("INSERT INTO incarnations (incarnation, first) VALUES (?1, ?2)") {
            $0.bind(1, incarnation.rawValue)
            $0.bind(2, last + 1)
        }
    }
}
