import ReplicationCore

#if canImport(Glibc)
import Glibc
#endif

/// A copy of a store in one file, made while the node serves.
///
/// The copy is one snapshot of the last commit: readers and the writer go on. It is written beside
/// its place, verified entry by entry, made durable, and only then gets its name, so that a file
/// under that name is always whole. A node that is started on it regains from its peers what it wrote
/// after the copy was made.
package enum StoreBackup {
    package struct Report: Hashable, Sendable {
        package var bytes: Int64
        /// The last log position in it.
        package var position: LogPosition
        /// The version of the schema that it has; nil: the one that this program writes.
        package var olderSchema: Int?
    }

    /// Copies the database at `database` to `path`, which must not be there yet.
    ///
    /// Throws `.unopenable` if the place is no good, `.full`, or `.damaged` if what was written (or
    /// what it was copied from) does not verify; nothing of the copy is left then.
    package static func make(
        of database: String,
        to path: String,
        _ settings: StoreSettings,
        _ ledger: LedgerSettings? = nil
    ) throws(StoreError) -> Report {
        let partial = "\(path).partial"
        guard access(path, F_OK) != 0 else {
            throw .unopenable(path: path, reason: "there is a file of that name already")
        }
        // Made by us so that nobody else can read it; SQLite takes an empty file for none.
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(partial, "cannot be made") }
        defer { close(descriptor) }
        do throws(StoreError) {
            try copy(database, to: partial)
            let report = try verified(partial, settings, ledger)
            guard fsync(descriptor) == 0 else { throw failure(partial, "cannot be made durable") }
            guard link(partial, path) == 0 else { throw failure(path, "cannot be named") }
            unlink(partial)
            try SystemVolume().synchronize(folder: folder(of: path))
            return report
        } catch {
            unlink(partial)
            throw error
        }
    }

    /// Looks at every entry of the store in a file that no process has open, and with the settings of a
    /// ledger also at all that follows from the entries: signatures, what was said, what records are.
    ///
    /// Throws what is wrong with it. `takesOlder`: whether it may be of an earlier version of the schema,
    /// which a node brings up to date when it starts.
    package static func verified(
        _ path: String,
        _ settings: StoreSettings,
        _ ledger: LedgerSettings? = nil,
        takesOlder: Bool = false
    ) throws(StoreError) -> Report {
        var olderSchema: Int?
        switch try DatabaseInspection.inspect(path, on: SystemVolume()) {
        case .current: break
        case .older where takesOlder: olderSchema = try DatabaseInspection.inspectOlder(path)
        case .older:
            throw .damaged(path: path, reason: "it is not of this version of the schema")
        case .absent: throw .damaged(path: path, reason: "there is no store in it")
        }
        let connection = try Connection(path: path, mode: .immutable)
        let reader = SQLiteReader(connection, settings, FrontierCache())
        let findings: [String]
        if let ledger {
            findings = try StoreVerification(reader, ledger).findings()
        } else {
            findings = try reader.verify()
        }
        if let finding = findings.first { throw .damaged(path: path, reason: finding) }
        return Report(
            bytes: Int64(SystemVolume().size(of: path) ?? 0),
            position: try reader.lastPosition(),
            olderSchema: olderSchema
        )
    }

    private static func copy(_ database: String, to path: String) throws(StoreError) {
        let connection = try Connection(path: database, mode: .reader)
        try connection.execute("PRAGMA busy_timeout = 1000; PRAGMA temp_store = MEMORY")
        try connection.run("VACUUM INTO ?1") { $0.bind(1, path) }
    }

    private static func folder(of path: String) -> String {
        let names = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = names.joined(separator: "/")
        return folder.isEmpty ? "/" : folder
    }

    private static func failure(_ path: String, _ what: String) -> StoreError {
        if errno == ENOSPC || errno == EDQUOT { return .full(path: path) }
        return .unopenable(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}
