import Foundation
import NodeStore
import ReplicationCore
import Synchronization
import Testing

@testable import NodeRuntime

/// Many put, one takes; after the end nobody is left waiting.
struct WriterQueueTests {
    private final class Work: EngineWork {
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
