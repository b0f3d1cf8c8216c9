/// A hybrid logical timestamp: 48 bits of milliseconds since 1970 UTC, then a 16-bit counter.
///
/// Source: Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014), section 4. One 64-bit word
/// keeps comparison a single instruction and the wire form eight bytes.
package struct HybridTimestamp: Hashable, Comparable, Sendable {
    /// Milliseconds in the upper 48 bits, counter in the lower 16.
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Bits of `milliseconds` beyond 48 are cut off; 48 bits reach the year 10889.
    package init(milliseconds: UInt64, counter: UInt16) {
        rawValue = milliseconds << 16 | UInt64(counter)
    }

    package static let zero = HybridTimestamp(rawValue: 0)

    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var milliseconds: Int64 { Int64(rawValue >> 16) }

    package var counter: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
