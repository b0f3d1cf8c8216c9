import NIOCore
import NodeStore
import Synchronization

/// Wakes those who wait for the log to grow.
final class PositionSignal: Sendable {
    private struct Waiter {
        var position: LogPosition
        var continuation: CheckedContinuation<Void, Never>
        var timeout: Scheduled<Void>
    }

    private struct State {
        var position: LogPosition = 0
        var isReleased = false
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Where the log ends.
    var position: LogPosition { state.withLock { $0.position } }

    /// The log reaches to `position` now.
    func advance(to position: LogPosition) {
        let woken = state.withLock { state in
            state.position = max(state.position, position)
            let due = state.waiters.filter { $0.value.position < state.position }
            for number in due.keys { state.waiters[number] = nil }
            return Array(due.values)
        }
        for waiter in woken {
            waiter.timeout.cancel()
            waiter.continuation.resume()
        }
    }

    /// Returns once the log reaches beyond `position`, or after that many milliseconds.
    func wait(beyond position: LogPosition, milliseconds: Int64) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard state.position <= position else { return true }
                let number = state.nextWaiter
                state.nextWaiter += 1
                let timeout = eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { [self] in
                    expire(number)
                }
                state.waiters[number] = Waiter(
                    position: position,
                    continuation: continuation,
                    timeout: timeout
                )
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    /// Lets everybody go: the node stops.
    func release() {
        state.withLock { $0.isReleased = true }
        advance(to: LogPosition.max)
    }

    /// True once nothing more comes: there is no point in waiting again.
    var isReleased: Bool { state.withLock { $0.isReleased } }

    private func expire(_ number: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.continuation.resume()
    }
}
