package import AllianceModel

// Whether this node may propose or approve. What arrives from others is never judged by these: their
// statements count as they are, else what is agreed would depend on who heard what first.

extension AgreementState {
    /// What a new definition of that item and version has to name as its predecessor: of the agreed
    /// definitions the one of the greatest lower version; of two of one number the smaller digest.
    package func predecessor(of item: Text, version: Int) -> Digest? {
        var best: (version: Int, digest: Digest)?
        for digest in definitions(of: item) where isAgreed(definition: digest) {
            guard let other = definition(digest)?.version, other < version else { continue }
            if best.map({ other > $0.version }) ?? true { best = (other, digest) }
        }
        return best?.digest
    }

    /// Every reason why a member may not propose that definition; empty when it may.
    ///
    /// `digest` is SHA-256 of the definition's encoding; `predecessor` is what the proposal would
    /// name, see `predecessor(of:version:)`.
    package func problemsProposing(
        _ definition: ItemDefinition,
        digest: Digest,
        predecessor: Digest?,
        roster: Digest,
        by member: MemberCode
    ) -> [DefinitionProblem] {
        var problems = definition.problems() + definition.unsupported()
        problems += votingProblems(roster: roster, by: member)
        if isAgreed(definition: digest) {
            problems.append(
                DefinitionProblem(
                    path: "version",
                    reason: "\(definition.item) version \(definition.version) is agreed already",
                    remedy: "propose a change of it under a greater version"
                )
            )
            return problems
        }
        problems += successionProblems(definition, predecessor: predecessor)
        problems += secondVoteProblems(definition, digest: digest, by: member)
        return problems
    }

    /// Why a member may not approve that proposal; nil when it may, also when it did before.
    package func refusalApproving(_ proposal: Digest, by member: MemberCode) -> Refusal? {
        guard let held = self.proposal(proposal) else {
            return Refusal(.itemUnknown, "no proposal has the digest \(proposal.short)")
        }
        if hasApproved(member, proposal: proposal) { return nil }
        var problems = votingProblems(roster: held.roster, by: member)
        problems += held.definition.problems() + held.definition.unsupported()
        if !isAgreed(definition: held.definitionDigest) {
            problems += successionProblems(held.definition, predecessor: held.predecessor)
        }
        problems += secondVoteProblems(held.definition, digest: held.definitionDigest, by: member)
        guard !problems.isEmpty else { return nil }
        return Refusal(
            .definitionRefused,
            problems.map(\.description).joined(separator: "\n")
        )
    }

    private func votingProblems(roster: Digest, by member: MemberCode) -> [DefinitionProblem] {
        guard let known = self.roster(roster) else {
            return [
                DefinitionProblem(
                    path: "roster",
                    reason: "\(roster.short) is not known here",
                    remedy: "propose it under the present roster"
                )
            ]
        }
        guard !known.contains(member) else { return [] }
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
        let agreed = definitions(of: definition.item).filter { isAgreed(definition: $0) }
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
        let due = self.predecessor(of: definition.item, version: definition.version)
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
        _ definition: ItemDefinition,
        digest: Digest,
        by member: MemberCode
    ) -> [DefinitionProblem] {
        let others = definitions(of: definition.item).filter {
            $0 != digest && self.definition($0)?.version == definition.version
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
