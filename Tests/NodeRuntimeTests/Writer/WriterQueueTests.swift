import AllianceModel
import Foundation
import NodeStore
import ReplicationCore
import Synchronization
import Testing

@testable import NodeRuntime

/// Many put, one takes; after the end nobody is left waiting.
struct WriterQueueTests {
    private final class Work: LocalWork {
        private let ends = Mutex<[StoreError?]>([])
        let count = 1

        var finishes: [StoreError?] { ends.withLock { $0 } }

        func run(_ ledger: inout NodeLedger, wallMilliseconds: Int64) throws(StoreError) {}
        func finish(_ error: StoreError?) { ends.withLock { $0.append(error) } }
    }

    @Test func `what many threads put is taken whole, and refused whole after the end`() {
        let queue = WriterQueue()
        let works = (0..<2_000).map { _ in Work() }
        let taken = Mutex<[any LocalWork]>([])
        let writer = Thread {
            while taken.withLock({ $0.count }) < 1_000 {
                let jobs = queue.take(waitingMilliseconds: 1_000)
                taken.withLock { $0 += jobs.local }
            }
            queue.close()
        }
        writer.start()
        DispatchQueue.concurrentPerform(iterations: works.count) { index in
            queue.put { $0.local.append(works[index]) }
        }
        while !writer.isFinished { Thread.sleep(forTimeInterval: 0.001) }
        for work in taken.withLock({ $0 }) { work.finish(nil) }
        // Each exactly once: answered, or refused.
        #expect(works.allSatisfy { $0.finishes.count == 1 })
        let answered = works.filter { $0.finishes == [nil] }.count
        #expect(answered >= 1_000)
        #expect(works.filter { $0.finishes == [StoreError.stopped] }.count == 2_000 - answered)
    }

    @Test func `after the end an inspection is told so at once`() {
        let queue = WriterQueue()
        let seen = Mutex<[Bool]>([])
        queue.put { $0.inspections.append { view in seen.withLock { $0.append(view == nil) } } }
        #expect(seen.withLock { $0 }.isEmpty)
        queue.close()
        queue.put { $0.inspections.append { view in seen.withLock { $0.append(view == nil) } } }
        #expect(seen.withLock { $0 } == [true, true])
    }

    @Test func `a job wakes the writer, and no wake-up is left over`() {
        let queue = WriterQueue()
        for _ in 0..<100 {
            queue.put { $0.isStopping = true }
            #expect(queue.take(waitingMilliseconds: 0).isStopping)
        }
        let start = ContinuousClock.now
        #expect(queue.take(waitingMilliseconds: 50).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(45))
    }
}

/// Urgent batches overtake bulk; each class keeps its order.
struct ReceivedQueueTests {
    private func batch(_ number: UInt64, _ deliveryClass: DeliveryClass) throws -> ReceivedBatch {
        let identity = FeedIdentity(
            writer: Writer(
                member: try #require(MemberCode("350100")),
                incarnation: Incarnation(rawValue: 1)
            ),
            audience: .alliance,
            deliveryClass: deliveryClass,
            roster: Digest.zeroForTest
        )
        let feed = Digest.zeroForTest
        let head = FeedHead(feed: feed, size: 1, root: feed)
        return ReceivedBatch(
            number: number,
            parts: [
                ReceivedBatch.Part(
                    identity: identity,
                    feed: feed,
                    first: 1,
                    frontier: MerkleFrontier(),
                    head: SignedHead(head: head, key: feed, signature: [])
                )
            ],
            items: []
        )
    }

    @Test func `urgent comes before bulk that came earlier`() throws {
        var queue = ReceivedQueue()
        let link = LinkID(rawValue: 1)
        for (number, deliveryClass) in [
            (1, DeliveryClass.normal), (2, .normal), (3, .urgent), (4, .normal), (5, .urgent),
        ] {
            queue.add(try batch(UInt64(number), deliveryClass), from: link)
        }
        #expect(queue.next()?.batch.number == 3)
        queue.add(try batch(6, .urgent), from: link)
        #expect([queue.next(), queue.next()].map { $0?.batch.number } == [5, 6])
        #expect(queue.next()?.batch.number == 1)
        queue.add(try batch(7, .urgent), from: link)
        #expect([queue.next(), queue.next(), queue.next()].map { $0?.batch.number } == [7, 2, 4])
        #expect(queue.isEmpty)
        #expect(queue.next() == nil)
    }
}

extension Digest {
    fileprivate static var zeroForTest: Digest {
        Bytes(repeating: 0, count: 32).withUnsafeBytes { Digest($0) }
    }
}
