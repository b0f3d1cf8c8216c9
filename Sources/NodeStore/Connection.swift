import GRDBSQLite

#if canImport(Glibc)
import Glibc
#endif

/// One connection to SQLite: prepared statements, and errors as `StoreError`.
///
/// SQLite's own functions are called directly: binding costs a fraction of what a layer of boxed
/// arguments does, and every result code is seen. Not `Sendable`: one thread at a time.
final class Connection {
    enum Mode {
        /// The node's one connection that writes and checkpoints.
        case writer
        /// Sees the last commit; never writes, never checkpoints.
        case reader
        /// Looks at a file that no other connection has open, and leaves nothing beside it.
        case immutable
    }

    let path: String
    let mode: Mode
    /// Keeps the folder's lock until the connection is closed.
    private let folder: DataFolder?
    /// Set by the first error that leaves it open what is stored; see `Store`.
    private(set) var isStopped = false
    /// Frames in the write-ahead log after the last commit.
    private(set) var walFrames: Int32 = 0
    /// False once it went wrong.
    private var growsLogAhead = true

    private let handle: OpaquePointer
    /// Keyed by the literal's address: one statement for each place in the source.
    private var statements: [UnsafePointer<UInt8>: Statement] = [:]
    /// Idle statements of which several may be stepped at once.
    private var leased: [UnsafePointer<UInt8>: [Statement]] = [:]

    static let leasedCountMaximum = 32

    init(path: String, mode: Mode, folder: DataFolder? = nil) throws(StoreError) {
        self.path = path
        self.mode = mode
        self.folder = folder
        var handle: OpaquePointer?
        let flags =
            switch mode {
            case .writer: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .reader: SQLITE_OPEN_READONLY
            case .immutable: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        let name = mode == .immutable ? Connection.immutableURI(path) : path
        let code = sqlite3_open_v2(
            name,
            &handle,
            flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
            nil
        )
        guard let handle, code == SQLITE_OK else {
            let error = Connection.error(code, handle, path)
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        if mode == .writer {
            let context = Unmanaged.passUnretained(self).toOpaque()
            sqlite3_wal_hook(handle, Connection.noteFrames, context)
        }
    }

    deinit {
        for statement in statements.values { statement.finalize() }
        for statement in leased.values.joined() { statement.finalize() }
        sqlite3_close_v2(handle)
    }

    // MARK: Statements

    /// The statement of this literal, reset and without bindings; prepared the first time.
    func statement(_ sql: StaticString) throws(StoreError) -> Statement {
        guard !isStopped else { throw .stopped }
        if let statement = statements[sql.utf8Start] { return statement }
        let statement = try prepare(sql)
        statements[sql.utf8Start] = statement
        return statement
    }

    /// A statement that several may use at once; `giveBack` returns it.
    func lease(_ sql: StaticString) throws(StoreError) -> Statement {
        guard !isStopped else { throw .stopped }
        if let statement = leased[sql.utf8Start]?.popLast() { return statement }
        return try prepare(sql)
    }

    func giveBack(_ statement: Statement, _ sql: StaticString) {
        statement.reset()
        if leased[sql.utf8Start, default: []].count < Connection.leasedCountMaximum {
            leased[sql.utf8Start, default: []].append(statement)
        } else {
            statement.finalize()
        }
    }

    private func prepare(_ sql: StaticString) throws(StoreError) -> Statement {
        var pointer: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle,
            UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self),
            Int32(sql.utf8CodeUnitCount),
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &pointer,
            nil
        )
        guard code == SQLITE_OK, let pointer else { throw failure(code) }
        return Statement(pointer)
    }

    /// Runs a statement that yields no rows.
    func run(_ sql: StaticString, _ bind: (Statement) -> Void = { _ in }) throws(StoreError) {
        let statement = try statement(sql)
        bind(statement)
        try finish(statement, statement.step())
    }

    /// Ends a statement's run after its last step returned `code`.
    func finish(_ statement: Statement, _ code: Int32) throws(StoreError) {
        guard code == SQLITE_DONE else {
            let error = failure(code)
            statement.reset()
            throw error
        }
        statement.reset()
    }

    /// Calls `row` for each row until it returns false.
    func forEach(
        _ sql: StaticString,
        _ bind: (Statement) -> Void = { _ in },
        row: (Statement) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let statement = try statement(sql)
        bind(statement)
        defer { statement.reset() }
        while true {
            let code = statement.step()
            guard code == SQLITE_ROW else {
                guard code == SQLITE_DONE else { throw failure(code) }
                return
            }
            guard try row(statement) else { return }
        }
    }

    func all<Element>(
        _ sql: StaticString,
        _ bind: (Statement) -> Void = { _ in },
        row: (Statement) throws(StoreError) -> Element
    ) throws(StoreError) -> [Element] {
        var elements: [Element] = []
        try forEach(sql, bind) { (statement) throws(StoreError) in
            elements.append(try row(statement))
            return true
        }
        return elements
    }

    func first<Element>(
        _ sql: StaticString,
        _ bind: (Statement) -> Void = { _ in },
        row: (Statement) throws(StoreError) -> Element
    ) throws(StoreError) -> Element? {
        var element: Element?
        try forEach(sql, bind) { (statement) throws(StoreError) in
            element = try row(statement)
            return false
        }
        return element
    }

    /// Runs several statements at once, for schemas and pragmas.
    func execute(_ sql: String) throws(StoreError) {
        guard !isStopped else { throw .stopped }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

    // MARK: Transactions

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Durable on return when `synchronous` is FULL.
    ///
    /// Any failure stops: after a failed sync the pages count as clean, so a second try would prove
    /// nothing.
    func commit() throws(StoreError) {
        let statement = try statement("COMMIT")
        let code = statement.step()
        guard code == SQLITE_DONE else {
            let error = Connection.error(code, handle, path)
            statement.reset()
            stop()
            throw error
        }
        statement.reset()
    }

    func rollback() {
        guard isInTransaction else { return }
        for statement in statements.values { statement.reset() }
        sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
    }

    /// Undoes what is not committed and refuses everything from now on.
    func stop() {
        rollback()
        isStopped = true
    }

    /// Copies frames of the write-ahead log into the database; true if all of them were.
    ///
    /// Waits for readers only when `restarting`, so that the log can begin anew.
    func checkpoint(restarting: Bool) throws(StoreError) -> Bool {
        guard !isStopped else { throw .stopped }
        var frames: Int32 = 0
        var copied: Int32 = 0
        let mode = restarting ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE
        let code = sqlite3_wal_checkpoint_v2(handle, nil, mode, &frames, &copied)
        guard code == SQLITE_OK || code & 0xff == SQLITE_BUSY else { throw failure(code) }
        guard code == SQLITE_OK, frames == copied else { return false }
        walFrames = 0
        return true
    }

    /// Gives a write-ahead log that is nearly full room ahead, as zeros, up to `bytesMaximum` in all.
    ///
    /// A sync of blocks that a file has already costs the disk one flush; one that makes the file
    /// longer commits the file system's own journal too, and waits for whoever else does. SQLite
    /// reads a log as far as the frames' checksums go, which zeros end. Where it cannot be done it
    /// is left: the next commit says what is wrong, if anything is.
    func growLogAhead(bytesMaximum: Int64) {
        let used = Connection.walHeaderBytes + Int64(walFrames) * Connection.frameBytes
        guard growsLogAhead, !isStopped, used > Connection.leastLogBytes else { return }
        var file: UnsafeMutablePointer<sqlite3_file>?
        var size: Int64 = 0
        guard
            sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK,
            let file, let methods = file.pointee.pMethods?.pointee,
            methods.xFileSize(file, &size) == SQLITE_OK,
            size - used < Connection.leastLogBytes, size < bytesMaximum
        else { return }
        let end = size + Connection.roomAheadBytes
        for place in stride(from: size, to: end, by: Connection.zeros.count) {
            let code = Connection.zeros.withUnsafeBytes { zeros in
                methods.xWrite(file, zeros.baseAddress, Int32(zeros.count), place)
            }
            guard code != SQLITE_OK else { continue }
            growsLogAhead = false
            // What a full disk took of it is wanted elsewhere.
            _ = methods.xTruncate(file, size)
            return
        }
    }

    private static let walHeaderBytes: Int64 = 32
    /// A page of 4 KiB and the frame's header.
    static let frameBytes: Int64 = 4_096 + 24
    private static let leastLogBytes: Int64 = 256 << 10
    private static let roomAheadBytes: Int64 = 1 << 20
    /// SQLite's file systems take less than 128 KiB at a time.
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    // MARK: Errors

    /// The error of a result code; on the writer's connection all but a full disk stop it.
    func failure(_ code: Int32) -> StoreError {
        let error = Connection.error(code, handle, path)
        if mode == .writer {
            if case .full = error { return error }
            stop()
        }
        return error
    }

    /// Content that contradicts itself; stops the writer.
    func damage(_ reason: String) -> StoreError {
        if mode == .writer { stop() }
        return .damaged(path: path, reason: reason)
    }

    private static func error(_ code: Int32, _ handle: OpaquePointer?, _ path: String) -> StoreError
    {
        StoreError(
            code: code,
            errno: handle.map { sqlite3_system_errno($0) },
            message: String(cString: handle.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)),
            path: path
        )
    }

    private static let noteFrames:
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32
        ) -> Int32 = { context, _, _, frames in
            guard let context else { return SQLITE_OK }
            Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().walFrames = frames
            return SQLITE_OK
        }

    /// A `file:` URI of the path: everything but letters, digits, `/`, `-`, `_`, `.` in hexadecimal.
    private static func immutableURI(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF")
        let escaped = path.utf8.reduce(into: "") { uri, byte in
            let character = Character(Unicode.Scalar(byte))
            if character.isASCII,
                character.isLetter || character.isNumber || "/-_.".contains(character)
            {
                uri.append(character)
            } else {
                uri.append("%")
                uri.append(digits[Int(byte >> 4)])
                uri.append(digits[Int(byte & 15)])
            }
        }
        return "file:\(escaped)?immutable=1"
    }
}

extension StoreError {
    /// What an (extended) result code of SQLite means here.
    init(code: Int32, errno number: Int32?, message: String, path: String) {
        switch code & 0xff {
        case SQLITE_FULL:
            self = .full(path: path)
        case SQLITE_IOERR where number == ENOSPC || number == EDQUOT:
            self = .full(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self = .damaged(path: path, reason: message)
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY:
            self = .unopenable(path: path, reason: message)
        default:
            self = .failed(path: path, code: code, message: message)
        }
    }
}
