package import AllianceModel
import ReplicationWire

#if canImport(Glibc)
import Glibc
#endif

/// Puts a backup in the place of a store that no node uses.
///
/// The backup is copied beside the store and the copy is verified entry by entry; only then does it
/// take the store's name. What it replaces is kept under another. At every moment a whole store
/// stands under the name: the former one, or the restored one.
package struct StoreRestore {
    package struct Report: Hashable, Sendable {
        package var backup: StoreBackup.Report
        /// Where the former database is now; nil: there was none.
        package var replaced: String?
    }

    package enum Fault: Error, Hashable, Sendable {
        case store(StoreError)
        /// A write-ahead log is beside the file: it is a store that a node used, not a backup.
        case notWhole
        case otherMember(MemberCode)
        case otherAlliance
    }

    private static let chunkBytes = 1 << 20

    /// Held for as long as this is there: no node can start on it.
    private let folder: DataFolder
    private let member: MemberCode
    private let roster: Digest
    private let hash: HashFunction

    /// `roster`: the alliance's first one.
    package init(
        into folder: DataFolder,
        of member: MemberCode,
        roster: Roster,
        hash: @escaping HashFunction
    ) {
        self.folder = folder
        self.member = member
        self.roster = RosterCoding.digest(roster, hash)
        self.hash = hash
    }

    /// `stamp` ends the name of what is replaced: `citysync.sqlite.replaced-<stamp>`.
    ///
    /// A throw leaves the store as it was and nothing beside it.
    package func restore(_ backup: String, stamp: String) throws(Fault) -> Report {
        guard SystemVolume().size(of: "\(backup)-wal") ?? 0 == 0 else { throw .notWhole }
        let copy = "\(folder.databasePath).restoring"
        // Of a restore that was interrupted.
        unlink(copy)
        do throws(Fault) {
            let report = try stored { () throws(StoreError) in
                try write(backup, to: copy)
                let settings = StoreSettings(
                    hash: hash,
                    random: { _ in [] },
                    terms: { _, _ in nil }
                )
                return try StoreBackup.verified(copy, settings, takesOlder: true)
            }
            try judgeOwner(of: copy)
            let replaced = try stored { () throws(StoreError) in try swap(copy, stamp) }
            return Report(backup: report, replaced: replaced)
        } catch {
            unlink(copy)
            throw error
        }
    }

    private func stored<Value>(_ body: () throws(StoreError) -> Value) throws(Fault) -> Value {
        do {
            return try body()
        } catch {
            throw .store(error)
        }
    }

    // MARK: Copy

    /// A copy that only the data folder's owner can read, durable.
    private func write(_ source: String, to copy: String) throws(StoreError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw StoreRestore.failure(source, "cannot be opened") }
        defer { close(input) }
        let output = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw StoreRestore.failure(copy, "cannot be made") }
        defer { close(output) }
        var chunk = [UInt8](repeating: 0, count: StoreRestore.chunkBytes)
        while true {
            let count = read(input, &chunk, chunk.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw StoreRestore.failure(source, "cannot be read")
            }
            if count == 0 { break }
            try StoreRestore.write(chunk[..<count], to: output, copy)
        }
        try giveToFoldersOwner(output, copy)
        guard fsync(output) == 0 else {
            throw StoreRestore.failure(copy, "cannot be made durable")
        }
    }

    private static func write(
        _ bytes: ArraySlice<UInt8>,
        to descriptor: Int32,
        _ path: String
    ) throws(StoreError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw failure(path, "cannot be written")
            }
        }
    }

    /// Whoever restores is often root, and the node is not.
    private func giveToFoldersOwner(_ descriptor: Int32, _ path: String) throws(StoreError) {
        guard geteuid() == 0 else { return }
        var facts = stat()
        guard stat(folder.path, &facts) == 0 else {
            throw StoreRestore.failure(folder.path, "cannot be looked at")
        }
        guard fchown(descriptor, facts.st_uid, facts.st_gid) == 0 else {
            throw StoreRestore.failure(path, "cannot be given to the owner of the folder")
        }
        // Made by this process if no node ever started here.
        let lock = "\(folder.path)/\(DataFolder.lockName)"
        guard chown(lock, facts.st_uid, facts.st_gid) == 0 else {
            throw StoreRestore.failure(lock, "cannot be given to the owner of the folder")
        }
    }

    // MARK: Owner

    /// The store's own feeds are those of the incarnations that started on it.
    private func judgeOwner(of copy: String) throws(Fault) {
        let (members, rosters) = try stored { () throws(StoreError) in
            let connection = try Connection(path: copy, mode: .immutable)
            let members = try connection.all(
                """
                SELECT DISTINCT member FROM feeds
                WHERE incarnation IN (SELECT incarnation FROM incarnations)
                """
            ) { (row) throws(StoreError) in try connection.member(row, 0) }
            let rosters = try connection.all("SELECT DISTINCT roster FROM feeds") {
                (row) throws(StoreError) in try connection.digest(row, 0)
            }
            return (members, rosters)
        }
        // Before it wrote anything a node's store could be anybody's.
        if let other = members.first(where: { $0 != member }) { throw .otherMember(other) }
        guard rosters.isEmpty || rosters.contains(roster) else { throw .otherAlliance }
    }

    // MARK: Swap

    /// Gives the copy the store's name; returns the former database's new one.
    private func swap(_ copy: String, _ stamp: String) throws(StoreError) -> String? {
        let database = folder.databasePath
        let kept = "\(database).replaced-\(stamp)"
        let volume = SystemVolume()
        // The former log first: a log beside another database would be played into it.
        for suffix in ["-wal", "-shm"] where volume.size(of: database + suffix) != nil {
            guard rename(database + suffix, kept + suffix) == 0 else {
                throw StoreRestore.failure(database + suffix, "cannot be moved")
            }
        }
        let isReplacing = volume.size(of: database) != nil
        if isReplacing, link(database, kept) != 0 {
            throw StoreRestore.failure(kept, "cannot be named")
        }
        guard rename(copy, database) == 0 else {
            throw StoreRestore.failure(database, "cannot be replaced")
        }
        try volume.synchronize(folder: folder.path)
        return isReplacing ? kept : nil
    }

    private static func failure(_ path: String, _ what: String) -> StoreError {
        if errno == ENOSPC || errno == EDQUOT { return .full(path: path) }
        return .unopenable(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}
