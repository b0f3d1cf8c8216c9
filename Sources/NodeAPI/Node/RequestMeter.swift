import Synchronization

/// Counts requests by route, status and duration.
package final class RequestMeter: Sendable {
    /// Upper bounds of the duration buckets in seconds, ascending.
    static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 10, 60]

    struct Series: Sendable {
        /// By HTTP status.
        var counts: [Int: UInt64] = [:]
        /// Requests in each bucket, not cumulative; the last one has no bound.
        var buckets = [UInt64](repeating: 0, count: RequestMeter.bounds.count + 1)
        var seconds = 0.0

        var total: UInt64 { buckets.reduce(0, &+) }
    }

    /// Names of the routes in order; what was no route at all comes last, as `-`.
    let names: [String]
    private let series: Mutex<[Series]>

    init(routes: [Route]) {
        names = routes.map(\.name) + ["-"]
        series = Mutex(Array(repeating: Series(), count: routes.count + 1))
    }

    /// `route`: index in the routes; nil for no route.
    func count(route: Int?, status: Int, _ duration: Duration) {
        let seconds = duration / .seconds(1)
        let bucket = RequestMeter.bounds.firstIndex { seconds <= $0 } ?? RequestMeter.bounds.count
        series.withLock { series in
            let index = route ?? series.count - 1
            series[index].counts[status, default: 0] += 1
            series[index].buckets[bucket] += 1
            series[index].seconds += seconds
        }
    }

    var snapshot: [(name: String, series: Series)] {
        Array(zip(names, series.withLock { $0 }))
    }
}
