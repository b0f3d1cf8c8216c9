package import AllianceModel

/// What one node has and shows of everything.
package struct ModelObservation: Sendable {
    package var member: MemberCode
    /// A dishonest node may show anything: only what honest ones do is judged.
    package var isHonest: Bool
    package var records: [ModelKey: ModelSight]

    package init(
        member: MemberCode,
        isHonest: Bool = true,
        records: [ModelKey: ModelSight] = [:]
    ) {
        self.member = member
        self.isHonest = isHonest
        self.records = records
    }
}

/// What one node has and shows of one record.
package struct ModelSight: Sendable {
    package var record: ModelRecord
    /// Every write it has stored, held ones included: its own and what it took in.
    package var received: Set<ModelWrite>
    /// As the node knows them.
    package var facts: ModelFacts
    package var shown: ModelOutcome
    /// By scope and party set in any form: nodes that received the same must agree on it.
    ///
    /// Nil: not compared.
    package var digest: Bytes?

    package init(
        record: ModelRecord,
        received: Set<ModelWrite>,
        facts: ModelFacts = .none,
        shown: ModelOutcome,
        digest: Bytes? = nil
    ) {
        self.record = record
        self.received = received
        self.facts = facts
        self.shown = shown
        self.digest = digest
    }
}

/// A write that a client was told is durable.
package struct ModelAcknowledgement: Hashable, Sendable {
    package var record: ModelKey
    package var write: ModelWriteID

    package init(record: ModelKey, write: ModelWriteID) {
        self.record = record
        self.write = write
    }
}

/// One way in which what a node shows contradicts the rules, or another node.
package struct ModelFinding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// What a node shows is not what the writes that it has come to.
        case held, verdict, custody, stage, handling, parties, shown, siblings, journal, deletion,
            conflicts
        /// An acknowledged write that an entitled node lacks.
        case lost
        /// A write that is neither shown, replaced by one that covers it, nor in the journal.
        case vanished
        /// A private or parties value where it may not be.
        case leaked
        /// A changeset for a member that its writer had withdrawn.
        case withdrawn
        /// A fork of an honest member whose machine never ran twice.
        case forkedAlone
        /// Nodes name different holders.
        case custodyDouble
        /// A feed's timestamps do not rise.
        case clock
        /// Nodes that received the same show something else.
        case differing
        /// Held at the end, though what it waits for exists.
        case heldForever
    }

    package var kind: Kind
    package var members: [MemberCode]
    package var record: ModelKey?
    package var field: Text?
    package var dots: Set<ModelDot>
    /// What was expected and what was found, in words.
    package var text: String

    package init(
        _ kind: Kind,
        members: [MemberCode] = [],
        record: ModelKey?,
        field: Text? = nil,
        dots: Set<ModelDot> = [],
        _ text: String
    ) {
        self.kind = kind
        self.members = members
        self.record = record
        self.field = field
        self.dots = dots
        self.text = text
    }
}
