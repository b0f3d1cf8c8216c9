import Dispatch
import ReplicationCore
import Synchronization

/// What waits for the writer.
struct WriterJobs {
    /// Local changes, in the order in which they came.
    var local: [any LocalWork] = []
    var inputs: [ReplicaInput] = []
    /// Looks at the writer's state between two transactions.
    var inspections: [@Sendable (borrowing WriterView) -> Void] = []
    var isStopping = false

    var isEmpty: Bool { local.isEmpty && inputs.isEmpty && inspections.isEmpty && !isStopping }
}

/// The queue before the writer's thread: many put, one takes.
final class WriterQueue: Sendable {
    private let jobs = Mutex(WriterJobs())
    private let signal = DispatchSemaphore(value: 0)
    private let isSignalled = Atomic(false)

    func put(_ change: (inout WriterJobs) -> Void) {
        jobs.withLock { change(&$0) }
        // One wake-up is enough for any number of jobs: the writer takes all there are.
        if !isSignalled.exchange(true, ordering: .acquiringAndReleasing) { signal.signal() }
    }

    /// Everything that waits; blocks until there is something or the time is up.
    func take(waitingMilliseconds: Int64) -> WriterJobs {
        if waitingMilliseconds > 0 {
            _ = signal.wait(timeout: .now() + .milliseconds(Int(min(waitingMilliseconds, 60_000))))
        }
        isSignalled.store(false, ordering: .releasing)
        return jobs.withLock { waiting in
            let taken = waiting
            waiting = WriterJobs()
            return taken
        }
    }
}
