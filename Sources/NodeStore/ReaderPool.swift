import Dispatch
import ReplicationCore
import Synchronization

/// Read connections, each for one caller at a time; a caller waits while all are in use.
///
/// A read sees one commit throughout and never waits for the writer. Reads are short: a snapshot
/// that is kept open keeps the write-ahead log from being reused.
package final class ReaderPool: Sendable {
    /// A connection that nobody uses; only whoever took it from the pool touches it.
    private struct Idle: @unchecked Sendable {
        let reader: SQLiteReader
    }

    private let databasePath: String
    private let settings: StoreSettings
    private let idle: Mutex<[Idle]>
    private let available: DispatchSemaphore

    init(
        folder: DataFolder,
        settings: StoreSettings,
        frontiers: FrontierCache,
        count: Int
    ) throws(StoreError) {
        var readers: [Idle] = []
        for _ in 0..<count {
            let connection = try Connection(
                path: folder.databasePath,
                mode: .reader,
                folder: folder
            )
            try connection.execute(
                "PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 1000"
            )
            readers.append(Idle(reader: SQLiteReader(connection, settings, frontiers)))
        }
        databasePath = folder.databasePath
        self.settings = settings
        idle = Mutex(readers)
        available = DispatchSemaphore(value: count)
    }

    /// Runs `body` on a snapshot of the last commit.
    ///
    /// Not to be called from within `body`: it could wait for itself.
    package func read<Value>(
        _ body: (SQLiteReader) throws(StoreError) -> Value
    )
        throws(StoreError) -> Value
    {
        available.wait()
        defer { available.signal() }
        guard let taken = idle.withLock({ $0.popLast() }) else {
            fatalError("a read was let in while every connection is in use")
        }
        defer { idle.withLock { $0.append(taken) } }
        let reader = taken.reader
        try reader.connection.run("BEGIN")
        do {
            let value = try body(reader)
            try reader.connection.run("COMMIT")
            return value
        } catch {
            reader.connection.rollback()
            throw error
        }
    }

    /// Copies the store to a file, on a connection of its own: see `StoreBackup`.
    package func backup(
        to path: String,
        _ ledger: LedgerSettings
    ) throws(StoreError) -> StoreBackup.Report {
        try StoreBackup.make(of: databasePath, to: path, settings, ledger)
    }
}
