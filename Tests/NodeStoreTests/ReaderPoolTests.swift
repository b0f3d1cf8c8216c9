import AllianceModel
import Dispatch
import NodeStore
import ReplicationCore
import Synchronization
import Testing

@Suite struct ReaderPoolTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func `a reader sees the last commit and nothing of the open transaction`() throws {
        let (store, feed) = try fixture.filled(2)
        let readers = try store.readers(count: 2)
        try store.begin()
        try fixture.append(store, feed, entryBytes("open"))
        let before = try readers.read { reader throws(StoreError) in try reader.lastPosition() }
        #expect(before == 2)
        try store.commit()
        let after = try readers.read { reader throws(StoreError) in try reader.lastPosition() }
        #expect(after == 3)
    }

    @Test func `one read sees one commit throughout`() throws {
        let (store, feed) = try fixture.filled(2)
        let readers = try store.readers(count: 1)
        let fixture = fixture
        let positions = try readers.read { reader throws(StoreError) in
            let first = try reader.lastPosition()
            do {
                try fixture.commit(store) { try fixture.append(store, feed, entryBytes("new")) }
            } catch {
                Issue.record(error)
            }
            return [first, try reader.lastPosition()]
        }
        #expect(positions == [2, 2])
        #expect(try store.lastPosition() == 3)
    }

    @Test func `an error ends the read and gives the connection back`() throws {
        let (store, _) = try fixture.filled(2)
        let readers = try store.readers(count: 1)
        for _ in 0..<3 {
            #expect(throws: StoreError.stopped) {
                try readers.read { _ throws(StoreError) in throw StoreError.stopped }
            }
        }
        let last = try readers.read { reader throws(StoreError) in try reader.lastPosition() }
        #expect(last == 2)
    }

    @Test func `many readers and a writer get along`() throws {
        let (store, feed) = try fixture.filled(1)
        let readers = try store.readers(count: 3)
        let name = try #require(fixture.feeds[feed]).digest
        let problems = Mutex<[String]>([])
        let group = DispatchGroup()
        for _ in 0..<6 {
            DispatchQueue.global().async(group: group) {
                for _ in 0..<40 {
                    do {
                        let range = FeedRange(feed: name, from: 1)
                        try readers.read { reader throws(StoreError) in
                            let page = try reader.entries([range], .normal, bytesMaximum: 1 << 20)
                            let last = try reader.lastPosition()
                            if page.items.count != Int(last) {
                                problems.withLock { $0.append("\(page.items.count) of \(last)") }
                            }
                        }
                    } catch {
                        problems.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        for number in 0..<60 {
            try fixture.commit(store) {
                try fixture.append(store, feed, entryBytes("\(number)"))
            }
            _ = try store.checkpointIfIdle()
        }
        group.wait()
        #expect(problems.withLock { $0 } == [])
    }
}
