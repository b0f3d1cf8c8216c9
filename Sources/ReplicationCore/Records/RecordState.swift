package import AllianceModel

/// A record as the set of writes applied here makes it.
///
/// A pure function of that set: the order of arrival, repetition and batching leave no trace in it.
package struct RecordState: Hashable, Sendable {
    package var key: RecordKey
    package var header: RecordHeader
    /// The least timestamp among the origin's changesets of it.
    package var created: HybridTimestamp
    /// The greatest timestamp among the applied changesets.
    package var updated: HybridTimestamp
    /// Every field that was ever written, sorted by name.
    package var fields: [FieldState]
    /// Every turn applied, sorted by dot; the chain is walked from these.
    package var turns: [Turn]

    package init(
        key: RecordKey,
        header: RecordHeader,
        created: HybridTimestamp,
        updated: HybridTimestamp,
        fields: [FieldState],
        turns: [Turn]
    ) {
        self.key = key
        self.header = header
        self.created = created
        self.updated = updated
        self.fields = fields
        self.turns = turns
    }
}

/// One field's register: what was applied, what stands, what was let go.
package struct FieldState: Hashable, Sendable {
    package var name: Text
    /// Every write of this field applied here.
    package var applied: CausalContext
    /// The writes that no valid write's context covers, sorted by dot.
    ///
    /// Of a `union`, those that still contribute elements; their `value` then holds just the
    /// elements that stand.
    package var standing: [StandingWrite]
    /// The dots that some write named as lost, sorted: with the siblings not shown, the journal.
    package var lost: [Dot]

    package init(name: Text, applied: CausalContext, standing: [StandingWrite], lost: [Dot]) {
        self.name = name
        self.applied = applied
        self.standing = standing
        self.lost = lost
    }
}

package struct StandingWrite: Hashable, Sendable {
    package var dot: Dot
    package var timestamp: HybridTimestamp
    package var ground: Dot?
    /// Encoded value (see `ValueCoding`).
    package var value: Bytes

    package init(dot: Dot, timestamp: HybridTimestamp, ground: Dot?, value: Bytes) {
        self.dot = dot
        self.timestamp = timestamp
        self.ground = ground
        self.value = value
    }
}

/// A `@turn` write: who holds the case next, standing on the turn it follows.
package struct Turn: Hashable, Sendable {
    package var dot: Dot
    /// The turn it follows; nil for the first one, implied by the creation.
    package var ground: Dot?
    package var holder: MemberCode
    package var timestamp: HybridTimestamp

    package init(dot: Dot, ground: Dot?, holder: MemberCode, timestamp: HybridTimestamp) {
        self.dot = dot
        self.ground = ground
        self.holder = holder
        self.timestamp = timestamp
    }
}
