#if canImport(Glibc)
import Glibc
#endif

/// The folder of everything durable but configuration and keys, held by one process.
///
/// A lock on the file `lock` in it, which the kernel drops with the process, keeps a second node
/// out; the file's content, the holder's pid, is for people only.
package final class DataFolder: Sendable {
    package let path: String
    /// The file system it lies on.
    let volume: any Volume
    /// Descriptor of the lock; nil on a volume without locks.
    private let lock: Int32?

    package static let databaseName = "citysync.sqlite"
    package static let lockName = "lock"

    package var databasePath: String { "\(path)/\(DataFolder.databaseName)" }

    /// Makes the folder (0700) where there is none, and takes its lock.
    package init(_ path: String) throws(StoreError) {
        self.path = path
        volume = SystemVolume()
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw DataFolder.error(path, "cannot be made")
        }
        let lockPath = "\(path)/\(DataFolder.lockName)"
        let lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw DataFolder.error(lockPath, "cannot be opened") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let error =
                errno == EWOULDBLOCK
                ? StoreError.locked(path: path, pid: DataFolder.holder(lock))
                : DataFolder.error(lockPath, "cannot be locked")
            close(lock)
            throw error
        }
        self.lock = lock
        let line = "\(getpid())\n"
        guard ftruncate(lock, 0) == 0, pwrite(lock, line, line.utf8.count, 0) == line.utf8.count
        else { throw DataFolder.error(lockPath, "cannot be written") }
    }

    /// A folder on another file system than the process's own, whose keeper sees to it that one node
    /// uses it at a time.
    package init(_ path: String, on volume: any Volume) {
        self.path = path
        self.volume = volume
        lock = nil
    }

    /// Lets another node have the folder; nothing may be written from then on.
    package func unlock() {
        if let lock { flock(lock, LOCK_UN) }
    }

    deinit {
        if let lock { close(lock) }
    }

    /// Makes the names of files in the folder durable.
    func synchronize() throws(StoreError) {
        try volume.synchronize(folder: path)
    }

    /// The pid that stands in a lock file; nil if none does.
    private static func holder(_ lock: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(lock, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        let digits = buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }
        return Int32(String(decoding: digits, as: UTF8.self))
    }

    private static func error(_ path: String, _ what: String) -> StoreError {
        if errno == ENOSPC || errno == EDQUOT { return .full(path: path) }
        return .unopenable(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}
