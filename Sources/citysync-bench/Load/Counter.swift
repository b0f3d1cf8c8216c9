import NIOCore
import Synchronization

/// Hands out numbers from 0 on to many connections, up to a count or a moment.
final class Counter: Sendable {
    private let value = Atomic(0)
    private let count: Int
    private let deadline: NIODeadline?

    init(_ count: Int) {
        self.count = count
        deadline = nil
    }

    init(until deadline: NIODeadline) {
        count = .max
        self.deadline = deadline
    }

    func next() -> Int? {
        if let deadline, NIODeadline.now() >= deadline { return nil }
        let number = value.add(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }
}
