import Synchronization

/// How many requests may wait for changes at once: each holds a connection and its memory.
package final class WaitLimit: Sendable {
    package static let countDefault = 1_024

    private let maximum: Int
    private let count = Atomic<Int>(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Runs `body` as one of those that wait; refuses when there are too many.
    func waiting<Value>(_ body: () async throws -> Value) async throws -> Value {
        defer { count.subtract(1, ordering: .relaxed) }
        guard count.add(1, ordering: .relaxed).newValue <= maximum else {
            throw Problem(
                .tooMany,
                "\(maximum) requests wait for changes already; ask again later."
            )
        }
        return try await body()
    }
}
