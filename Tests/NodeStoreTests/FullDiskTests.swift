import AllianceModel
import Foundation
import NodeStore
import ReplicationCore
import Testing

/// A small file system in memory, which only root can mount.
private final class SmallDisk {
    let folder: TemporaryFolder
    var path: String { folder.path }

    static let isAvailable: Bool = {
        do {
            _ = try SmallDisk(mebibytes: 1)
            return true
        } catch {
            return false
        }
    }()

    init(mebibytes: Int) throws {
        folder = try TemporaryFolder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(mebibytes)m") == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    deinit {
        if umount2(folder.path, Int32(MNT_DETACH)) != 0 {
            print("\(folder.path) stays mounted: \(String(cString: strerror(errno)))")
        }
    }

    /// Takes all space that is left.
    func fill() throws {
        let descriptor = open("\(path)/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        try #require(errno == ENOSPC)
    }

    func free() throws { try FileManager.default.removeItem(atPath: "\(path)/filler") }
}

@Suite(.enabled(if: SmallDisk.isAvailable, "a tmpfs can be mounted"))
struct FullDiskTests {
    @Test func `a commit onto a full disk says so, stops, and leaves what was committed`() throws {
        let disk = try SmallDisk(mebibytes: 8)
        let data = "\(disk.path)/data"
        let database = "\(data)/citysync.sqlite"
        do {
            let fixture = try StoreFixture(data: data)
            let (store, feed) = try fixture.filled(3)
            try disk.fill()
            try store.begin()
            for number in 0..<200 {
                try fixture.append(store, feed, entryBytes("\(number)", bodyBytes: 4_000))
            }
            #expect(throws: StoreError.full(path: database)) { try store.commit() }
            #expect(store.isStopped)
            #expect(throws: StoreError.stopped) { try store.begin() }
        }
        try disk.free()
        let store = try StoreFixture(data: data).open()
        #expect(try store.lastPosition() == 3)
        #expect(try store.verify() == [])
    }

    @Test func `a disk that fills before the commit can be rolled back and used again`() throws {
        let disk = try SmallDisk(mebibytes: 16)
        let data = "\(disk.path)/data"
        let fixture = try StoreFixture(data: data)
        let (store, feed) = try fixture.filled(3)
        try disk.fill()
        try store.begin()
        var error: StoreError?
        // More than the cache holds, so that pages go to the disk before the commit.
        for number in 0..<30 where error == nil {
            error = nil
            do {
                try fixture.append(store, feed, entryBytes("\(number)", bodyBytes: 1_000_000))
            } catch let failure as StoreError {
                error = failure
            }
        }
        #expect(error == .full(path: "\(data)/citysync.sqlite"))
        #expect(!store.isStopped)
        store.rollback()
        #expect(try store.lastPosition() == 3)
        try disk.free()
        let again = try fixture.open(sharing: store)
        try fixture.commit(store) { try fixture.append(store, again, entryBytes("kept")) }
        #expect(try store.lastPosition() == 4)
        #expect(try store.verify() == [])
    }

    @Test func `a start on a full disk says so and leaves nothing half made`() throws {
        let disk = try SmallDisk(mebibytes: 1)
        let data = "\(disk.path)/data"
        try disk.fill()
        let error = #expect(throws: StoreError.self) { try StoreFixture(data: data).open() }
        guard case .full = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try disk.free()
        #expect(try StoreFixture(data: data).open().lastPosition() == 0)
    }
}
