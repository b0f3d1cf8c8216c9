import GRDBSQLite

/// What SQLite keeps of an open file: its own part first, then ours.
struct FileHandle {
    var base: sqlite3_file
    var open: Unmanaged<OpenFile>?

    /// Makes the memory that SQLite set aside an open file.
    static func fill(_ handle: UnsafeMutablePointer<sqlite3_file>, with open: OpenFile) {
        handle.withMemoryRebound(to: FileHandle.self, capacity: 1) { pointer in
            pointer.pointee = FileHandle(
                base: sqlite3_file(pMethods: methods.pointer),
                open: Unmanaged.passRetained(open)
            )
        }
    }

    private typealias File = UnsafeMutablePointer<sqlite3_file>

    private static func file(of handle: File?) -> OpenFile? {
        handle?.withMemoryRebound(to: FileHandle.self, capacity: 1) {
            $0.pointee.open?.takeUnretainedValue()
        }
    }

    /// A table that lives as long as the process.
    private struct Methods: @unchecked Sendable {
        let pointer: UnsafePointer<sqlite3_io_methods>
    }

    private static let methods: Methods = {
        let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        table.initialize(to: sqlite3_io_methods())
        table.pointee.iVersion = 2
        table.pointee.xClose = { handle in
            handle?.withMemoryRebound(to: FileHandle.self, capacity: 1) { pointer in
                guard let open = pointer.pointee.open else { return }
                open.takeUnretainedValue().close()
                pointer.pointee.open = nil
                open.release()
            }
            return SQLITE_OK
        }
        table.pointee.xRead = { handle, buffer, count, offset in
            guard let open = FileHandle.file(of: handle) else { return SQLITE_IOERR }
            let target = UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
            return open.read(into: target, at: Int(offset))
        }
        table.pointee.xWrite = { handle, buffer, count, offset in
            guard let open = FileHandle.file(of: handle) else { return SQLITE_IOERR }
            let bytes = UnsafeRawBufferPointer(start: buffer, count: Int(count))
            return open.write(bytes, at: Int(offset))
        }
        table.pointee.xTruncate = { handle, size in
            FileHandle.file(of: handle)?.truncate(to: Int(size)) ?? SQLITE_IOERR
        }
        table.pointee.xSync = { handle, _ in
            FileHandle.file(of: handle)?.synchronize() ?? SQLITE_IOERR
        }
        table.pointee.xFileSize = { handle, size in
            guard let open = FileHandle.file(of: handle) else { return SQLITE_IOERR }
            size?.pointee = sqlite3_int64(open.file.size)
            return SQLITE_OK
        }
        addLocks(&table.pointee)
        addSharedMemory(&table.pointee)
        return Methods(pointer: UnsafePointer(table))
    }()

    private static func addLocks(_ table: inout sqlite3_io_methods) {
        table.xLock = { handle, level in FileHandle.file(of: handle)?.lock(level) ?? SQLITE_IOERR }
        table.xUnlock = { handle, level in
            FileHandle.file(of: handle)?.unlock(level) ?? SQLITE_IOERR
        }
        table.xCheckReservedLock = { handle, result in
            result?.pointee = FileHandle.file(of: handle)?.isReserved == true ? 1 : 0
            return SQLITE_OK
        }
        table.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        table.xSectorSize = { handle in Int32(FileHandle.file(of: handle)?.disk.sectorBytes ?? 512)
        }
        // No promise: SQLite must not count on a sector being written in whole.
        table.xDeviceCharacteristics = { _ in Int32(0) }
    }

    private static func addSharedMemory(_ table: inout sqlite3_io_methods) {
        table.xShmMap = { handle, number, bytes, extends, result in
            guard let open = FileHandle.file(of: handle), let result else { return SQLITE_IOERR }
            result.pointee = nil
            guard
                let region = open.region(Int(number), bytes: Int(bytes), extending: extends != 0)
            else { return SQLITE_OK }
            result.pointee = region
            return SQLITE_OK
        }
        table.xShmLock = { handle, offset, count, flags in
            let range = Int(offset)..<Int(offset + count)
            return FileHandle.file(of: handle)?.lockSharedMemory(range, flags: flags)
                ?? SQLITE_IOERR
        }
        table.xShmBarrier = { _ in }
        table.xShmUnmap = { handle, _ in
            FileHandle.file(of: handle)?.detachSharedMemory()
            return SQLITE_OK
        }
    }
}
