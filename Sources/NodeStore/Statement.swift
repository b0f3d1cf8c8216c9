import AllianceModel
import GRDBSQLite

/// A prepared statement: parameters are numbered from 1, columns from 0, as SQLite does.
final class Statement {
    private let pointer: OpaquePointer

    /// SQLite copies the bytes: those passed are valid during the call only.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    func finalize() { sqlite3_finalize(pointer) }

    /// SQLite's result code: a row, done, or an error.
    func step() -> Int32 { sqlite3_step(pointer) }

    /// Ready to be bound and run again; parameters are null.
    func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    // MARK: Parameters

    // A failed binding (no memory, too big) leaves the parameter null, which a column that must not
    // be null refuses when the statement is run; the numbers of parameters are the source's.

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }

    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(pointer, index, Int64(value)) }

    /// By its bits.
    func bind(_ index: Int32, _ value: UInt64) {
        sqlite3_bind_int64(pointer, index, Int64(bitPattern: value))
    }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { sqlite3_bind_null(pointer, index) }
    }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else {
            sqlite3_bind_null(pointer, index)
            return
        }
        text.withUTF8 { bind(index, text: UnsafeRawBufferPointer($0)) }
    }

    func bind(_ index: Int32, _ text: Text?) {
        guard let text else {
            sqlite3_bind_null(pointer, index)
            return
        }
        text.utf8.withUnsafeBytes { bind(index, text: $0) }
    }

    func bind(_ index: Int32, _ code: MemberCode?) { bind(index, code?.string) }

    func bind(_ index: Int32, _ digest: Digest?) {
        if let digest {
            digest.withUnsafeBytes { bind(index, blob: $0) }
        } else {
            sqlite3_bind_null(pointer, index)
        }
    }

    func bind(_ index: Int32, _ bytes: Bytes?) {
        if let bytes {
            bytes.withUnsafeBytes { bind(index, blob: $0) }
        } else {
            sqlite3_bind_null(pointer, index)
        }
    }

    private func bind(_ index: Int32, text: UnsafeRawBufferPointer) {
        // A null pointer would be taken for null; an empty string is not null.
        let start = text.baseAddress?.assumingMemoryBound(to: CChar.self)
        withUnsafePointer(to: CChar(0)) { empty in
            _ = sqlite3_bind_text(
                pointer,
                index,
                start ?? empty,
                Int32(text.count),
                Statement.transient
            )
        }
    }

    private func bind(_ index: Int32, blob: UnsafeRawBufferPointer) {
        guard blob.count > 0 else {
            sqlite3_bind_zeroblob(pointer, index, 0)
            return
        }
        sqlite3_bind_blob(pointer, index, blob.baseAddress, Int32(blob.count), Statement.transient)
    }

    /// Binds bytes without a copy: they must stay where they are until the statement is reset.
    func bind(_ index: Int32, borrowed blob: UnsafeRawBufferPointer) {
        guard blob.count > 0 else {
            sqlite3_bind_zeroblob(pointer, index, 0)
            return
        }
        sqlite3_bind_blob(pointer, index, blob.baseAddress, Int32(blob.count), nil)
    }

    // MARK: Columns

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

    func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

    /// By its bits.
    func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: int(column)) }

    /// The column's bytes, valid until the next step or reset.
    func raw(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(pointer, column)
        return UnsafeRawBufferPointer(
            start: start,
            count: Int(sqlite3_column_bytes(pointer, column))
        )
    }

    func bytes(_ column: Int32) -> Bytes { Bytes(raw(column)) }

    func string(_ column: Int32) -> String { String(decoding: raw(column), as: UTF8.self) }
}
