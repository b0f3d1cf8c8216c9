/// When a node compares records with its peers by itself.
///
/// No configuration file sets it: the comparison is a safety net, and these times fit every alliance.
package struct ComparisonSettings: Hashable, Sendable {
    /// Between two looks at what is due.
    package var stepMilliseconds: Int64 = 30_000
    /// Between two comparisons with one peer when nothing else asks for one.
    package var everyMilliseconds: Int64 = 24 * 3_600_000
    /// From being caught up with a peer that had news, or after a start (it may be of a restored
    /// backup), to the comparison with it: what is under way by other paths comes first.
    package var afterNewsMilliseconds: Int64 = 5 * 60_000
    /// News do not bring about comparisons nearer to each other than this: a link may come and go.
    package var restMilliseconds: Int64 = 3_600_000
    /// From a comparison that found a difference, or got no answer, to the next one.
    package var againMilliseconds: Int64 = 10 * 60_000
    /// From when a difference is not any more taken for a change on its way, and is said in status.
    package var standsMilliseconds: Int64 = 5 * 60_000
    /// By how much at most a time is lengthened at random, in percent, so that the members of an
    /// alliance that was started at one moment do not all read everything at one moment.
    package var jitterPercent: UInt64 = 20
    /// A log that grew by more entries since the last look is of a busy node.
    package var busyEntries: Int64 = 100

    package init() {}

    package static let standard = ComparisonSettings()
}
