#if canImport(Glibc)
import Glibc
#endif

/// What the store asks of the file system that a data folder lies on, beside what SQLite does there:
/// the process's own, or a simulated one.
package protocol Volume: AnyObject, Sendable {
    /// Bytes in the file; nil if there is none.
    func size(of path: String) -> Int?
    /// The first bytes of the file, fewer than `count` if it is shorter.
    func firstBytes(_ count: Int, of path: String) throws(StoreError) -> [UInt8]
    /// Makes the names of the files in a folder durable.
    func synchronize(folder: String) throws(StoreError)
}

/// The process's own file system.
final class SystemVolume: Volume {
    func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    func firstBytes(_ count: Int, of path: String) throws(StoreError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .unopenable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let read = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, read)))
    }

    func synchronize(folder path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .unopenable(
                path: path,
                reason: "cannot be opened: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            if errno == ENOSPC || errno == EDQUOT { throw .full(path: path) }
            throw .failed(path: path, code: errno, message: String(cString: strerror(errno)))
        }
    }
}
