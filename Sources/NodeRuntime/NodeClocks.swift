import Glibc
import ReplicationCore

/// The two clocks of a real node; the core is handed what they say.
package struct NodeClocks: Sendable {
    private let wallAheadMilliseconds: Int64

    /// `wallAheadMilliseconds`: how far the wall clock is ahead of the machine's; 0, but where several
    /// members of one machine are to disagree.
    package init(wallAheadMilliseconds: Int64 = 0) {
        self.wallAheadMilliseconds = wallAheadMilliseconds
    }

    /// Milliseconds since 1970 UTC.
    func wallMilliseconds() -> Int64 { read(CLOCK_REALTIME) + wallAheadMilliseconds }

    /// Never steps; runs on while the machine sleeps.
    func monotonic() -> Monotonic { Monotonic(milliseconds: read(CLOCK_BOOTTIME)) }

    private func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
