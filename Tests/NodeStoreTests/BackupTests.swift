import Foundation
import GRDBSQLite
@testable import NodeStore
import ReplicationCore
import Testing

/// A copy of the store, made while it is open.
struct BackupTests {
    private let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    private func backup(_ name: String) throws -> StoreBackup.Report {
        try StoreBackup.make(
            of: fixture.databasePath,
            to: "\(fixture.folder.path)/\(name)",
            fixture.settings
        )
    }

    @Test func `a copy holds every commit there was, and the store goes on`() throws {
        let (store, feed) = try fixture.filled(300)
        let report = try backup("copy.sqlite")
        #expect(report.position == 300)
        try fixture.commit(store) { try fixture.append(store, feed, entryBytes("later")) }

        let restored = try StoreFixture()
        _ = try DataFolder("\(restored.folder.path)/data")
        try FileManager.default.moveItem(
            atPath: "\(fixture.folder.path)/copy.sqlite",
            toPath: restored.databasePath
        )
        let copy = try restored.open()
        #expect(try copy.lastPosition() == 300)
        #expect(try copy.requestSecret() == store.requestSecret())
        #expect(try copy.entry(at: 300) == store.entry(at: 300))
        #expect(try copy.verify() == [])
        #expect(try store.lastPosition() == 301)
    }

    @Test func `only its owner can read a copy`() throws {
        _ = try fixture.filled(3)
        _ = try backup("copy.sqlite")
        let attributes = try FileManager.default.attributesOfItem(
            atPath: "\(fixture.folder.path)/copy.sqlite"
        )
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a file that is there is not written over`() throws {
        _ = try fixture.filled(3)
        try fixture.folder.write([1, 2, 3], to: "copy.sqlite")
        #expect(throws: StoreError.self) { try backup("copy.sqlite") }
        #expect(try fixture.folder.bytes("copy.sqlite") == [1, 2, 3])
    }

    @Test func `a copy of what is damaged gets no name`() throws {
        _ = try fixture.filled(50)
        var handle: OpaquePointer?
        try #require(sqlite3_open(fixture.databasePath, &handle) == SQLITE_OK)
        let sql = "UPDATE log SET body = x'00' WHERE position = 7"
        try #require(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK)
        try #require(sqlite3_close(handle) == SQLITE_OK)
        #expect {
            try backup("copy.sqlite")
        } throws: { error in
            guard case .damaged(_, let reason)? = error as? StoreError else { return false }
            return reason.contains("entry 7")
        }
        #expect(!fixture.folder.exists("copy.sqlite"))
        #expect(!fixture.folder.exists("copy.sqlite.partial"))
    }

    @Test func `a folder that is not there is named`() throws {
        _ = try fixture.filled(1)
        #expect {
            try backup("missing/copy.sqlite")
        } throws: { error in
            guard case .unopenable(let path, _)? = error as? StoreError else { return false }
            return path.contains("missing/copy.sqlite")
        }
    }
}
