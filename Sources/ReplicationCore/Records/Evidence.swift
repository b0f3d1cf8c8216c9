package import AllianceModel

/// Where a changeset stands: in a feed of its own member, however it came here (pushed, relayed or
/// carried).
package struct Provenance: Hashable, Sendable {
    /// Digest of the feed's identity.
    package var feed: Digest
    /// From 1.
    package var sequence: UInt64
    package var writer: Writer
    package var audience: Audience

    package init(feed: Digest, sequence: UInt64, writer: Writer, audience: Audience) {
        self.feed = feed
        self.sequence = sequence
        self.writer = writer
        self.audience = audience
    }
}

/// A changeset that was taken in, with its place: all that a verdict may rest on.
package struct Evidence: Hashable, Sendable {
    package var changeset: Changeset
    package var provenance: Provenance

    package init(changeset: Changeset, provenance: Provenance) {
        self.changeset = changeset
        self.provenance = provenance
    }
}

/// What statements of members said that bears on verdicts; they only ever add up.
package struct RecordFacts: Hashable, Sendable {
    /// Incarnations for whose writes nobody waits.
    package var gone: Set<Writer>
    /// An incarnation's timestamps count as at most this, for the order among siblings and turns.
    package var ceilings: [Writer: HybridTimestamp]
    /// From this sequence on, what stands in that feed is void: two branches of it were proven.
    package var forks: [Digest: UInt64]
    /// The writers of the feeds in `forks`: nobody waits for their writes either.
    package var forkedWriters: Set<Writer>
    /// Beyond this sequence, what stands in that feed came after its member was left out.
    package var closed: [Digest: UInt64]

    package init(
        gone: Set<Writer> = [],
        ceilings: [Writer: HybridTimestamp] = [:],
        forks: [Digest: UInt64] = [:],
        forkedWriters: Set<Writer> = [],
        closed: [Digest: UInt64] = [:]
    ) {
        self.gone = gone
        self.ceilings = ceilings
        self.forks = forks
        self.forkedWriters = forkedWriters
        self.closed = closed
    }

    package static let none = RecordFacts()

    package var isEmpty: Bool {
        gone.isEmpty && ceilings.isEmpty && forks.isEmpty && forkedWriters.isEmpty
            && closed.isEmpty
    }

    /// A timestamp as it counts: at most the ceiling of its incarnation.
    func effective(_ timestamp: HybridTimestamp, of writer: Writer) -> HybridTimestamp {
        ceilings[writer].map { min($0, timestamp) } ?? timestamp
    }

    /// Whether an incarnation of home or accepting, who alone add parties, is gone or forked: then
    /// nobody waits for an addition.
    func mayHaveLostAdditions(_ home: MemberCode, _ accepting: MemberCode) -> Bool {
        let isTheirs = { (writer: Writer) in writer.member == home || writer.member == accepting }
        return gone.contains(where: isTheirs) || forkedWriters.contains(where: isTheirs)
    }

    /// Whether nobody waits for what that incarnation wrote.
    package func isLost(_ writer: Writer) -> Bool {
        gone.contains(writer) || forkedWriters.contains(writer)
    }
}
