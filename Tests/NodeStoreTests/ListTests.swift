import AllianceModel
import NodeStore
import ReplicationCore
import Testing

@Suite struct ListTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// Records as a test knows them: the naive list is a filter over all of them.
    private final class World {
        let store: SQLiteStore
        let fixture: StoreFixture
        var generator: SeededGenerator
        private let feed: FeedRow
        /// In the order of their coming.
        private(set) var rows: [RecordRow] = []
        private(set) var keys: [RecordKey] = []
        private(set) var terms: [IndexTerms?] = []

        init(_ fixture: StoreFixture, seed: UInt64) throws {
            self.fixture = fixture
            generator = SeededGenerator(seed: seed)
            store = try fixture.filled(0).store
            feed = FeedRow(rawValue: 1)
        }

        private func randomTerms() -> IndexTerms? {
            func pick<Value>(_ values: [Value]) -> Value {
                values[Int.random(in: 0..<values.count, using: &generator)]
            }
            if Int.random(in: 0..<10, using: &generator) == 0 { return nil }
            let isCase = Bool.random(using: &generator)
            return IndexTerms(
                item: pick(["GJJ-01", "GJJ-07"]),
                home: pick([fuzhou, putian]),
                stage: isCase ? pick(["accepted", "decided"]) : nil,
                holder: isCase ? pick([fuzhou, putian]) : nil,
                subject: pick([nil, "11010519491231002X", "é", "e\u{301}", ""]),
                updated: .random(in: 0...50, using: &generator)
            )
        }

        func create() throws {
            let key = key(UInt64(keys.count), header: generator.next())
            let position = try fixture.append(store, feed, entryBytes("creation"))
            rows.append(try store.insertRecord(state(key), madeAt: position))
            keys.append(key)
            terms.append(randomTerms())
            fixture.terms[key, position] = terms[keys.count - 1]
        }

        /// Changes some record, and returns its key.
        @discardableResult
        func change() throws -> RecordKey? {
            guard !keys.isEmpty else { return nil }
            let index = Int.random(in: 0..<keys.count, using: &generator)
            let position = try fixture.append(store, feed, entryBytes("change"))
            try store.insertApplied(rows[index], stored: position, applied: position)
            try store.updateRecord(rows[index], state(keys[index]), appliedAt: position)
            terms[index] = randomTerms()
            fixture.terms[keys[index], position] = terms[index]
            return keys[index]
        }

        func randomQuery() -> RecordQuery {
            var query = RecordQuery(limit: Int.random(in: 1...9, using: &generator))
            guard let terms = randomTerms() else { return query }
            if Bool.random(using: &generator) { query.item = terms.item }
            if Bool.random(using: &generator) { query.home = terms.home }
            if Int.random(in: 0..<3, using: &generator) == 0 { query.stage = terms.stage }
            if Int.random(in: 0..<3, using: &generator) == 0 { query.holder = terms.holder }
            if Int.random(in: 0..<3, using: &generator) == 0 { query.subject = terms.subject }
            if Int.random(in: 0..<3, using: &generator) == 0 { query.updatedAfter = terms.updated }
            return query
        }

        func naive(_ query: RecordQuery) -> [RecordKey] {
            zip(keys, terms).compactMap { key, terms in
                guard let terms else { return nil }
                if let item = query.item, item != terms.item { return nil }
                if let home = query.home, home != terms.home { return nil }
                if let stage = query.stage, stage != terms.stage { return nil }
                if let holder = query.holder, holder != terms.holder { return nil }
                if let subject = query.subject, subject != terms.subject { return nil }
                if let moment = query.updatedAfter, terms.updated <= moment { return nil }
                return key
            }
        }
    }

    private func pages(_ reader: SQLiteReader, _ query: RecordQuery) throws -> [RecordKey] {
        var query = query
        var keys: [RecordKey] = []
        while true {
            let page = try reader.list(query)
            #expect(page.records.count <= query.limit)
            keys += page.records.map(\.key)
            guard let next = page.next else { return keys }
            #expect(page.records.count == query.limit)
            #expect(RecordQuery.isCursor(next))
            query.cursor = next
        }
    }

    @Test(arguments: 0..<16)
    func `a list is the plain filter of all records, however far the index is`(
        seed: UInt64
    )
        throws
    {
        let world = try World(fixture, seed: seed)
        let readers = try world.store.readers(count: 1)
        for _ in 0..<30 {
            try fixture.commit(world.store) {
                for _ in 0..<Int.random(in: 0...6, using: &world.generator) { try world.create() }
                for _ in 0..<Int.random(in: 0...6, using: &world.generator) { try world.change() }
            }
            for _ in 0..<Int.random(in: 0...2, using: &world.generator) {
                let limit = Int.random(in: 1...5, using: &world.generator)
                _ = try world.store.projectIndexes(limit: limit)
            }
            let query = world.randomQuery()
            #expect(try pages(world.store, query) == world.naive(query))
            var whole = query
            whole.limit = 1_000
            let page = try readers.read { reader throws(StoreError) in try reader.list(whole) }
            #expect(page.records.map(\.key) == world.naive(query))
            #expect(page.next == nil)
        }
        while try world.store.projectIndexes(limit: 7) {}
        for _ in 0..<20 {
            let query = world.randomQuery()
            #expect(try pages(world.store, query) == world.naive(query))
        }
    }

    @Test(arguments: 0..<6)
    func `pages lose nothing and repeat nothing while records come and change`(
        seed: UInt64
    )
        throws
    {
        let world = try World(fixture, seed: seed)
        try fixture.commit(world.store) { for _ in 0..<60 { try world.create() } }
        var all = Set(world.naive(RecordQuery(limit: 1)))
        var query = RecordQuery(limit: 4)
        var seen: [RecordKey] = []
        repeat {
            let page = try world.store.list(query)
            seen += page.records.map(\.key)
            query.cursor = page.next
            try fixture.commit(world.store) {
                try world.create()
                if let changed = try world.change() { all.remove(changed) }
            }
            _ = try world.store.projectIndexes(limit: 10)
        } while query.cursor != nil
        #expect(Set(seen).count == seen.count)
        let missing = all.subtracting(seen)
        #expect(missing.isEmpty)
    }

    @Test func `few recent changes among many records are found`() throws {
        let world = try World(fixture, seed: 1)
        try fixture.commit(world.store) {
            for _ in 0..<200 { try world.create() }
        }
        while try world.store.projectIndexes(limit: 1_000) {}
        for moment in [-1, 10, 49, 50] as [Int64] {
            var query = RecordQuery(limit: 9)
            query.updatedAfter = moment
            #expect(try pages(world.store, query) == world.naive(query))
            query.home = putian
            #expect(try pages(world.store, query) == world.naive(query))
        }
    }

    @Test func `the index survives a restart and goes on from there`() throws {
        var expected: [RecordKey] = []
        do {
            let world = try World(fixture, seed: 9)
            try fixture.commit(world.store) { for _ in 0..<20 { try world.create() } }
            #expect(try world.store.projectIndexes(limit: 5))
            try fixture.commit(world.store) { for _ in 0..<20 { try world.change() } }
            expected = world.naive(RecordQuery(limit: 1))
        }
        let store = try fixture.open()
        #expect(try pages(store, RecordQuery(limit: 6)) == expected)
        while try store.projectIndexes(limit: 5) {}
        #expect(try pages(store, RecordQuery(limit: 6)) == expected)
        #expect(try store.projectIndexes(limit: 5) == false)
    }

    @Test func `commits are synced again once the index has followed`() throws {
        let world = try World(fixture, seed: 5)
        #expect(try world.store.isSynchronous())
        try fixture.commit(world.store) { for _ in 0..<20 { try world.create() } }
        #expect(try world.store.projectIndexes(limit: 10))
        #expect(try world.store.isSynchronous())
    }

    @Test func `the index is a projection: it writes nothing when there is nothing new`() throws {
        let (store, feed) = try fixture.filled(0)
        try fixture.commit(store) {
            try fixture.append(store, feed, entryBytes("a statement"), isChangeset: false)
        }
        #expect(try store.projectIndexes(limit: 5) == false)
    }

    @Test(arguments: [[], [1], Bytes(repeating: 0xff, count: 8), Bytes(repeating: 0, count: 9)])
    func `bytes that are no cursor list nothing`(cursor: Bytes) throws {
        let world = try World(fixture, seed: 3)
        try fixture.commit(world.store) { for _ in 0..<20 { try world.create() } }
        var query = RecordQuery(limit: 5)
        query.cursor = cursor
        #expect(!RecordQuery.isCursor(cursor))
        #expect(try world.store.list(query) == RecordPage(records: [], next: nil))
    }
}
