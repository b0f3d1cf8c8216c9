import AllianceModel
import NodeStore
import ReplicationCore
import Testing

@Suite struct RecordsTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func `a record made by one changeset points at its entry`() throws {
        let (store, feed) = try fixture.filled(2)
        let bytes = entryBytes("creation")
        var row = RecordRow(rawValue: 0)
        try fixture.commit(store) {
            let position = try fixture.append(store, feed, bytes)
            row = try store.insertRecord(state(key(1)), madeAt: position)
        }
        let expected = StoredRecord(
            row: row,
            key: key(1),
            content: .made(
                by: StoredEntry(position: 3, feed: feed, sequence: 3, bytes: bytes)
            ),
            position: 3
        )
        #expect(try store.record(key(1)) == expected)
        #expect(try store.record(key(1).identifier) == expected)
        #expect(try store.record(key(2)) == nil)
        #expect(try store.record(key(2).identifier) == nil)
        let history = try store.history(row, upTo: .max)
        #expect(history.map(\.entry.position) == [3])
    }

    @Test func `a record with further changes holds its state`() throws {
        let (store, feed) = try fixture.filled(0)
        let later = state(key(1), updated: 9)
        try fixture.commit(store) {
            let made = try fixture.append(store, feed, entryBytes("creation"))
            let row = try store.insertRecord(state(key(1)), madeAt: made)
            let position = try fixture.append(store, feed, entryBytes("change"))
            try store.insertApplied(row, stored: position, applied: position)
            try store.updateRecord(row, later, appliedAt: position)
        }
        let record = try #require(try store.record(key(1)))
        #expect(record.content == .state(later.encoded))
        #expect(record.position == 2)
    }

    /// What a causality token of each position must see.
    @Test func `history up to a position is what had taken effect by then`() throws {
        let (store, feed) = try fixture.filled(0)
        var row = RecordRow(rawValue: 0)
        try fixture.commit(store) {
            let made = try fixture.append(store, feed, entryBytes("1: creation"))
            row = try store.insertRecord(state(key(1)), madeAt: made)
            let held = try fixture.append(store, feed, entryBytes("2: held"), isApplied: false)
            let change = try fixture.append(store, feed, entryBytes("3: change"))
            try store.insertApplied(row, stored: change, applied: change)
            try fixture.append(store, feed, entryBytes("4: of another record"))
            let release = try store.appendRelease(of: held)
            try store.insertApplied(row, stored: held, applied: release)
            try store.updateRecord(row, state(key(1)), appliedAt: release)
        }
        let expected: [LogPosition: [LogPosition]] = [
            0: [], 1: [1], 2: [1], 3: [1, 3], 4: [1, 3], 5: [1, 3, 2], .max: [1, 3, 2],
        ]
        for (position, stored) in expected {
            let history = try store.history(row, upTo: position)
            #expect(history.map(\.entry.position) == stored)
        }
        let whole = try store.history(row, upTo: .max)
        #expect(whole.map(\.applied) == [1, 3, 5])
        #expect(whole.last?.entry.bytes == entryBytes("2: held"))
        #expect(try store.history(RecordRow(rawValue: 77), upTo: .max) == [])
    }

    @Test func `a record made by a release finds the entry that was held`() throws {
        let (store, feed) = try fixture.filled(0)
        try fixture.commit(store) {
            let held = try fixture.append(store, feed, entryBytes("creation"), isApplied: false)
            try fixture.append(store, feed, entryBytes("another"))
            let release = try store.appendRelease(of: held)
            _ = try store.insertRecord(state(key(1)), madeAt: release)
        }
        let record = try #require(try store.record(key(1)))
        guard case .made(let entry) = record.content else {
            Issue.record("\(record.content)")
            return
        }
        #expect(entry.position == 1)
        #expect(entry.bytes == entryBytes("creation"))
        #expect(record.position == 3)
        let history = try store.history(record.row, upTo: .max)
        #expect(history == [AppliedEntry(entry: entry, applied: 3)])
    }

    @Test func `changes are what took effect, in order, without what is held or no change`() throws
    {
        let (store, feed) = try fixture.filled(0)
        try fixture.commit(store) {
            try fixture.append(store, feed, entryBytes("1: applied"))
            try fixture.append(store, feed, entryBytes("2: statement"), isChangeset: false)
            try fixture.append(store, feed, entryBytes("3: held"), isApplied: false)
            try fixture.append(store, feed, entryBytes("4: applied"))
            _ = try store.appendRelease(of: 3)
            try fixture.append(store, feed, entryBytes("6: held"), isApplied: false)
            try fixture.append(store, feed, entryBytes("7: applied"))
        }
        let changes = try store.applied(after: 0, limit: 100)
        #expect(changes.map(\.applied) == [1, 4, 5, 7])
        #expect(changes.map(\.entry?.position) == [1, 4, 3, 7])
        #expect(changes.map(\.entry?.bytes)[2] == entryBytes("3: held"))
        let page = try store.applied(after: 1, limit: 2)
        #expect(page == Array(changes[1...2]))
        #expect(try store.applied(after: 7, limit: 2) == [])
        #expect(try store.entry(at: 5) == nil)
        #expect(try store.entry(at: 2)?.bytes == entryBytes("2: statement"))
    }

    @Test func `rows are in the order of keys`() throws {
        let store = try fixture.open()
        var feed = FeedRow(rawValue: 0)
        try fixture.commit(store) { feed = try fixture.feed(store, identity()) }
        var generator = SeededGenerator(seed: 4)
        let origins = ["350100", "350100-07", "350100-7", "350300", "110000", "999999-abcdefghij"]
        var keys: [RecordKey] = []
        for origin in origins {
            for number in [0, 1, 255, 256, UInt64.max] {
                keys.append(key(number, origin: member(origin), header: 0))
                keys.append(key(number, origin: member(origin), header: .max))
            }
        }
        try fixture.commit(store) {
            for key in keys.shuffled(using: &generator) {
                let position = try fixture.append(store, feed, entryBytes("a record"))
                _ = try store.insertRecord(state(key), madeAt: position)
            }
        }
        var read: [RecordKey] = []
        while true {
            let page = try store.records(after: read.last, limit: 7)
            read += page.map(\.key)
            if page.isEmpty { break }
        }
        #expect(read == keys.sorted())
        for key in keys {
            #expect(try store.record(key)?.key == key)
            let smaller = keys.filter { $0.identifier == key.identifier }.min()
            #expect(try store.record(key.identifier)?.key == smaller)
        }
    }

    @Test func `entries keep empty parts empty`() throws {
        let (store, feed) = try fixture.filled(0)
        let bytes = EntryBytes(opening: [1], writes: [], salt: [2], body: [])
        try fixture.commit(store) { try fixture.append(store, feed, bytes) }
        #expect(try store.entry(at: 1)?.bytes == bytes)
        #expect(try store.verify() == [])
    }
}
