/// A hybrid logical clock: as near to the wall clock as it can be, and never behind what it has
/// stamped or seen.
///
/// Source: Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014), section 4, figure 5. Logical
/// part and counter are one 64-bit word here, so that "c := c + 1" is an addition and a counter that
/// runs over moves on into the next millisecond.
///
/// Two bounds are added. What lies further ahead of the wall clock than `boundMilliseconds` is not
/// believed: whoever receives it holds it. And nothing seen moves this clock more than half the
/// bound ahead of the wall clock, so that one fast clock cannot make the whole alliance stamp what
/// others hold. For timestamps between the two the paper's theorem 1 gives way; order among
/// writes to a field is their contexts' matter, never the clock's.
package struct HybridClock: Hashable, Sendable {
    /// The greatest timestamp given out or taken over.
    package private(set) var latest: HybridTimestamp
    package let boundMilliseconds: Int64

    package static let boundMillisecondsDefault: Int64 = 60_000

    /// `latest`: the greatest timestamp in this node's own feeds, `.zero` if there is none.
    package init(
        latest: HybridTimestamp = .zero,
        boundMilliseconds: Int64 = HybridClock.boundMillisecondsDefault
    ) {
        self.latest = latest
        self.boundMilliseconds = min(max(boundMilliseconds, 0), HybridTimestamp.millisecondsMaximum)
    }

    /// A send or local event: a timestamp greater than any before.
    ///
    /// Nil, and nothing changes, while the clock is beyond the bound of the wall clock: either the
    /// wall clock is wrong now, or it was when the log was written.
    package mutating func tick(wallMilliseconds: Int64) -> HybridTimestamp? {
        let (next, overflows) = latest.rawValue.addingReportingOverflow(1)
        guard !isBeyondBound(wallMilliseconds: wallMilliseconds), !overflows else { return nil }
        latest = max(HybridTimestamp(rawValue: next), .wall(wallMilliseconds))
        return latest
    }

    /// Whether nothing can be stamped now: others would not believe it.
    package func isBeyondBound(wallMilliseconds: Int64) -> Bool {
        aheadMilliseconds(wallMilliseconds: wallMilliseconds) > boundMilliseconds
    }

    /// The receive event of something stamped elsewhere; true if it is within the bound, false if
    /// it is to be held as `clock_ahead`.
    ///
    /// Its increment is left to the next local event: nothing is stamped in between, and what is
    /// stamped then is greater than both all the same.
    @discardableResult
    package mutating func receive(
        _ timestamp: HybridTimestamp,
        wallMilliseconds: Int64
    ) -> Bool {
        let wall = HybridTimestamp.clamped(wallMilliseconds)
        let farthest = HybridTimestamp(
            milliseconds: UInt64(HybridTimestamp.clamped(wall + boundMilliseconds / 2)),
            counter: 0
        )
        latest = max(latest, min(timestamp, farthest))
        return timestamp.milliseconds - wall <= boundMilliseconds
    }

    /// Milliseconds by which the clock is ahead of the wall clock; negative when behind it.
    package func aheadMilliseconds(wallMilliseconds: Int64) -> Int64 {
        latest.milliseconds - HybridTimestamp.clamped(wallMilliseconds)
    }
}

extension HybridTimestamp {
    /// The greatest that 48 bits hold.
    static let millisecondsMaximum: Int64 = 1 << 48 - 1

    /// A wall clock's reading brought into what a timestamp can hold: 1970 to 10889.
    static func clamped(_ milliseconds: Int64) -> Int64 {
        min(max(milliseconds, 0), millisecondsMaximum)
    }

    static func wall(_ milliseconds: Int64) -> HybridTimestamp {
        HybridTimestamp(milliseconds: UInt64(clamped(milliseconds)), counter: 0)
    }
}
