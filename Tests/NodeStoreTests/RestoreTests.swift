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
}
