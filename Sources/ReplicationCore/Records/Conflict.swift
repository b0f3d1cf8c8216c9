package import AllianceModel

/// What kind of conflict it is; the raw value is shown.
package enum ConflictKind: String, Hashable, Sendable, CaseIterable {
    /// Written without knowing of each other; decided by the field's rule and only listed.
    case concurrent
    /// Two or more values stand under review.
    case review
    /// Additions beyond a counter's limit.
    case overrun
    /// Open records that have equal values in their definition's `unique` fields, or two that one member
    /// made for one request.
    case duplicate
    /// Two headers under one id: two records.
    case twoCreations = "two_creations"
    // The verdicts: void writes, decided by rule and only listed.
    case forked
    case left
    case numberUsedTwice = "number_used_twice"
    case unauthorised
    case overruled
    case groundGone = "ground_gone"
    case alreadySet = "already_set"

    /// Whether somebody has to decide it.
    package var waitsForDecision: Bool {
        switch self {
        case .review, .overrun, .duplicate, .twoCreations: true
        default: false
        }
    }
}

/// Values of which not all can count, and what became of them: derived from the writes alone, so that
/// two members name one alike.
package struct Conflict: Hashable, Sendable {
    package struct Value: Hashable, Sendable {
        /// What was written; of `duplicate` and `two_creations` the printed id of a record, as a text; nil
        /// when nobody has it any more.
        package var value: WriteValue?
        package var dot: Dot?
        package var writer: MemberCode
        package var timestamp: HybridTimestamp?
        /// At most the ceiling of its incarnation: since when it counts.
        package var effective: HybridTimestamp?
        /// Whether the record shows it.
        package var isShown: Bool
        /// Why it counts for nothing, if so.
        package var verdict: Verdict?

        package init(
            value: WriteValue?,
            dot: Dot?,
            writer: MemberCode,
            timestamp: HybridTimestamp?,
            effective: HybridTimestamp? = nil,
            isShown: Bool,
            verdict: Verdict?
        ) {
            self.value = value
            self.dot = dot
            self.writer = writer
            self.timestamp = timestamp
            self.effective = effective ?? timestamp
            self.isShown = isShown
            self.verdict = verdict
        }
    }

    /// `c-` and 16 hexadecimal digits of SHA-256 over kind, record key, field and sorted dots.
    package var id: Text
    package var kind: ConflictKind
    package var record: RecordKey
    /// Nil: the record as a whole.
    package var field: Text?
    /// When it came to be: the least timestamp at which two of its values stood.
    package var since: HybridTimestamp
    /// Who has to decide it; nil when nobody has.
    package var owner: MemberCode?
    /// Which rule decided, or what is waited for, in words.
    package var rule: Text
    /// In an order that depends on the dots alone: a decision names a value by its index.
    package var values: [Value]
    /// Whether its values stand uncovered by a later write.
    package var isOpen: Bool

    package var waitsForDecision: Bool { isOpen && kind.waitsForDecision }

    package init(
        id: Text,
        kind: ConflictKind,
        record: RecordKey,
        field: Text?,
        since: HybridTimestamp,
        owner: MemberCode?,
        rule: Text,
        values: [Value],
        isOpen: Bool
    ) {
        self.id = id
        self.kind = kind
        self.record = record
        self.field = field
        self.since = since
        self.owner = owner
        self.rule = rule
        self.values = values
        self.isOpen = isOpen
    }
}
