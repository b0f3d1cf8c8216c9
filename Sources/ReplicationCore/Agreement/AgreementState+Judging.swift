package import AllianceModel

// Whether this node may propose or approve. What arrives from others is never judged by these: their
// statements count as they are, else what is agreed would depend on who heard what first.

extension AgreementState {
    /// What a new definition has to name as its predecessor: of the item's agreed definitions the
    /// one of the greatest lower version; of two of one number the smaller digest.
    package func predecessor(of definition: ItemDefinition) -> Digest? {
        var best: (version: Int, digest: Digest)?
        for digest in definitions(of: definition.item) where isAgreed(digest) {
            guard let other = self.definition(digest)?.version, other < definition.version
            else { continue }
            if best.map({ other > $0.version }) ?? true { best = (other, digest) }
        }
        return best?.digest
    }

    /// Why its proposer may not make that proposal, every reason in one text; nil when it may.
    package func refusal(ofProposing proposal: Proposal) -> Refusal? {
        let definition = proposal.definition
        var problems = definition.problems()
        problems += votingProblems(roster: proposal.roster, by: proposal.proposer)
        if isAgreed(proposal.definitionDigest) {
            problems.append(
                DefinitionProblem(
                    path: "version",
                    reason: "\(definition.item) version \(definition.version) is agreed already",
                    remedy: "propose a change of it under a greater version"
                )
            )
        } else {
            problems += successionProblems(definition, predecessor: proposal.predecessor)
            problems += secondVoteProblems(proposal, by: proposal.proposer)
        }
        return refusal(of: problems)
    }

    /// Why that proposal may not be approved by a member, every reason in one text; nil when it may,
    /// also when it did before.
    ///
    /// Without a member what rests on its own votes is not looked at.
    package func refusal(
        ofApproving proposal: Proposal,
        by member: MemberCode? = nil
    )
        -> Refusal?
    {
        if let member, hasApproved(member, proposal: proposal.digest) { return nil }
        let definition = proposal.definition
        var problems = definition.problems()
        problems += votingProblems(roster: proposal.roster, by: member)
        if !isAgreed(proposal.definitionDigest) {
            problems += successionProblems(definition, predecessor: proposal.predecessor)
        }
        if let member { problems += secondVoteProblems(proposal, by: member) }
        return refusal(of: problems)
    }

    private func refusal(of problems: [DefinitionProblem]) -> Refusal? {
        guard !problems.isEmpty else { return nil }
        return Refusal(
            .definitionRefused,
            problems.map(\.description).joined(separator: "\n")
        )
    }

    private func votingProblems(roster: Digest, by member: MemberCode?) -> [DefinitionProblem] {
        guard let known = self.roster(roster) else {
            return [
                DefinitionProblem(
                    path: "roster",
                    reason: "\(roster.short) is not known here",
                    remedy: "propose it under the present roster"
                )
            ]
        }
        guard let member, !known.contains(member) else { return [] }
        return [
            DefinitionProblem(
                path: "roster",
                reason: "\(member) is not in it",
                remedy: "propose and approve at a member's node"
            )
        ]
    }

    /// Version and predecessor must follow what is agreed, and what was shared must stay as it was.
    private func successionProblems(
        _ definition: ItemDefinition,
        predecessor: Digest?
    ) -> [DefinitionProblem] {
        let agreed = definitions(of: definition.item).filter { isAgreed($0) }
        if let last = agreed.last.flatMap({ self.definition($0) }),
            last.version >= definition.version
        {
            return [
                DefinitionProblem(
                    path: "version",
                    reason: "\(definition.version) does not follow \(last.version), "
                        + "which is agreed",
                    remedy: "use \(last.version + 1)"
                )
            ]
        }
        let due = self.predecessor(of: definition)
        guard predecessor == due else {
            return [
                DefinitionProblem(
                    path: "predecessor",
                    reason: "is \(predecessor?.short ?? "none"), the one agreed last is "
                        + "\(due?.short ?? "none")",
                    remedy: "propose it again on what is agreed now"
                )
            ]
        }
        guard let former = due.flatMap({ self.definition($0) }) else { return [] }
        return definition.differencesRefused(against: former)
    }

    /// One member stands by one definition of a number: two votes would be shown as misconduct.
    private func secondVoteProblems(
        _ proposal: Proposal,
        by member: MemberCode
    )
        -> [DefinitionProblem]
    {
        let definition = proposal.definition
        let others = definitions(of: definition.item).filter {
            $0 != proposal.definitionDigest
                && self.definition($0)?.version == definition.version
        }
        let approved = others.first { other in
            proposals(of: other).contains { hasApproved(member, proposal: $0.proposal.digest) }
        }
        guard let approved else { return [] }
        return [
            DefinitionProblem(
                path: "version",
                reason: "\(member) stands by another definition of version "
                    + "\(definition.version), \(approved.short)",
                remedy: "propose the change under a greater version"
            )
        ]
    }
}
