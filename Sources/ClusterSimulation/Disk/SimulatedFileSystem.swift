import GRDBSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A file system of SQLite (https://www.sqlite.org/vfs.html) whose disks are in memory.
///
/// It is registered as the process's default, since that is the one that migrations open; a path
/// that is on none of its disks goes to the file system that was the default before.
final class SimulatedFileSystem: Sendable {
    static let shared = SimulatedFileSystem()

    private struct WeakDisk {
        weak var disk: SimulatedDisk?
    }

    private struct State {
        var disks: [String: WeakDisk] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    func nextPath() -> String {
        SimulatedFileSystem.register()
        return state.withLock { state in
            state.lastNumber += 1
            return "\(SimulatedDisk.root)\(state.lastNumber)"
        }
    }

    func add(_ disk: SimulatedDisk) {
        state.withLock { $0.disks[disk.path] = WeakDisk(disk: disk) }
    }

    func remove(_ path: String) {
        state.withLock { $0.disks[path] = nil }
    }

    /// The disk that a file of that path is on; nil if the path is of another file system.
    func disk(of path: String) -> SimulatedDisk? {
        guard path.hasPrefix(SimulatedDisk.root), let slash = path.lastIndex(of: "/") else {
            return nil
        }
        return state.withLock { $0.disks[String(path[..<slash])]?.disk }
    }

    // MARK: Registration

    /// The file system that was the default, and ours; both live as long as the process.
    private struct Tables: @unchecked Sendable {
        let system: UnsafeMutablePointer<sqlite3_vfs>
        let ours: UnsafeMutablePointer<sqlite3_vfs>
    }

    private static let tables: Tables = {
        guard let system = sqlite3_vfs_find(nil), let name = strdup("citysync-simulated") else {
            fatalError("SQLite has no file system")
        }
        let ours = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        // What is not ours goes on as before, `zName` and the next in the list excepted.
        ours.initialize(to: system.pointee)
        ours.pointee.zName = UnsafePointer(name)
        ours.pointee.pNext = nil
        ours.pointee.szOsFile = max(
            system.pointee.szOsFile,
            Int32(MemoryLayout<FileHandle>.size)
        )
        ours.pointee.xOpen = openFile
        ours.pointee.xDelete = deleteFile
        ours.pointee.xAccess = accessFile
        ours.pointee.xFullPathname = fullPath
        let code = sqlite3_vfs_register(ours, 1)
        guard code == SQLITE_OK else { fatalError("SQLite refuses a file system: \(code)") }
        return Tables(system: system, ours: ours)
    }()

    static func register() { _ = tables }

    private static var system: UnsafeMutablePointer<sqlite3_vfs> { tables.system }

    // MARK: Calls

    private typealias File = UnsafeMutablePointer<sqlite3_file>
    private typealias FileSystem = UnsafeMutablePointer<sqlite3_vfs>

    private static let openFile:
        @convention(c) (
            FileSystem?, UnsafePointer<CChar>?, File?, Int32, UnsafeMutablePointer<Int32>?
        ) -> Int32 = { _, name, handle, flags, flagsOut in
            let path = name.map { String(cString: $0) } ?? ""
            guard let handle, let disk = shared.disk(of: path) else {
                return system.pointee.xOpen(system, name, handle, flags, flagsOut)
            }
            handle.pointee.pMethods = nil
            guard disk.fault(.open) == nil else { return SQLITE_CANTOPEN }
            let found = disk.file(path)
            guard let file = found ?? (flags & SQLITE_OPEN_CREATE != 0 ? disk.create(path) : nil)
            else { return SQLITE_CANTOPEN }
            let journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL
            let open = OpenFile(
                disk: disk,
                file: file,
                path: path,
                syncsNames: found == nil && flags & journals != 0,
                deletesOnClose: flags & SQLITE_OPEN_DELETEONCLOSE != 0
            )
            FileHandle.fill(handle, with: open)
            flagsOut?.pointee = flags
            return SQLITE_OK
        }

    private static let deleteFile:
        @convention(c) (FileSystem?, UnsafePointer<CChar>?, Int32) -> Int32 = {
            _,
            name,
            syncsFolder in
            let path = name.map { String(cString: $0) } ?? ""
            guard let disk = shared.disk(of: path) else {
                return system.pointee.xDelete(system, name, syncsFolder)
            }
            guard disk.file(path) != nil else { return SQLITE_IOERR | (23 << 8) }
            disk.delete(path)
            if syncsFolder != 0 { disk.synchronizeNames() }
            return SQLITE_OK
        }

    private static let accessFile:
        @convention(c) (
            FileSystem?, UnsafePointer<CChar>?, Int32, UnsafeMutablePointer<Int32>?
        ) -> Int32 = { _, name, flags, result in
            let path = name.map { String(cString: $0) } ?? ""
            guard let disk = shared.disk(of: path) else {
                return system.pointee.xAccess(system, name, flags, result)
            }
            // As SQLite's own: an empty file does not count as there.
            result?.pointee = (disk.file(path)?.size ?? 0) > 0 ? 1 : 0
            return SQLITE_OK
        }

    private static let fullPath:
        @convention(c) (
            FileSystem?, UnsafePointer<CChar>?, Int32, UnsafeMutablePointer<CChar>?
        ) -> Int32 = { _, name, capacity, result in
            guard let name, let result, shared.disk(of: String(cString: name)) != nil else {
                return system.pointee.xFullPathname(system, name, capacity, result)
            }
            let length = strlen(name)
            guard length < Int(capacity) else { return SQLITE_CANTOPEN }
            memcpy(result, name, length + 1)
            return SQLITE_OK
        }
}
