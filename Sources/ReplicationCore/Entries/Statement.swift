package import AllianceModel

/// What a member says to the whole alliance; an entry of alliance feeds.
package enum Statement: Hashable, Sendable {
    /// A definition put to the vote; counts as its proposer's approval.
    case proposal(Proposal)
    /// One member's consent to one proposal.
    case approval(Approval)
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
