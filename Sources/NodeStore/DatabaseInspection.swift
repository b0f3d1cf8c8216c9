import GRDBSQLite

/// The look at a database file before it is opened for writing.
///
/// Nothing of it is changed, so that what is refused can still be put right.
///
/// What is looked at costs the same for any size, but for `quick_check`, which reads a small
/// database in whole. A large one is checked by `SQLiteReader.verify`, when asked.
enum DatabaseInspection {
    enum Finding: Hashable {
        /// No database, or one whose making did not get far enough to hold anything.
        case absent
        /// Of an earlier version of the schema.
        case older
        case current
    }

    /// Up to this size a database is read in whole: about 0.2 s.
    static let quickCheckBytesMaximum = 64 << 20

    static func inspect(
        _ path: String,
        on volume: any Volume
    )
        throws(StoreError) -> Finding
    {
        let walBytes = volume.size(of: "\(path)-wal") ?? 0
        guard let bytes = volume.size(of: path), bytes > 0 else {
            guard walBytes == 0 else {
                throw .damaged(
                    path: path,
                    reason: "its write-ahead log is there and the database is not"
                )
            }
            return .absent
        }
        try checkHeader(path, on: volume, bytes: bytes, isComplete: walBytes == 0)
        let connection = try Connection(path: path, mode: walBytes == 0 ? .immutable : .reader)
        let finding = try version(connection)
        if finding == .current {
            try checkSchema(connection, Schema.version)
            try checkTips(connection)
            if bytes <= quickCheckBytesMaximum { try quickCheck(connection) }
        }
        return finding
    }

    /// Looks at a file of an earlier version of the schema, as far as that version goes; returns it.
    static func inspectOlder(_ path: String) throws(StoreError) -> Int {
        let connection = try Connection(path: path, mode: .immutable)
        let version = Int(try connection.first("PRAGMA user_version") { $0.int(0) } ?? 0)
        try checkSchema(connection, version)
        try checkTips(connection)
        return version
    }

    // MARK: File

    /// The header of 100 bytes (https://www.sqlite.org/fileformat.html, section 1.3): the magic, and
    /// a size that the file has, where no write-ahead log holds what is missing.
    private static func checkHeader(
        _ path: String,
        on volume: any Volume,
        bytes: Int,
        isComplete: Bool
    )
        throws(StoreError)
    {
        let header = try volume.firstBytes(100, of: path)
        guard header.count == 100, header.starts(with: "SQLite format 3\0".utf8) else {
            throw .damaged(path: path, reason: "it is not an SQLite database")
        }
        guard isComplete else { return }
        func number(_ range: Range<Int>) -> Int { header[range].reduce(0) { $0 << 8 | Int($1) } }
        let pageBytes = number(16..<18) == 1 ? 65_536 : number(16..<18)
        let expected = number(28..<32) * pageBytes
        guard bytes >= expected else {
            throw .damaged(path: path, reason: "it has \(bytes) of \(expected) bytes")
        }
    }

    // MARK: Schema

    private static func version(_ connection: Connection) throws(StoreError) -> Finding {
        let id = try connection.first("PRAGMA application_id") { $0.int(0) } ?? 0
        let version = try connection.first("PRAGMA user_version") { $0.int(0) } ?? 0
        let tables = try connection.all(
            "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
        ) { $0.string(0) }
        if id == 0, version == 0, tables.allSatisfy({ $0 == Schema.migrationTable }) {
            return .absent
        }
        guard id == Schema.applicationID, version >= 1 else {
            throw .damaged(path: connection.path, reason: "it is another program's database")
        }
        guard version <= Schema.version else {
            throw .newer(path: connection.path, schema: Int(version), known: Schema.version)
        }
        return version < Schema.version ? .older : .current
    }

    /// The schema must be to the letter the one that the migrations up to a version make.
    private static func checkSchema(
        _ connection: Connection,
        _ version: Int
    ) throws(StoreError) {
        let model = try Connection(path: ":memory:", mode: .writer)
        for migration in Schema.migrations.prefix(version) { try model.execute(migration.sql) }
        let expected = try objects(model)
        let found = try objects(connection)
        for name in Set(expected.keys).union(found.keys).sorted()
        where expected[name] != found[name] {
            throw .damaged(
                path: connection.path,
                reason: "\(name) is not as version \(version) of the schema has it"
            )
        }
    }

    private static func objects(_ connection: Connection) throws(StoreError) -> [String: String] {
        let objects = try connection.all(
            "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
        ) { ($0.string(0), $0.string(1)) }
        return Dictionary(objects) { first, _ in first }
            .filter { $0.key != "table \(Schema.migrationTable)" }
    }

    // MARK: Content

    /// Every feed must end in the log where its tip says.
    private static func checkTips(_ connection: Connection) throws(StoreError) {
        let row = try connection.first(
            """
            SELECT feed, size FROM feeds WHERE
                (size > 0 AND NOT EXISTS
                    (SELECT 1 FROM log WHERE log.feed = feeds.feed AND sequence = size))
                OR EXISTS (SELECT 1 FROM log WHERE log.feed = feeds.feed AND sequence = size + 1)
            LIMIT 1
            """
        ) { ($0.int(0), $0.int(1)) }
        if let (feed, size) = row {
            throw .damaged(
                path: connection.path,
                reason: "feed row \(feed) does not end at its size of \(size) entries"
            )
        }
        guard try connection.first("SELECT id FROM meta", row: { $0.int(0) }) == 1 else {
            throw .damaged(path: connection.path, reason: "the table meta has no row")
        }
    }

    private static func quickCheck(_ connection: Connection) throws(StoreError) {
        let answer = try connection.first("PRAGMA quick_check(1)") { $0.string(0) } ?? ""
        guard answer != "ok" else { return }
        if let code = readFailure(answer) {
            throw .failed(path: connection.path, code: code, message: answer)
        }
        throw .damaged(path: connection.path, reason: answer)
    }

    /// The extended result code of a read that failed in the middle of a check: that is said in the
    /// check's own words, though what is on the disk may be whole.
    ///
    /// The text is SQLite's (btree.c, `checkTreePage`): "... unable to get the page. error code=266".
    static func readFailure(_ answer: String) -> Int32? {
        guard
            let code = answer.wholeMatch(of: /(?s).*error code=(\d+)\s*/)?.1,
            let number = Int32(code), number & 0xff == SQLITE_IOERR
        else { return nil }
        return number
    }
}
