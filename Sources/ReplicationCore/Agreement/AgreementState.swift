package import AllianceModel

/// Everything proposed and approved, and what is agreed by it: a function of the *set* of
/// statements received, whatever the order, repetition or batching.
///
/// Statements only ever add up. Nothing un-agrees a proposal, and nothing here is ever removed.
/// Whether a statement stands in a feed of the member it speaks for is judged before it gets here.
package struct AgreementState: Hashable, Sendable {
    /// One member's consent, with the least timestamp it was ever received under.
    package struct Vote: Hashable, Sendable {
        package var member: MemberCode
        package var timestamp: HybridTimestamp

        package init(member: MemberCode, timestamp: HybridTimestamp) {
            self.member = member
            self.timestamp = timestamp
        }
    }

    /// A proposal, with the least timestamp it was ever received under.
    package struct Ballot: Hashable, Sendable {
        package let proposal: Proposal
        package fileprivate(set) var timestamp: HybridTimestamp
    }

    /// One member's latest refusal of a proposal; of two of one moment the greater reason.
    package struct StandingRefusal: Hashable, Sendable {
        package var member: MemberCode
        package var timestamp: HybridTimestamp
        package var reason: Text

        package init(member: MemberCode, timestamp: HybridTimestamp, reason: Text) {
            self.member = member
            self.timestamp = timestamp
            self.reason = reason
        }
    }

    /// That a member stands by several definitions of one number: misconduct, or a restored backup.
    ///
    /// All of them count: which came second depends on who is asked.
    package struct RepeatedVote: Hashable, Sendable {
        package var item: Text
        package var version: Int
        package var member: MemberCode
        /// Two definitions or more, sorted.
        package var definitions: [Digest]

        package init(item: Text, version: Int, member: MemberCode, definitions: [Digest]) {
            self.item = item
            self.version = version
            self.member = member
            self.definitions = definitions
        }
    }

    /// How far a definition is; the raw value is shown.
    package enum Stage: String, Hashable, Sendable, CaseIterable {
        /// Not enough members have approved it.
        case proposed
        /// Approved; its time has not come.
        case agreed
        /// The one that is offered for new records.
        case effective
        /// Agreed, its time has come, and another one is offered.
        case superseded
    }

    /// The rosters under which is voted, by digest.
    private var rosters: [Digest: Roster]
    /// By proposal digest.
    private var ballots: [Digest: Ballot] = [:]
    /// By proposal digest, also of proposals that are not here yet; the proposer's own included.
    private var votes: [Digest: [MemberCode: HybridTimestamp]] = [:]
    /// Proposal digests by the digest of the definition they hold, in order.
    private var proposalsByDefinition: [Digest: [Digest]] = [:]
    /// Definition digests by item, in the order of (version, digest).
    private var definitionsByItem: [Text: [Digest]] = [:]
    private var agreedDefinitions: Set<Digest> = []
    /// By proposal digest: each member's latest refusal.
    private var refused: [Digest: [MemberCode: StandingRefusal]] = [:]

    package init(roster: Roster, rosterDigest: Digest) {
        rosters = [rosterDigest: roster]
    }
}

// MARK: What is added

extension AgreementState {
    /// Takes a proposal in; true if anything changed.
    ///
    /// A repeated one can only make its time earlier.
    @discardableResult
    package mutating func insert(_ proposal: Proposal, at timestamp: HybridTimestamp) -> Bool {
        let voted = count(proposal.proposer, for: proposal.digest, at: timestamp)
        if let known = ballots[proposal.digest] {
            guard timestamp < known.timestamp else { return voted }
            ballots[proposal.digest]?.timestamp = timestamp
            return true
        }
        ballots[proposal.digest] = Ballot(proposal: proposal, timestamp: timestamp)
        index(proposal)
        settle(proposal.digest)
        return true
    }

    /// Counts an approval, also of a proposal that is not here yet; true if anything changed.
    @discardableResult
    package mutating func insert(_ approval: Approval, at timestamp: HybridTimestamp) -> Bool {
        let changed = count(approval.member, for: approval.proposal, at: timestamp)
        if changed { settle(approval.proposal) }
        return changed
    }

    /// Keeps a refusal, also of a proposal that is not here yet; true if anything changed.
    @discardableResult
    package mutating func insert(
        _ refusal: ProposalRefusal,
        by member: MemberCode,
        at timestamp: HybridTimestamp
    ) -> Bool {
        if let known = refused[refusal.proposal]?[member],
            (known.timestamp, known.reason) >= (timestamp, refusal.reason)
        {
            return false
        }
        refused[refusal.proposal, default: [:]][member] = StandingRefusal(
            member: member,
            timestamp: timestamp,
            reason: refusal.reason
        )
        return true
    }

    private mutating func count(
        _ member: MemberCode,
        for proposal: Digest,
        at timestamp: HybridTimestamp
    ) -> Bool {
        if let known = votes[proposal]?[member], known <= timestamp { return false }
        votes[proposal, default: [:]][member] = timestamp
        return true
    }

    private mutating func index(_ proposal: Proposal) {
        let digest = proposal.definitionDigest
        var siblings = proposalsByDefinition[digest] ?? []
        if siblings.isEmpty {
            let item = proposal.definition.item
            var definitions = definitionsByItem[item] ?? []
            let key = (proposal.definition.version, digest)
            let index = definitions.firstIndex { (definition($0)?.version ?? 0, $0) > key }
            definitions.insert(digest, at: index ?? definitions.count)
            definitionsByItem[item] = definitions
        }
        siblings.append(proposal.digest)
        proposalsByDefinition[digest] = siblings.sorted()
    }

    private mutating func settle(_ digest: Digest) {
        guard let proposal = ballots[digest]?.proposal, isAgreed(proposal: digest) else { return }
        agreedDefinitions.insert(proposal.definitionDigest)
    }
}

// MARK: What follows

extension AgreementState {
    package func roster(_ digest: Digest) -> Roster? { rosters[digest] }

    package func proposal(_ digest: Digest) -> Proposal? { ballots[digest]?.proposal }

    /// The proposals that hold that definition, in the order of (time, digest).
    package func proposals(of definition: Digest) -> [Ballot] {
        (proposalsByDefinition[definition] ?? []).compactMap { ballots[$0] }
            .sorted { ($0.timestamp, $0.proposal.digest) < ($1.timestamp, $1.proposal.digest) }
    }

    /// Who approved that proposal, its proposer included, sorted by member; also members that the
    /// roster does not have, which count for nothing.
    package func approvals(of proposal: Digest) -> [Vote] {
        (votes[proposal] ?? [:]).map { Vote(member: $0.key, timestamp: $0.value) }
            .sorted { $0.member < $1.member }
    }

    /// Who refused that proposal and has not approved it, sorted by member; it counts as nothing.
    package func refusals(of proposal: Digest) -> [StandingRefusal] {
        (refused[proposal] ?? [:]).values.filter { !hasApproved($0.member, proposal: proposal) }
            .sorted { $0.member < $1.member }
    }

    /// Every member that stands by two definitions of one number, in the order of item, version and
    /// member.
    package var repeatedVotes: [RepeatedVote] {
        var found: [RepeatedVote] = []
        for item in items {
            let byVersion = Dictionary(grouping: definitions(of: item)) {
                definition($0)?.version ?? 0
            }
            for version in byVersion.keys.sorted() {
                found += repeatedVotes(item, version, byVersion[version] ?? [])
            }
        }
        return found
    }

    private func repeatedVotes(
        _ item: Text,
        _ version: Int,
        _ definitions: [Digest]
    ) -> [RepeatedVote] {
        guard definitions.count > 1 else { return [] }
        var voted: [MemberCode: [Digest]] = [:]
        for definition in definitions {
            let members = proposals(of: definition).flatMap { ballot in
                (votes[ballot.proposal.digest] ?? [:]).keys
            }
            for member in Set(members) { voted[member, default: []].append(definition) }
        }
        return voted.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map {
            RepeatedVote(
                item: item,
                version: version,
                member: $0.key,
                definitions: $0.value.sorted()
            )
        }
    }

    package func hasApproved(_ member: MemberCode, proposal: Digest) -> Bool {
        votes[proposal]?[member] != nil
    }

    /// Whether the rule of the roster under which it is voted on is met by that roster's members.
    package func isAgreed(proposal digest: Digest) -> Bool {
        guard let proposal = ballots[digest]?.proposal, let roster = rosters[proposal.roster]
        else { return false }
        let count = (votes[digest] ?? [:]).keys.count { roster.contains($0) }
        return roster.agreement.isMet(by: count, of: roster.members.count)
    }

    /// The members whose approval that proposal still lacks, sorted; empty for an unknown roster.
    package func membersAwaited(by digest: Digest) -> [MemberCode] {
        guard let proposal = ballots[digest]?.proposal, let roster = rosters[proposal.roster]
        else { return [] }
        return roster.members.map(\.code).filter { votes[digest]?[$0] == nil }
    }

    /// The definition of that digest, agreed or not.
    package func definition(_ digest: Digest) -> ItemDefinition? {
        proposalsByDefinition[digest]?.first.flatMap { ballots[$0]?.proposal.definition }
    }

    /// The definition's encoding as its proposer made it.
    package func definitionBytes(_ digest: Digest) -> Bytes? {
        proposalsByDefinition[digest]?.first.flatMap { ballots[$0]?.proposal.definitionBytes }
    }

    /// Whether that definition is agreed: once any proposal that holds it is.
    package func isAgreed(_ digest: Digest) -> Bool { agreedDefinitions.contains(digest) }

    /// Codes of all items ever proposed, sorted.
    package var items: [Text] { definitionsByItem.keys.sorted() }

    /// Digests of an item's definitions in the order of (version, digest).
    package func definitions(of item: Text) -> [Digest] { definitionsByItem[item] ?? [] }

    /// The definition that new records of an item are made under at a moment; nil if there is none.
    ///
    /// Of those agreed whose time has come it is the greatest version; of two digests of one number
    /// the smaller.
    package func offered(
        item: Text,
        at wallMilliseconds: Int64
    )
        -> (definition: ItemDefinition, digest: Digest)?
    {
        var best: (definition: ItemDefinition, digest: Digest)?
        // In order of (version, digest): of one number the first one stays.
        for digest in definitions(of: item) {
            guard isInForce(digest, at: wallMilliseconds), let definition = definition(digest)
            else { continue }
            if best.map({ definition.version > $0.definition.version }) ?? true {
                best = (definition, digest)
            }
        }
        return best
    }

    /// Whether a new record may name that definition: the one offered, or another that is agreed
    /// under the same number.
    package func isOffered(_ digest: Digest, at wallMilliseconds: Int64) -> Bool {
        guard isInForce(digest, at: wallMilliseconds), let definition = definition(digest)
        else { return false }
        let offered = offered(item: definition.item, at: wallMilliseconds)
        return offered?.definition.version == definition.version
    }

    /// Nil for a definition never proposed.
    package func stage(of digest: Digest, at wallMilliseconds: Int64) -> Stage? {
        guard let definition = definition(digest) else { return nil }
        guard isAgreed(digest) else { return .proposed }
        guard isInForce(digest, at: wallMilliseconds) else { return .agreed }
        return offered(item: definition.item, at: wallMilliseconds)?.digest == digest
            ? .effective : .superseded
    }

    /// How many items have a definition that is offered at a moment.
    package func itemsEffective(at wallMilliseconds: Int64) -> Int {
        definitionsByItem.keys.count { offered(item: $0, at: wallMilliseconds) != nil }
    }

    private func isInForce(_ digest: Digest, at wallMilliseconds: Int64) -> Bool {
        guard isAgreed(digest), let definition = definition(digest)
        else { return false }
        return (definition.effective ?? .min) <= wallMilliseconds
    }
}
