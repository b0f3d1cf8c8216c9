import AllianceModel
import Foundation
import NodeStore
import ReplicationCore
import Testing

@Suite struct TransactionTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func `what was committed is there after closing and opening`() throws {
        let bytes = entryBytes("kept")
        do {
            let store = try fixture.open()
            try fixture.commit(store) {
                let feed = try fixture.feed(store, identity())
                try fixture.append(store, feed, bytes)
            }
        }
        let store = try fixture.open()
        let entry = try #require(try store.entry(at: 1))
        #expect(entry.bytes == bytes)
        #expect(entry.sequence == 1)
        #expect(try store.lastPosition() == 1)
        #expect(try store.requestSecret() == Bytes(repeating: 0xa5, count: 32))
    }

    @Test func `a rollback leaves nothing, and positions go on as if it had not been`() throws {
        let (store, feed) = try fixture.filled(2)
        try store.begin()
        _ = try fixture.feed(store, identity(audience: .private))
        try fixture.append(store, feed, entryBytes("undone"))
        _ = try store.insertRecord(state(key(1)), madeAt: 3)
        #expect(try store.lastPosition() == 3)
        store.rollback()
        #expect(try store.lastPosition() == 2)
        #expect(try store.entry(at: 3) == nil)
        #expect(try store.record(key(1)) == nil)
        #expect(try store.feeds().count == 1)
        let again = try fixture.open(sharing: store)
        try fixture.commit(store) {
            let position = try fixture.append(store, again, entryBytes("kept"))
            #expect(position == 3)
        }
    }

    @Test func `a crash between commits loses just what was not committed`() throws {
        let (store, feed) = try fixture.filled(3)
        try store.begin()
        for number in 0..<500 {
            try fixture.append(store, feed, entryBytes("\(number)", bodyBytes: 20_000))
        }
        let copy = try StoreFixture()
        try fixture.copyFiles(to: copy)
        let restarted = try copy.open()
        #expect(try restarted.lastPosition() == 3)
        let feeds = try restarted.feeds()
        #expect(feeds.map(\.tip.size) == [3])
        #expect(try restarted.verify() == [])
    }

    @Test func `a crash right after a commit loses nothing`() throws {
        let (store, _) = try fixture.filled(5)
        let copy = try StoreFixture()
        try fixture.copyFiles(to: copy)
        let restarted = try copy.open()
        #expect(try restarted.lastPosition() == 5)
        #expect(try restarted.verify() == [])
        #expect(try store.lastPosition() == 5)
    }

    @Test func `a log that grows has room ahead, which means nothing after a crash`() throws {
        let (store, feed) = try fixture.filled(1)
        let log = "\(fixture.data)/citysync.sqlite-wal"
        func size() throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
        }
        // Three pages or so to a commit: about 3 MiB of log.
        var extensions = 0
        for number in 2...250 {
            let before = try size()
            try fixture.commit(store) {
                try fixture.append(store, feed, entryBytes("\(number)", bodyBytes: 2_000))
            }
            if try size() != before { extensions += 1 }
            let copied = number.isMultiple(of: 83) ? try StoreFixture() : nil
            guard let copied else { continue }
            try fixture.copyFiles(to: copied)
            let restarted = try copied.open()
            #expect(try restarted.lastPosition() == Int64(number))
            #expect(try restarted.verify() == [])
        }
        // The first ones make it longer, then one in many does.
        #expect(try size() > 1 << 20)
        #expect(extensions < 150, "\(extensions) of 249 commits made the log longer")
        let bytes = try #require(FileManager.default.contents(atPath: log))
        #expect(bytes.suffix(64 << 10).allSatisfy { $0 == 0 })
    }

    @Test func `a write against the schema stops the store`() throws {
        let (store, feed) = try fixture.filled(2)
        try store.begin()
        let repeated = NewEntry(
            feed: feed,
            sequence: 2,
            leaf: digest("leaf"),
            timestamp: .zero,
            bytes: entryBytes("again"),
            isApplied: true
        )
        let error = try #require(throws: StoreError.self) { _ = try store.append(repeated) }
        guard case .failed(let path, let code, let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(path == fixture.databasePath)
        #expect(code & 0xff == 19)
        #expect(message.contains("log.feed, log.sequence"))
        #expect(store.isStopped)
        #expect(throws: StoreError.stopped) { try store.commit() }
        #expect(throws: StoreError.stopped) { try store.begin() }
        #expect(throws: StoreError.stopped) { _ = try store.lastPosition() }
        store.rollback()
        let copy = try StoreFixture()
        try fixture.copyFiles(to: copy)
        #expect(try copy.open().lastPosition() == 2)
    }

    @Test func `an entry of a feed that is not there stops the store`() throws {
        let store = try fixture.open()
        try store.begin()
        #expect(throws: StoreError.self) {
            _ = try store.append(
                NewEntry(
                    feed: FeedRow(rawValue: 99),
                    sequence: 1,
                    leaf: digest("leaf"),
                    timestamp: .zero,
                    bytes: entryBytes("orphan"),
                    isApplied: true
                )
            )
        }
        #expect(store.isStopped)
    }

    @Test func `a long log moves into the database when the store is idle`() throws {
        let (store, feed) = try fixture.filled(1)
        #expect(try store.checkpointIfIdle() == false)
        try fixture.commit(store) {
            for number in 0..<300 {
                try fixture.append(store, feed, entryBytes("\(number)", bodyBytes: 20_000))
            }
        }
        let before = try fixture.folder.bytes("data/citysync.sqlite").count
        #expect(try store.checkpointIfIdle())
        #expect(try fixture.folder.bytes("data/citysync.sqlite").count > before + 5_000_000)
        #expect(try store.checkpointIfIdle() == false)
        #expect(try store.verify() == [])
    }

    @Test func `a commit checkpoints by itself once the log is very long`() throws {
        let (store, feed) = try fixture.filled(1)
        try fixture.commit(store) {
            for number in 0..<70 {
                try fixture.append(store, feed, entryBytes("\(number)", bodyBytes: 1_000_000))
            }
        }
        #expect(store.checkpointFailure == nil)
        #expect(try store.checkpointIfIdle() == false)
        #expect(try fixture.folder.bytes("data/citysync.sqlite").count > 70_000_000)
    }

    @Test func `each start notes where the one before it ended`() throws {
        do {
            let store = try fixture.open()
            try fixture.commit(store) {
                try store.start(Incarnation(rawValue: 1))
                let feed = try fixture.feed(store, identity())
                try fixture.append(store, feed, entryBytes("first"))
                try fixture.append(store, feed, entryBytes("second"))
            }
        }
        let store = try fixture.open()
        try fixture.commit(store) { try store.start(Incarnation(rawValue: .max)) }
        #expect(
            try store.incarnations() == [
                IncarnationSpan(incarnation: Incarnation(rawValue: 1), first: 1, last: 2),
                IncarnationSpan(incarnation: Incarnation(rawValue: .max), first: 3, last: nil),
            ]
        )
    }
}
