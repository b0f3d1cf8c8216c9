import AllianceModel
import Dispatch
import NodeStore
import ReplicationCore
import Synchronization

/// What waits for the writer.
struct WriterJobs {
    /// Local changes, in the order in which they came.
    var local: [any LocalWork] = []
    var inputs: [ReplicaInput] = []
    /// Bytes of the frames among `inputs`, by link.
    private var bytes: [LinkID: Int] = [:]
    /// Looks at the writer's state between two transactions; nil once the writer has ended.
    var inspections: [@Sendable (WriterView?) -> Void] = []
    /// Certificates for the next Hello, when they changed.
    var certificates: [Bytes]?
    var isStopping = false

    var isEmpty: Bool {
        local.isEmpty && inputs.isEmpty && inspections.isEmpty && certificates == nil && !isStopping
    }

    /// Adds what a peer sent.
    ///
    /// Who sends faster than the writer takes, and beyond its window, is cut.
    mutating func add(_ input: ReplicaInput, on link: PeerLink, _ count: Int) {
        let waiting = bytes[link.id, default: 0] + max(count, PeerLink.frameBytesLeast)
        guard waiting <= PeerLink.waitingBytesMaximum else {
            link.close(
                Fault(
                    .limitExceeded,
                    "more than \(PeerLink.waitingBytesMaximum) bytes wait for this node's disk"
                )
            )
            return
        }
        bytes[link.id] = waiting
        inputs.append(input)
    }

    /// Answers everybody whose work will not be done.
    func refuse() {
        for work in local { work.finish(.stopped) }
        for inspection in inspections { inspection(nil) }
    }
}

/// The queue before the writer's thread: many put, one takes.
final class WriterQueue: Sendable {
    private struct State {
        var jobs = WriterJobs()
        var isClosed = false

        mutating func takeAll() -> WriterJobs {
            let taken = jobs
            jobs = WriterJobs()
            return taken
        }
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let isSignalled = Atomic(false)

    /// Adds to what waits; after `close` it is refused at once.
    func put(_ change: (inout WriterJobs) -> Void) {
        let refused = state.withLock { state -> WriterJobs? in
            change(&state.jobs)
            guard state.isClosed else { return nil }
            return state.takeAll()
        }
        if let refused {
            refused.refuse()
            return
        }
        // One wake-up is enough for any number of jobs: the writer takes all there are.
        if !isSignalled.exchange(true, ordering: .acquiringAndReleasing) { signal.signal() }
    }

    /// Everything that waits; blocks until there is something or the time is up.
    func take(waitingMilliseconds: Int64) -> WriterJobs {
        // Also where there is no waiting: a wake-up not taken would be left over for later.
        _ = signal.wait(timeout: .now() + .milliseconds(Int(min(waitingMilliseconds, 60_000))))
        isSignalled.store(false, ordering: .releasing)
        return state.withLock { $0.takeAll() }
    }

    /// Refuses what waits and all that comes.
    func close() {
        let rest = state.withLock { state in
            state.isClosed = true
            return state.takeAll()
        }
        rest.refuse()
    }
}
