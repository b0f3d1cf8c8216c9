import Synchronization

/// How many requests may wait for changes at once: each holds a connection and its memory.
package final class WaitLimit: Sendable {
    package static let countDefault = 1_024

    /// One of those that wait, for as long as somebody keeps it.
    final class Place: Sendable {
        private let limit: WaitLimit

        fileprivate init(_ limit: WaitLimit) { self.limit = limit }

        deinit { limit.count.subtract(1, ordering: .relaxed) }
    }

    private let maximum: Int
    private let count = Atomic<Int>(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Makes one more wait; refuses when too many do.
    func take() throws(Problem) -> Place {
        let waiting = count.add(1, ordering: .relaxed).newValue
        let place = Place(self)
        guard waiting <= maximum else {
            throw Problem(
                .tooMany,
                "\(maximum) requests wait for changes already; ask again later."
            )
        }
        return place
    }

    /// Runs `body` as one of those that wait; refuses when there are too many.
    func waiting<Value>(_ body: () async throws -> Value) async throws -> Value {
        let place = try take()
        defer { withExtendedLifetime(place) {} }
        return try await body()
    }
}
