import AllianceModel
import Foundation
import GRDBSQLite
@testable import NodeStore
import ReplicationCore
import Testing

@Suite struct OpeningTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    // MARK: Making

    @Test func `a new folder is its owner's alone, as is what lies in it`() throws {
        let store = try fixture.open()
        #expect(try store.lastPosition() == 0)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: "\(fixture.folder.path)/data"
        )
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(fixture.folder.exists("data/citysync.sqlite"))
        #expect(fixture.folder.exists("data/lock"))
    }

    @Test func `the file says whose it is and which version`() throws {
        _ = try fixture.open()
        #expect(try answers("PRAGMA application_id") == ["\(0x4369_7479)"])
        #expect(try answers("PRAGMA user_version") == ["5"])
        #expect(try answers("PRAGMA journal_mode") == ["wal"])
    }

    @Test func `every table is STRICT and every column has its comment`() throws {
        _ = try fixture.open()
        let tables = try answers(
            """
            SELECT name FROM pragma_table_list
            WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'
                AND name <> 'grdb_migrations'
            """
        )
        #expect(tables == [])
        var columns = 0
        for sql in try answers("SELECT sql FROM sqlite_schema WHERE type = 'table'") {
            for line in sql.split(separator: "\n") where line.hasPrefix("  ") {
                guard line.contains(/^\s+[a-z_]+ (INTEGER|TEXT|BLOB)/) else { continue }
                columns += 1
                #expect(line.contains(" -- "), "\(line)")
                let mayBeNull = !line.contains("NOT NULL") && !line.contains("PRIMARY KEY")
                #expect(!mayBeNull || line.contains("null: "), "\(line)")
            }
        }
        #expect(columns > 80)
    }

    @Test func `a making that was cut off is begun again`() throws {
        _ = try DataFolder("\(fixture.folder.path)/data")
        try run("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        let store = try fixture.open()
        #expect(try store.lastPosition() == 0)
        #expect(try answers("PRAGMA user_version") == ["5"])
    }

    @Test func `a store of the first version is brought to the present one`() throws {
        _ = try DataFolder("\(fixture.folder.path)/data")
        let secret = Bytes(repeating: 7, count: 32)
        try Schema.migrate(path: fixture.databasePath, secret: secret, to: 1)
        try run("INSERT INTO audit VALUES (1, 2, 'clerk', 'POST /v1/records', NULL, 201)")
        #expect(try answers("PRAGMA user_version") == ["1"])
        let store = try fixture.open()
        #expect(try answers("PRAGMA user_version") == ["5"])
        #expect(try store.requestSecret() == secret)
        #expect(try store.audit(before: nil, limit: 9).map(\.actor) == ["clerk"])
        #expect(try store.disputeSummary() == .none)
    }

    @Test func `an empty file is taken for none`() throws {
        _ = try DataFolder("\(fixture.folder.path)/data")
        try fixture.folder.write([], to: "data/citysync.sqlite")
        #expect(try fixture.open().lastPosition() == 0)
    }

    // MARK: Refusing

    @Test func `a newer schema is refused and left as it is`() throws {
        _ = try fixture.filled(3)
        try run("PRAGMA user_version = 9")
        try expectRefusal { error in
            error == .newer(path: fixture.databasePath, schema: 9, known: 5)
        }
    }

    @Test(arguments: [false, true])
    func `another program's database is refused and left as it is`(isWAL: Bool) throws {
        _ = try DataFolder("\(fixture.folder.path)/data")
        if isWAL { try run("PRAGMA journal_mode = WAL") }
        try run("CREATE TABLE theirs (value TEXT); INSERT INTO theirs VALUES ('kept')")
        try expectDamage { $0 == "it is another program's database" }
    }

    @Test func `a file that is no database is refused and left as it is`() throws {
        _ = try DataFolder("\(fixture.folder.path)/data")
        try fixture.folder.write(Bytes("a letter, not a database".utf8), to: "data/citysync.sqlite")
        try expectDamage { $0 == "it is not an SQLite database" }
    }

    @Test func `a log without its database is refused and left as it is`() throws {
        _ = try DataFolder("\(fixture.folder.path)/data")
        try fixture.folder.write(Bytes(repeating: 1, count: 100), to: "data/citysync.sqlite-wal")
        try expectDamage { $0 == "its write-ahead log is there and the database is not" }
    }

    @Test(arguments: [0.2, 0.5, 0.99])
    func `a file cut short is refused and left as it is`(part: Double) throws {
        _ = try fixture.filled(500)
        let whole = try fixture.folder.bytes("data/citysync.sqlite")
        let rest = Bytes(whole.prefix(Int(Double(whole.count) * part)))
        try fixture.folder.write(rest, to: "data/citysync.sqlite")
        try expectDamage { $0 == "it has \(rest.count) of \(whole.count) bytes" }
    }

    /// Places in the header of 100 bytes whose change makes the file another: magic, page size,
    /// application id, and those of the schema's page behind it.
    @Test(arguments: [0, 3, 16, 68, 71, 100, 103, 105])
    func `a flipped bit in the first page is refused and left as it is`(offset: Int) throws {
        _ = try fixture.filled(50)
        var bytes = try fixture.folder.bytes("data/citysync.sqlite")
        bytes[offset] ^= 0x10
        try fixture.folder.write(bytes, to: "data/citysync.sqlite")
        try expectDamage { !$0.isEmpty }
    }

    @Test func `a schema that was changed is refused and left as it is`() throws {
        _ = try fixture.filled(3)
        try run("DROP INDEX held_by_author")
        try expectDamage { $0.hasPrefix("index held_by_author is not as version 5") }
    }

    @Test func `a page of rubbish is refused and left as it is`() throws {
        _ = try fixture.filled(500)
        var bytes = try fixture.folder.bytes("data/citysync.sqlite")
        let page = bytes.count / 4096 / 2
        for index in (page * 4096)..<((page + 1) * 4096) { bytes[index] = 0x5a }
        try fixture.folder.write(bytes, to: "data/citysync.sqlite")
        try expectDamage { !$0.isEmpty }
    }

    @Test func `a feed that lost its end is refused and left as it is`() throws {
        _ = try fixture.filled(3)
        try run("DELETE FROM log WHERE position = 3")
        try expectDamage { $0 == "feed row 1 does not end at its size of 3 entries" }
    }

    @Test func `a folder that cannot be made is said so`() throws {
        try fixture.folder.write([], to: "data")
        let error = #expect(throws: StoreError.self) { try fixture.open() }
        guard case .unopenable(let path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path.hasPrefix("\(fixture.folder.path)/data"))
    }

    // MARK: Deep check

    @Test func `a flipped bit in a value passes the opening and not the deep check`() throws {
        _ = try fixture.filled(40)
        var bytes = try fixture.folder.bytes("data/citysync.sqlite")
        let value = Bytes("body of 17".utf8)
        let place = try #require(
            bytes.indices.first { bytes[$0...].starts(with: value) }
        )
        bytes[place + 3] ^= 1
        try fixture.folder.write(bytes, to: "data/citysync.sqlite")
        let store = try fixture.open()
        let feed = try #require(try store.feeds().first).tip.digest.short
        #expect(
            try store.verify() == [
                "entry 18 of feed \(feed) does not have its leaf's hash",
                "feed \(feed) does not lead to its tip",
            ]
        )
    }

    @Test func `the deep check follows stored frontiers and signed heads`() throws {
        let (store, feed) = try fixture.filled(1_500)
        let root = try #require(fixture.feeds[feed]).frontier.root(hash: sampleHash)
        func head(_ size: UInt64, _ root: Digest) -> SignedHead {
            SignedHead(
                head: FeedHead(feed: identity().digest(hash: sampleHash), size: size, root: root),
                key: digest("key"),
                signature: Bytes(repeating: 1, count: 64)
            )
        }
        try fixture.commit(store) {
            try store.insertHead(feed, head(1_500, root))
            try store.insertHead(feed, head(1_500, digest("a second head of that size")))
        }
        #expect(try store.verify() == [])
        #expect(try store.heads(feed) == [head(1_500, root)])
        try fixture.commit(store) { try store.insertHead(feed, head(700, root)) }
        let short = identity().digest(hash: sampleHash).short
        #expect(
            try store.verify() == [
                "entry 700 of feed \(short) does not lead to the root that its head signs"
            ]
        )
    }

    // MARK: Lock

    @Test func `a second node is refused, naming the first one's pid`() throws {
        let store = try fixture.open()
        let path = "\(fixture.folder.path)/data"
        #expect(throws: StoreError.locked(path: path, pid: getpid())) { try fixture.open() }
        #expect(try store.lastPosition() == 0)
    }

    @Test func `the lock of a node that is gone refuses nobody`() throws {
        _ = try fixture.open()
        try fixture.folder.write(Bytes("999999\n".utf8), to: "data/lock")
        let store = try fixture.open()
        #expect(try fixture.folder.bytes("data/lock") == Bytes("\(getpid())\n".utf8))
        #expect(try store.lastPosition() == 0)
    }

    @Test func `the folder is locked as long as a reader is left`() throws {
        var readers: ReaderPool? = try fixture.open().readers(count: 1)
        #expect(throws: StoreError.self) { try fixture.open() }
        #expect(try readers?.read { reader throws(StoreError) in try reader.lastPosition() } == 0)
        readers = nil
        #expect(try fixture.open().lastPosition() == 0)
    }

    @Test func `a read that failed in a check is no damage`() {
        let failed = "Tree 12 page 9: unable to get the page. error code=266"
        #expect(DatabaseInspection.readFailure(failed) == 266)
        let corrupt = "Tree 12 page 9: unable to get the page. error code=11"
        #expect(DatabaseInspection.readFailure(corrupt) == nil)
        #expect(DatabaseInspection.readFailure("row 3 missing from index term") == nil)
    }

    // MARK: Beside the store

    private func expectDamage(_ matches: (String) -> Bool) throws {
        try expectRefusal { error in
            guard case .damaged(let path, let reason) = error else { return false }
            return path == fixture.databasePath && matches(reason)
        }
    }

    /// Opening fails like that, and the database and its log are as they were.
    private func expectRefusal(_ matches: (StoreError) -> Bool) throws {
        let names = ["data/citysync.sqlite", "data/citysync.sqlite-wal"]
        let before = try names.map { fixture.folder.exists($0) ? try fixture.folder.bytes($0) : [] }
        let error = #expect(throws: StoreError.self) { try fixture.open() }
        if let error { #expect(matches(error), "\(error)") }
        let after = try names.map { fixture.folder.exists($0) ? try fixture.folder.bytes($0) : [] }
        #expect(before == after)
    }

    private func run(_ sql: String) throws { _ = try answers(sql) }

    /// The first column of every row, on a connection of its own to the closed store.
    private func answers(_ sql: String) throws -> [String] {
        var handle: OpaquePointer?
        defer { sqlite3_close(handle) }
        try #require(sqlite3_open(fixture.databasePath, &handle) == SQLITE_OK)
        final class Answers { var rows: [String] = [] }
        let answers = Answers()
        let code = sqlite3_exec(
            handle,
            sql,
            { context, count, values, _ in
                guard let context, count > 0, let value = values?[0] else { return 0 }
                Unmanaged<Answers>.fromOpaque(context).takeUnretainedValue().rows.append(
                    String(cString: value)
                )
                return 0
            },
            Unmanaged.passUnretained(answers).toOpaque(),
            nil
        )
        try #require(code == SQLITE_OK)
        return answers.rows
    }
}
