package import AllianceModel

/// Why a genuine changeset cannot be applied yet.
///
/// The raw value is shown and stored.
package enum HeldReason: String, Hashable, Sendable, CaseIterable {
    case recordUnknown = "record_unknown"
    case predecessorMissing = "predecessor_missing"
    case groundMissing = "ground_missing"
    case partyUnknown = "party_unknown"
    case definitionUnknown = "definition_unknown"
    case definitionNotAgreed = "definition_not_agreed"
    case clockAhead = "clock_ahead"
    case audienceRefused = "audience_refused"
    case malformed
    case featureUnknown = "feature_unknown"
}

/// What the judge says of one changeset against the record as it stands.
package enum Judgement: Hashable, Sendable {
    /// Applied: the record as it now is, and the values that the join let go.
    case applied(RecordState, journal: [JournalEntry])
    /// It could change what was judged before: everything of the record that was taken in is to be
    /// judged together with it, by `RecordJudge.judge(history:key:header:definition:facts:)`.
    case needsHistory
    /// Every write of it was applied before; nothing changes.
    case duplicate
    /// Kept and held alone until what it waits for is here.
    case held(HeldReason, detail: String)
}

/// A value that a join let go here: replaced by a write that had seen it standing but not shown.
///
/// Which dots were let go is `FieldState.lost`, a function of the writes. This is the value beside
/// it, at hand where it still stood; where another write had taken it away before, none is made, and
/// the log has it.
package struct JournalEntry: Hashable, Sendable {
    package var field: Text
    package var dot: Dot
    package var timestamp: HybridTimestamp
    /// Encoded value.
    package var value: Bytes
    /// The write that let it go.
    package var decidedBy: Dot

    package init(
        field: Text,
        dot: Dot,
        timestamp: HybridTimestamp,
        value: Bytes,
        decidedBy: Dot
    ) {
        self.field = field
        self.dot = dot
        self.timestamp = timestamp
        self.value = value
        self.decidedBy = decidedBy
    }
}
