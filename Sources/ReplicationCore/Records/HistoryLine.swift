package import AllianceModel

/// One write that was ever taken in for a record, void ones included.
///
/// A history is sorted by (timestamp, field, dot).
package struct HistoryLine: Hashable, Sendable {
    package var field: Text
    /// Nil when nobody has it any more.
    package var value: WriteValue?
    package var dot: Dot
    package var timestamp: HybridTimestamp
    /// The writes to this field that the writer had applied.
    package var seen: CausalContext
    /// The turn or assignment that its authority rests on.
    package var ground: Dot?
    /// Why it counts for nothing; nil: it is valid.
    package var verdict: Verdict?
    /// Whether the record shows it.
    package var isShown: Bool
    /// Whether no valid write's context covers it.
    package var isStanding: Bool
    /// Whether it is home's ruling on a field that is set once.
    package var isRuling: Bool

    package init(
        field: Text,
        value: WriteValue?,
        dot: Dot,
        timestamp: HybridTimestamp,
        seen: CausalContext,
        ground: Dot?,
        verdict: Verdict?,
        isShown: Bool,
        isStanding: Bool,
        isRuling: Bool
    ) {
        self.field = field
        self.value = value
        self.dot = dot
        self.timestamp = timestamp
        self.seen = seen
        self.ground = ground
        self.verdict = verdict
        self.isShown = isShown
        self.isStanding = isStanding
        self.isRuling = isRuling
    }
}
