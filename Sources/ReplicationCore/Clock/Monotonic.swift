/// A moment on the clock that never steps, in milliseconds since an arbitrary start.
///
/// It is an argument of every machine of the core; only whoever drives the core reads a real clock.
package struct Monotonic: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package func advanced(byMilliseconds delta: Int64) -> Monotonic {
        Monotonic(milliseconds: milliseconds + delta)
    }

    /// Milliseconds from `earlier` to this moment.
    package func milliseconds(since earlier: Monotonic) -> Int64 {
        milliseconds - earlier.milliseconds
    }
}
