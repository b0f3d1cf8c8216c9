package import AllianceModel

/// What a member says to the whole alliance; an entry of alliance feeds.
package enum Statement: Hashable, Sendable {
    /// A definition put to the vote; counts as its proposer's approval.
    case proposal(Proposal)
    /// One member's consent to one proposal.
    case approval(Approval)
    /// Its feed's member does not consent, and says why; shown, and counts as nothing.
    case refusal(ProposalRefusal)
    /// An earlier incarnation of its feed's member of whose tail nobody has more: nobody waits for
    /// what it wrote.
    case gone(Writer)
    /// The timestamps of an earlier incarnation of its feed's member, whose clock ran ahead, count as
    /// at most this.
    case ceiling(Writer, HybridTimestamp)
    /// Somebody signed two histories of one feed.
    case forkProof(ForkProof)
}

package struct Proposal: Hashable, Sendable {
    package var definition: ItemDefinition
    /// The definition's encoding as its proposer made it, carried verbatim.
    package var definitionBytes: Bytes
    /// SHA-256 of `definitionBytes`; records name it.
    package var definitionDigest: Digest
    /// Digest of the definition that this one follows; nil for an item's first version.
    package var predecessor: Digest?
    /// Digest of the roster under which it is voted on.
    package var roster: Digest
    package var proposer: MemberCode
    /// SHA-256 of the whole proposal's encoding; approvals name it.
    package var digest: Digest

    package init(
        definition: ItemDefinition,
        definitionBytes: Bytes,
        definitionDigest: Digest,
        predecessor: Digest?,
        roster: Digest,
        proposer: MemberCode,
        digest: Digest
    ) {
        self.definition = definition
        self.definitionBytes = definitionBytes
        self.definitionDigest = definitionDigest
        self.predecessor = predecessor
        self.roster = roster
        self.proposer = proposer
        self.digest = digest
    }
}

package struct Approval: Hashable, Sendable {
    package var proposal: Digest
    package var member: MemberCode
    /// SHA-256 of the certificate whose key signed.
    package var key: Digest
    /// Over ("citysync approval", suite, alliance, member, proposal digest), raw r || s.
    package var signature: Bytes

    package init(proposal: Digest, member: MemberCode, key: Digest, signature: Bytes) {
        self.proposal = proposal
        self.member = member
        self.key = key
        self.signature = signature
    }
}

package struct ProposalRefusal: Hashable, Sendable {
    /// Digest of the proposal.
    package var proposal: Digest
    /// For people; 1 to 1,024 bytes.
    package var reason: Text

    package static let reasonBytesMaximum = 1_024

    package init(proposal: Digest, reason: Text) {
        self.proposal = proposal
        self.reason = reason
    }
}

extension Statement {
    /// Why it cannot stand in that feed; nil if it can.
    ///
    /// Statements speak for their feed's member, but those that are signed by themselves: an
    /// approval and a fork proof may stand in anybody's feed. Their signatures are for whoever holds
    /// keys.
    package func problem(in feed: FeedIdentity) -> String? {
        guard feed.audience == .alliance else { return "a statement outside an alliance feed" }
        switch self {
        case .proposal(let proposal):
            return proposal.proposer == feed.member ? nil : "a proposal in another's name"
        case .gone(let writer), .ceiling(let writer, _):
            guard writer.member == feed.member else {
                return "it speaks of another member's incarnation"
            }
            return writer.incarnation == feed.writer.incarnation
                ? "it speaks of the incarnation that says it" : nil
        case .approval, .refusal, .forkProof: return nil
        }
    }
}
