package import AllianceModel

/// A record as the set of writes applied here makes it.
///
/// A pure function of that set and of what statements said (`RecordFacts`): the order of arrival,
/// repetition and batching leave no trace in it.
package struct RecordState: Hashable, Sendable {
    package var key: RecordKey
    package var header: RecordHeader
    /// The least timestamp among the origin's changesets of it; the time in its id while none is here.
    package var created: HybridTimestamp
    /// The request id under which the origin's client made it: of several of that time the least;
    /// nil where there was none.
    package var creationRequest: Bytes?
    /// The greatest timestamp among the applied changesets.
    package var updated: HybridTimestamp
    /// Every field that was ever written, sorted by name.
    package var fields: [FieldState]
    /// Every turn that is something to anybody, sorted by dot; the chain is walked from these.
    package var turns: [Turn]
    /// Every handling assignment that is something to anybody, sorted by dot.
    package var assignments: [Assignment]
    /// Everybody ever validly added to the parties, sorted.
    package var everParties: [MemberCode]
    package var isDeleted: Bool

    package init(
        key: RecordKey,
        header: RecordHeader,
        created: HybridTimestamp,
        creationRequest: Bytes? = nil,
        updated: HybridTimestamp,
        fields: [FieldState],
        turns: [Turn],
        assignments: [Assignment] = [],
        everParties: [MemberCode] = [],
        isDeleted: Bool = false
    ) {
        self.key = key
        self.header = header
        self.created = created
        self.creationRequest = creationRequest
        self.updated = updated
        self.fields = fields
        self.turns = turns
        self.assignments = assignments
        self.everParties = everParties
        self.isDeleted = isDeleted
    }
}

/// One field's register: what was applied, what stands, what was let go, what is void.
///
/// Copied with every change of its record: what plain fields do not have costs them nothing.
package struct FieldState: Hashable, Sendable {
    package var name: Text
    /// Every write of this field applied here, void ones included.
    package var applied: CausalContext
    /// The valid writes that no valid write's context covers, sorted by dot.
    ///
    /// Of a `union`, those that still contribute elements; their `value` then holds just the
    /// elements that stand. Of a `sum`, every addition. Of `@turn`, none: see `RecordState.turns`.
    package var standing: [StandingWrite]
    private var disputed: Disputed?

    package init(
        name: Text,
        applied: CausalContext,
        standing: [StandingWrite],
        lost: [Dot],
        voids: [VoidWrite] = [],
        reviewed: CausalContext = CausalContext()
    ) {
        self.name = name
        self.applied = applied
        self.standing = standing
        guard !lost.isEmpty || !voids.isEmpty || !reviewed.isEmpty else { return }
        disputed = Disputed(Dispute(lost: lost, voids: voids, reviewed: reviewed))
    }

    /// The dots that some valid write named as lost, and the replaced writes of incarnations that are
    /// gone and of forked feeds, sorted: with the siblings not shown and the void writes, the journal.
    package var lost: [Dot] {
        get { disputed?.dispute.lost ?? [] }
        set { change { $0.lost = newValue } }
    }

    /// Applied writes that count for nothing, sorted by (dot, verdict, timestamp, value).
    package var voids: [VoidWrite] {
        get { disputed?.dispute.voids ?? [] }
        set { change { $0.voids = newValue } }
    }

    /// Of a `sum`, the additions that the decision of a conflict had seen; else empty.
    package var reviewed: CausalContext {
        get { disputed?.dispute.reviewed ?? CausalContext() }
        set { change { $0.reviewed = newValue } }
    }

    /// False if anything was lost, is void or was decided.
    package var isPlain: Bool { disputed == nil }

    private mutating func change(_ body: (inout Dispute) -> Void) {
        var dispute = disputed?.dispute ?? Dispute()
        body(&dispute)
        disputed = dispute == Dispute() ? nil : Disputed(dispute)
    }

    private struct Dispute: Hashable, Sendable {
        var lost: [Dot] = []
        var voids: [VoidWrite] = []
        var reviewed = CausalContext()
    }

    private final class Disputed: Hashable, Sendable {
        let dispute: Dispute

        init(_ dispute: Dispute) { self.dispute = dispute }

        static func == (left: Disputed, right: Disputed) -> Bool { left.dispute == right.dispute }

        func hash(into hasher: inout Hasher) { hasher.combine(dispute) }
    }
}

package struct StandingWrite: Hashable, Sendable {
    package var dot: Dot
    package var timestamp: HybridTimestamp
    /// At most the ceiling of its incarnation; siblings and turns are ordered by it.
    package var effective: HybridTimestamp
    package var ground: Dot?
    /// Encoded value (see `ValueCoding`).
    package var value: Bytes
    /// Kept of additions only: those of one member and request count once.
    package var requestID: Bytes?

    package init(
        dot: Dot,
        timestamp: HybridTimestamp,
        effective: HybridTimestamp? = nil,
        ground: Dot?,
        value: Bytes,
        requestID: Bytes? = nil
    ) {
        self.dot = dot
        self.timestamp = timestamp
        self.effective = effective ?? timestamp
        self.ground = ground
        self.value = value
        self.requestID = requestID
    }
}

/// An applied write that joins nothing and covers nothing.
package struct VoidWrite: Hashable, Sendable {
    package var dot: Dot
    package var verdict: Verdict
    package var timestamp: HybridTimestamp
    package var ground: Dot?
    /// Encoded value.
    package var value: Bytes
    /// Whether a valid write of the field had seen it: then nobody need look at it any more.
    package var isCovered: Bool

    package init(
        dot: Dot,
        verdict: Verdict,
        timestamp: HybridTimestamp,
        ground: Dot?,
        value: Bytes,
        isCovered: Bool = false
    ) {
        self.dot = dot
        self.verdict = verdict
        self.timestamp = timestamp
        self.ground = ground
        self.value = value
        self.isCovered = isCovered
    }
}

/// A `@turn` write: who holds the case next, standing on the turn it follows.
package struct Turn: Hashable, Sendable {
    package var dot: Dot
    /// The turn it follows; nil for the first one, implied by the creation.
    package var ground: Dot?
    package var holder: MemberCode
    package var timestamp: HybridTimestamp
    /// At most the ceiling of its incarnation.
    package var effective: HybridTimestamp

    package init(
        dot: Dot,
        ground: Dot?,
        holder: MemberCode,
        timestamp: HybridTimestamp,
        effective: HybridTimestamp? = nil
    ) {
        self.dot = dot
        self.ground = ground
        self.holder = holder
        self.timestamp = timestamp
        self.effective = effective ?? timestamp
    }
}

/// A `@handling` write: who handles the record from then on.
package struct Assignment: Hashable, Sendable {
    package var dot: Dot
    /// Nil: home again.
    package var handler: MemberCode?
    package var timestamp: HybridTimestamp
    /// At most the ceiling of its incarnation.
    package var effective: HybridTimestamp

    package init(
        dot: Dot,
        handler: MemberCode?,
        timestamp: HybridTimestamp,
        effective: HybridTimestamp? = nil
    ) {
        self.dot = dot
        self.handler = handler
        self.timestamp = timestamp
        self.effective = effective ?? timestamp
    }
}
