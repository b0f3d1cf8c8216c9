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

    /// Whether somebody's write is missing: that can be asked for.
    package var isAskedFor: Bool {
        switch self {
        case .recordUnknown, .predecessorMissing, .groundMissing, .partyUnknown: true
        case .definitionUnknown, .definitionNotAgreed, .clockAhead, .audienceRefused, .malformed,
            .featureUnknown:
            false
        }
    }
}

/// What the judge says of one changeset against the record as it stands.
package enum Judgement: Hashable, Sendable {
    /// Applied: the record as it now is.
    case applied(RecordState)
    /// It could change what was judged before: everything of the record that was taken in is to be
    /// judged together with it, by `RecordJudge.judge(history:key:header:definition:facts:)`.
    case needsHistory
    /// Every write of it was applied before; nothing changes.
    case duplicate
    /// Kept and held alone until what it waits for is here: `waitsFor` names whose write is missing,
    /// where one is.
    case held(HeldReason, detail: String, waitsFor: Writer?)
}
