package import AllianceModel

/// What became of a write that was applied.
package enum ModelVerdict: String, Hashable, Sendable, CaseIterable {
    case valid
    case forked
    /// Beyond the closing list of a roster that left its member out.
    case left
    case numberUsedTwice = "number_used_twice"
    case unauthorised
    case overruled
    case groundGone = "ground_gone"
    case alreadySet = "already_set"
}

/// Why a write is not applied yet; all writes of its changeset wait with it.
package enum ModelHeldReason: String, Hashable, Sendable, CaseIterable {
    case predecessorMissing = "predecessor_missing"
    case groundMissing = "ground_missing"
    case partyUnknown = "party_unknown"
    case audienceRefused = "audience_refused"
    case malformed
    /// For a reason outside the model: see `ModelFacts.kept`.
    case elsewhere
}

/// What a reader sees of a field.
package enum ModelShown: Hashable, Sendable {
    /// `.cleared` where nothing was ever written.
    case single(FieldValue)
    /// Of `review`: the different values of the siblings; one or none is `single`.
    case review(Set<FieldValue>)
    case elements(Set<FieldValue>)
    case total(Int64)
}

/// Why a write is in the journal.
package enum ModelJournalReason: Hashable, Sendable {
    /// A sibling that is not shown.
    case sibling
    /// A sibling that is not shown, but whose value is: listing it is neither wrong nor needed.
    case siblingOfEqualValue
    /// Listed as lost by a write that replaced it.
    case lost
    /// Listed as lost by a write that did not replace it (a lie, or a mistake): listing it is
    /// neither wrong nor needed.
    case lostUncovered
    /// A replaced write of an incarnation that is gone, or in a feed that is forked.
    case replaced
    /// The same of an element that whoever replaced it added again: listing it is neither wrong nor
    /// needed.
    case replacedByEqual
    case void(ModelVerdict)

    /// Whether the journal is wrong without it.
    package var isNeeded: Bool {
        switch self {
        case .siblingOfEqualValue, .lostUncovered, .replacedByEqual: false
        case .sibling, .lost, .replaced, .void: true
        }
    }
}

/// An open conflict: its values stand uncovered by a later write.
package struct ModelConflict: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case concurrent
        case review
        case overrun
        case duplicate
        case twoCreations
        case void(ModelVerdict)
    }

    package let kind: Kind
    /// Nil where the conflict is between records.
    package let field: Text?
    /// Of all its values, the shown one included.
    package let dots: Set<ModelDot>

    package init(kind: Kind, field: Text?, dots: Set<ModelDot>) {
        self.kind = kind
        self.field = field
        self.dots = dots
    }

    /// The word of the API.
    package var name: String {
        switch kind {
        case .concurrent: "concurrent"
        case .review: "review"
        case .overrun: "overrun"
        case .duplicate: "duplicate"
        case .twoCreations: "two_creations"
        case .void(let verdict): verdict.rawValue
        }
    }
}

/// All that a record's writes come to: what the model expects, and what a node shows, in one shape.
package struct ModelOutcome: Hashable, Sendable {
    /// Writes that wait.
    package var held: [ModelWriteID: ModelHeldReason] = [:]
    /// Of every dot that was applied.
    ///
    /// Of one that a forked copy shares with a genuine one, the genuine one's.
    package var verdicts: [ModelWriteID: ModelVerdict] = [:]
    /// The custody chain behind the creation, in order; empty for a plain record.
    package var chain: [ModelDot] = []
    /// Nil for a plain record.
    package var holder: MemberCode?
    /// Nil for a plain record.
    package var stage: Text?
    package var handling: MemberCode
    /// Home, accepting and the elements of `@parties`.
    package var parties: Set<MemberCode>
    /// Of every field of the definition; one of which nothing was applied may be left out.
    package var shown: [Text: ModelShown] = [:]
    /// Of every field that merges by siblings, reserved ones included: the valid writes that no
    /// valid write covers.
    ///
    /// An empty set may be left out. Sets, counters and `@turn` have none.
    package var siblings: [Text: Set<ModelDot>] = [:]
    package var journal: [ModelWriteID: Set<ModelJournalReason>] = [:]
    package var isDeleted = false
    /// Open ones within the record; those of one kind and field may be one or several.
    package var conflicts: Set<ModelConflict> = []

    package init(handling: MemberCode, parties: Set<MemberCode>) {
        self.handling = handling
        self.parties = parties
    }
}
