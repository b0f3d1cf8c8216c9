import GRDBSQLite
import NodeStore
import ReplicationCore

/// The copy of a running machine has no start of its own: its disk is made to look as it does before
/// the one that the copied process had.
enum Twin {
    /// Forgets that an incarnation was started on that disk; false if SQLite refuses.
    static func forget(_ incarnation: Incarnation, on disk: SimulatedDisk) -> Bool {
        var handle: OpaquePointer?
        let path = "\(disk.path)/\(DataFolder.databaseName)"
        guard sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
            sqlite3_close_v2(handle)
            return false
        }
        defer { sqlite3_close_v2(handle) }
        let number = Int64(bitPattern: incarnation.rawValue)
        let sql = "DELETE FROM incarnations WHERE incarnation = \(number)"
        return sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK
    }
}
