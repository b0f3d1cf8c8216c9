import Synchronization

/// What happened to the cases so far, told by counters and back offices.
final class Diary: Sendable {
    private struct State {
        /// By the record's id: when the counter had handed it over.
        var handed: [String: ContinuousClock.Instant] = [:]
        /// By the record's id: when its home city saw it.
        var arrived: [String: ContinuousClock.Instant] = [:]
        var decided: Set<String> = []
    }

    private let state = Mutex(State())

    func handedOver(_ record: String) {
        state.withLock { $0.handed[record] = .now }
    }

    func arrived(_ record: String) {
        state.withLock { state in
            if state.arrived[record] == nil { state.arrived[record] = .now }
        }
    }

    func decided(_ record: String) { state.withLock { _ = $0.decided.insert(record) } }

    var handedCount: Int { state.withLock { $0.handed.count } }
    var decidedCount: Int { state.withLock { $0.decided.count } }

    /// Median of the times from the counter's answer to the case standing at home, in milliseconds.
    var medianMilliseconds: Double {
        let times = state.withLock { state in
            state.arrived.compactMap { record, arrival in
                // Now and then it is there before the counter has its answer.
                state.handed[record].map { max(.zero, arrival - $0) }
            }
        }
        guard !times.isEmpty else { return 0 }
        return Screen.milliseconds(times.sorted()[times.count / 2])
    }
}
