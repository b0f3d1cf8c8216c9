import Foundation

/// Gives one number less at each call, down to 0: a stub that makes progress.
final class Countdown: @unchecked Sendable {
    private let lock = NSLock()
    private var left: Int

    init(from start: Int) { left = start }

    func next() -> Int {
        lock.withLock {
            defer { left = max(0, left - 1) }
            return left
        }
    }
}
