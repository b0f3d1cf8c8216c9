import Histogram
import Synchronization

/// Durations of many requests, from several event loops.
final class Latencies: Sendable {
    private let refused = Atomic(0)
    private let state = Mutex(Histogram<UInt32>(numberOfSignificantValueDigits: .three))

    func record(nanoseconds: UInt64) {
        state.withLock { _ = $0.record(nanoseconds) }
    }

    /// A request that was not done; it has no duration.
    func refuse() {
        refused.add(1, ordering: .relaxed)
    }

    var refusals: Int { refused.load(ordering: .relaxed) }

    var count: Int { state.withLock { Int($0.totalCount) } }

    /// Milliseconds within which that share of the requests was answered.
    func milliseconds(percentile: Double) -> Double {
        state.withLock { Double($0.valueAtPercentile(percentile)) / 1_000_000 }
    }
}
