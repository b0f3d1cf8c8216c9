import GRDBSQLite

/// A file as one connection of SQLite has it open.
final class OpenFile {
    let disk: SimulatedDisk
    let file: DiskFile
    let path: String
    let deletesOnClose: Bool
    /// Journals and write-ahead logs that were made by this opening: their first sync makes the
    /// folder's names durable too, as SQLite's own file system for Unix does.
    private var syncsNames: Bool
    /// True once its process ended or its disk was cut off: nothing reaches the disk any more.
    var isDead = false

    private var lock = SQLITE_LOCK_NONE
    private var isAttached = false
    /// Which of the shared memory's locks are held: 1 shared, 2 exclusive.
    private var held = [UInt8](repeating: 0, count: SharedMemory.lockCount)

    init(
        disk: SimulatedDisk,
        file: DiskFile,
        path: String,
        syncsNames: Bool,
        deletesOnClose: Bool
    ) {
        self.disk = disk
        self.file = file
        self.path = path
        self.syncsNames = syncsNames
        self.deletesOnClose = deletesOnClose
        file.handles.append(self)
    }

    func close() {
        detachSharedMemory()
        file.handles.removeAll { $0 === self }
        if deletesOnClose, !isDead { disk.delete(path) }
    }

    // MARK: Content

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int32 {
        guard !isDead, disk.fault(.read) == nil else { return SQLITE_IOERR | (1 << 8) }
        let count = file.read(into: buffer, at: offset)
        guard count < buffer.count else { return SQLITE_OK }
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).initializeMemory(
            as: UInt8.self,
            repeating: 0
        )
        return SQLITE_IOERR | (2 << 8)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int32 {
        guard !isDead else { return SQLITE_IOERR | (3 << 8) }
        switch disk.fault(.write) {
        case .failure, .cut: return SQLITE_IOERR | (3 << 8)
        case .full: return SQLITE_FULL
        case nil:
            file.write(bytes, at: offset, number: disk.nextChange())
            return SQLITE_OK
        }
    }

    func truncate(to size: Int) -> Int32 {
        guard !isDead, disk.fault(.truncate) == nil else { return SQLITE_IOERR | (6 << 8) }
        file.truncate(to: size, number: disk.nextChange())
        return SQLITE_OK
    }

    func synchronize() -> Int32 {
        guard !isDead else { return SQLITE_IOERR | (4 << 8) }
        switch disk.fault(.synchronize) {
        case .failure, .cut: return SQLITE_IOERR | (4 << 8)
        case .full: return SQLITE_FULL
        case nil:
            disk.synchronize(file)
            if syncsNames {
                disk.synchronizeNames()
                syncsNames = false
            }
            return SQLITE_OK
        }
    }

    // MARK: Locks of the database (https://www.sqlite.org/lockingv3.html)

    func lock(_ wanted: Int32) -> Int32 {
        guard !isDead else { return SQLITE_IOERR | (15 << 8) }
        guard wanted > lock else { return SQLITE_OK }
        let highest = file.handles.filter { $0 !== self }.map(\.lock).max() ?? SQLITE_LOCK_NONE
        switch wanted {
        case SQLITE_LOCK_SHARED where highest >= SQLITE_LOCK_PENDING,
            SQLITE_LOCK_RESERVED where highest >= SQLITE_LOCK_RESERVED:
            return SQLITE_BUSY
        case SQLITE_LOCK_EXCLUSIVE where highest >= SQLITE_LOCK_PENDING:
            return SQLITE_BUSY
        case SQLITE_LOCK_EXCLUSIVE where highest >= SQLITE_LOCK_SHARED:
            lock = SQLITE_LOCK_PENDING
            return SQLITE_BUSY
        default:
            lock = wanted
            return SQLITE_OK
        }
    }

    func unlock(_ wanted: Int32) -> Int32 {
        lock = min(lock, wanted)
        return SQLITE_OK
    }

    var isReserved: Bool { file.handles.contains { $0.lock >= SQLITE_LOCK_RESERVED } }

    // MARK: Shared memory of the write-ahead log (https://www.sqlite.org/walformat.html)

    func region(_ number: Int, bytes: Int, extending: Bool) -> UnsafeMutableRawPointer? {
        if !isAttached {
            isAttached = true
            file.sharedMemory.attached += 1
        }
        return file.sharedMemory.region(number, bytes: bytes, extending: extending)
    }

    func lockSharedMemory(_ range: Range<Int>, flags: Int32) -> Int32 {
        guard !isDead else { return SQLITE_IOERR | (20 << 8) }
        if flags & SQLITE_SHM_UNLOCK != 0 {
            for index in range where held[index] != 0 {
                file.sharedMemory.unlock(index..<index + 1)
                held[index] = 0
            }
            return SQLITE_OK
        }
        let isExclusive = flags & SQLITE_SHM_EXCLUSIVE != 0
        guard range.contains(where: { held[$0] == 0 }) else { return SQLITE_OK }
        let isGranted =
            isExclusive
            ? file.sharedMemory.lockExclusively(range) : file.sharedMemory.lockShared(range)
        guard isGranted else { return SQLITE_BUSY }
        for index in range { held[index] = isExclusive ? 2 : 1 }
        return SQLITE_OK
    }

    func detachSharedMemory() {
        guard isAttached else { return }
        isAttached = false
        for index in held.indices where held[index] != 0 {
            file.sharedMemory.unlock(index..<index + 1)
            held[index] = 0
        }
        file.sharedMemory.attached -= 1
        if file.sharedMemory.attached == 0 { file.sharedMemory.discard() }
    }
}
