import AllianceModel
import Foundation
@testable import NodeStore
import ReplicationCore
import ReplicationWire
import Testing

/// A backup put in the place of a store.
struct RestoreTests {
    private let fixture: StoreFixture
    private var backup: String { "\(fixture.folder.path)/copy.sqlite" }

    init() throws { fixture = try StoreFixture() }

    /// A backup of so many entries of a feed that this incarnation of `member` wrote.
    private func makeBackup(
        _ count: Int,
        of code: String = "350100",
        roster: Digest = RosterCoding.digest(LedgerCity.roster, sampleHash)
    ) throws {
        let store = try fixture.open()
        let writer = Writer(member: member(code), incarnation: Incarnation(rawValue: 77))
        try fixture.commit(store) {
            try store.start(writer.incarnation)
            let feed = try fixture.feed(
                store,
                FeedIdentity(
                    writer: writer,
                    audience: .alliance,
                    deliveryClass: .normal,
                    roster: roster
                )
            )
            for number in 0..<count { try fixture.append(store, feed, entryBytes("\(number)")) }
        }
        _ = try StoreBackup.make(
            of: fixture.databasePath,
            to: backup,
            fixture.settings
        )
    }

    private func restore(
        into target: StoreFixture,
        as code: String = "350100",
        stamp: String = "1"
    ) throws -> StoreRestore.Report {
        let folder = try DataFolder(target.data)
        let restore = StoreRestore(
            into: folder,
            of: member(code),
            roster: LedgerCity.roster,
            hash: sampleHash
        )
        return try restore.restore(backup, stamp: stamp)
    }

    private func position(in target: StoreFixture) throws -> LogPosition {
        try target.open().lastPosition()
    }

    @Test func `a backup takes the store's place, and the former store is kept beside it`() throws {
        try makeBackup(5)
        let target = try StoreFixture()
        do {
            let (store, feed) = try target.filled(2)
            // What is in the write-ahead log belongs to what is kept.
            try target.commit(store) { try target.append(store, feed, entryBytes("late")) }
        }
        let report = try restore(into: target)
        #expect(report.backup.position == 5)
        let kept = try #require(report.replaced)
        #expect(kept.hasSuffix("/citysync.sqlite.replaced-1"))
        #expect(try position(in: target) == 5)
        #expect(try target.open().verify() == [])
        let former = try Connection(path: kept, mode: .writer)
        #expect(try former.first("SELECT count(*) FROM log") { $0.int(0) } == 3)
    }

    @Test func `where there was no store, nothing is replaced`() throws {
        try makeBackup(5)
        let target = try StoreFixture()
        let report = try restore(into: target)
        #expect(report.replaced == nil)
        #expect(try position(in: target) == 5)
        let attributes = try FileManager.default.attributesOfItem(atPath: target.databasePath)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `twice the same day keeps both`() throws {
        try makeBackup(5)
        let target = try StoreFixture()
        _ = try restore(into: target)
        #expect(try restore(into: target, stamp: "2").replaced?.hasSuffix("-2") == true)
        #expect(throws: StoreRestore.Fault.self) { try restore(into: target, stamp: "2") }
        #expect(try position(in: target) == 5)
    }

    @Test func `a damaged or cut backup changes nothing`() throws {
        try makeBackup(200)
        let whole = try Data(contentsOf: URL(fileURLWithPath: backup))
        let target = try StoreFixture()
        _ = try target.filled(2)
        var flipped = whole
        let place = try #require(whole.range(of: Data("150".utf8)))
        flipped[place.lowerBound] ^= 1
        for bytes in [flipped, whole.prefix(whole.count / 2), Data("no database".utf8), Data()] {
            try bytes.write(to: URL(fileURLWithPath: backup))
            #expect(throws: StoreRestore.Fault.self) { try restore(into: target) }
            #expect(try position(in: target) == 2)
            #expect(!target.folder.exists("data/citysync.sqlite.restoring"))
        }
    }

    @Test func `a store that a node used is no backup`() throws {
        try makeBackup(1)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(backup)-wal"))
        let target = try StoreFixture()
        #expect(throws: StoreRestore.Fault.notWhole) { try restore(into: target) }
    }

    @Test func `another member's backup, or another alliance's, is refused by name`() throws {
        try makeBackup(1, of: "350300")
        let target = try StoreFixture()
        #expect(throws: StoreRestore.Fault.otherMember(member("350300"))) {
            try restore(into: target)
        }
        #expect(try restore(into: target, as: "350300").backup.position == 1)
    }

    @Test func `a backup of another alliance is refused`() throws {
        try makeBackup(1, roster: digest("another"))
        let target = try StoreFixture()
        #expect(throws: StoreRestore.Fault.otherAlliance) { try restore(into: target) }
        #expect(!FileManager.default.fileExists(atPath: target.databasePath))
    }

    // MARK: Schema

    /// A store of the first version of the schema with one feed of so many entries, as a file.
    private func makeOldBackup(_ count: Int) throws {
        let old = try StoreFixture()
        try DataFolder(old.data).unlock()
        let secret = Bytes(repeating: 7, count: 32)
        try Schema.migrate(path: old.databasePath, secret: secret, to: 1)
        // Its tables have what a present store has in the same ones.
        try makeBackup(count)
        let target = try Connection(path: old.databasePath, mode: .writer)
        try target.run("ATTACH DATABASE ?1 AS present") { $0.bind(1, backup) }
        for table in ["incarnations", "feeds", "log", "heads", "frontiers"] {
            let columns = try target.all(
                "SELECT name FROM pragma_table_info(?1)",
                { $0.bind(1, table) },
                row: { $0.string(0) }
            ).joined(separator: ", ")
            try target.execute(
                "INSERT INTO main.\(table) (\(columns)) SELECT \(columns) FROM present.\(table)"
            )
        }
        try FileManager.default.removeItem(atPath: backup)
        try target.run("VACUUM main INTO ?1") { $0.bind(1, backup) }
    }

    @Test func `a backup of an earlier schema is verified and taken, and the node migrates it`()
        throws
    {
        try makeOldBackup(30)
        let target = try StoreFixture()
        let report = try restore(into: target)
        #expect(report.backup.olderSchema == 1)
        #expect(report.backup.position == 30)
        let store = try target.open()
        #expect(try store.lastPosition() == 30)
        #expect(try store.verify() == [])
        let database = try Connection(path: target.databasePath, mode: .reader)
        #expect(try database.first("PRAGMA user_version") { $0.int(0) } == Int64(Schema.version))
    }

    @Test func `a backup of an earlier schema is verified as well as any`() throws {
        try makeOldBackup(200)
        let whole = try Data(contentsOf: URL(fileURLWithPath: backup))
        var flipped = whole
        let place = try #require(whole.range(of: Data("150".utf8)))
        flipped[place.lowerBound] ^= 1
        try flipped.write(to: URL(fileURLWithPath: backup))
        let target = try StoreFixture()
        #expect(throws: StoreRestore.Fault.self) { try restore(into: target) }
        try whole.write(to: URL(fileURLWithPath: backup))
        let altered = try Connection(path: backup, mode: .writer)
        try altered.execute("CREATE TABLE more (x INTEGER) STRICT; PRAGMA journal_mode = DELETE")
        #expect(throws: StoreRestore.Fault.self) { try restore(into: target) }
        #expect(!target.folder.exists("data/citysync.sqlite"))
    }

    @Test func `a backup of a later schema is refused as that`() throws {
        try makeBackup(3)
        let altered = try Connection(path: backup, mode: .writer)
        try altered.execute("PRAGMA user_version = 9; PRAGMA journal_mode = DELETE")
        let target = try StoreFixture()
        #expect {
            try restore(into: target)
        } throws: { error in
            guard
                case .store(.newer(_, schema: 9, known: Schema.version)) = error
                    as? StoreRestore.Fault
            else { return false }
            return true
        }
        #expect(!target.folder.exists("data/citysync.sqlite"))
    }
}
