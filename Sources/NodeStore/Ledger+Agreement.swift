package import AllianceModel
package import ReplicationCore
import ReplicationWire

/// Proposals and approvals: this member's own, and those that come from others.
extension Ledger {
    /// Puts a definition to the vote; counts as this member's approval.
    ///
    /// The same definition again is answered with the proposal there is.
    package mutating func propose(
        _ definition: ItemDefinition,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<VoteAnswer, Refusal> {
        let bytes = DefinitionCoding.encode(definition)
        let encoded = StatementCoding.encode(
            proposal: definition,
            definitionBytes: bytes,
            predecessor: agreement.predecessor(of: definition),
            roster: settings.rosterDigest,
            proposer: settings.member,
            hash: settings.hash
        )
        let subject = "\(definition.item) v\(definition.version)"
        let earlier = try earlierRequest(caller)
        if let earlier, earlier.request != caller.request { return .failure(.keyReused) }
        let isNew = earlier == nil && agreement.proposal(encoded.proposal.digest) == nil
        if isNew {
            if let refusal = agreement.refusal(ofProposing: encoded.proposal) {
                return .failure(refusal)
            }
            guard let timestamp = clock.tick(wallMilliseconds: wallMilliseconds) else {
                return .failure(.clockBeyondBound)
            }
            _ = try appendOwn(statement: encoded.body, at: timestamp)
            try apply(.proposal(encoded.proposal), at: timestamp, wallMilliseconds)
        }
        // A key is used up by any answer of success, also by one that found nothing to do.
        if isNew || (caller.idempotencyKey != nil && earlier == nil) {
            try remember(caller, uuid: nil, subject: subject, wallMilliseconds)
        }
        return .success(
            VoteAnswer(
                status: earlier?.status ?? caller.status,
                item: definition.item,
                version: definition.version,
                proposal: standingProposal(encoded.proposal)
            )
        )
    }

    /// The digest of this member's proposal of that definition: what was agreed since its making may
    /// have given a new one another predecessor.
    private func standingProposal(_ proposal: Proposal) -> Digest {
        if agreement.proposal(proposal.digest) != nil { return proposal.digest }
        let own = agreement.proposals(of: proposal.definitionDigest).first {
            $0.proposal.proposer == settings.member
        }
        return own?.proposal.digest ?? proposal.digest
    }

    /// Approves a proposal; a second time changes nothing and answers alike.
    package mutating func approve(
        item: Text,
        version: Int,
        proposal digest: Digest,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<VoteAnswer, Refusal> {
        let earlier = try earlierRequest(caller)
        if let earlier, earlier.request != caller.request { return .failure(.keyReused) }
        guard let proposal = agreement.proposal(digest), proposal.definition.item == item,
            proposal.definition.version == version
        else {
            return .failure(
                Refusal(
                    .itemUnknown,
                    field: "digest",
                    "no proposal of that digest for this item and version is known here"
                )
            )
        }
        let isNew = earlier == nil && !agreement.hasApproved(settings.member, proposal: digest)
        if isNew, let refusal = try approve(proposal, wallMilliseconds) { return .failure(refusal) }
        if isNew || (caller.idempotencyKey != nil && earlier == nil) {
            try remember(caller, uuid: nil, subject: "\(item) v\(version)", wallMilliseconds)
        }
        return .success(
            VoteAnswer(
                status: earlier?.status ?? caller.status,
                item: item,
                version: version,
                proposal: digest
            )
        )
    }

    private mutating func approve(
        _ proposal: Proposal,
        _ wallMilliseconds: Int64
    )
        throws(StoreError) -> Refusal?
    {
        if let refusal = agreement.refusal(ofApproving: proposal, by: settings.member) {
            return refusal
        }
        let signed = settings.sign(
            Approval.signedBytes(
                alliance: settings.roster.alliance,
                member: settings.member,
                proposal: proposal.digest
            )
        )
        guard let signed else {
            return Refusal(.storeStopped, "this node's key does not sign")
        }
        guard let timestamp = clock.tick(wallMilliseconds: wallMilliseconds) else {
            return .clockBeyondBound
        }
        let approval = Approval(
            proposal: proposal.digest,
            member: settings.member,
            key: signed.key,
            signature: signed.signature
        )
        _ = try appendOwn(statement: StatementCoding.encode(approval: approval), at: timestamp)
        try apply(.approval(approval), at: timestamp, wallMilliseconds)
        return nil
    }

    /// Takes a statement into the agreement and releases what waited for it.
    mutating func apply(
        _ statement: ReplicationCore.Statement,
        at timestamp: HybridTimestamp,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        transaction.agreementChanged = true
        let digest: Digest
        switch statement {
        case .proposal(let proposal):
            try store.insertProposal(proposal, at: timestamp)
            agreement.insert(proposal, at: timestamp)
            digest = proposal.digest
        case .approval(let approval):
            try store.insertApproval(approval, at: timestamp)
            agreement.insert(approval, at: timestamp)
            digest = approval.proposal
        case .refusal: return
        case .gone, .ceiling, .forkProof:
            try apply(fact: statement, at: timestamp)
            return
        }
        guard let definition = agreement.proposal(digest)?.definitionDigest else { return }
        try release(onDefinition: definition, wallMilliseconds)
    }

    /// Why a statement that came in that feed is nothing to go by; nil if it is in order.
    func problem(with statement: ReplicationCore.Statement, from feed: FeedIdentity) -> String? {
        if let problem = statement.problem(in: feed) { return problem }
        switch statement {
        case .approval(let approval):
            let message = Approval.signedBytes(
                alliance: settings.roster.alliance,
                member: approval.member,
                proposal: approval.proposal
            )
            let isSigned = settings.isSigned(
                message,
                approval.member,
                approval.key,
                approval.signature
            )
            return isSigned ? nil : "an approval that its member did not sign"
        case .forkProof(let proof):
            let areSigned = proof.heads.allSatisfy { head in
                settings.isSigned(
                    head.head.signedBytes(
                        alliance: settings.roster.alliance,
                        member: proof.member
                    ),
                    proof.member,
                    head.key,
                    head.signature
                )
            }
            return areSigned ? nil : "a fork that its member did not sign with keys known here"
        case .proposal, .refusal, .gone, .ceiling: return nil
        }
    }
}
