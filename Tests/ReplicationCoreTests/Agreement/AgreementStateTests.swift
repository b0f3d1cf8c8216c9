import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct AgreementStateTests {
    static let codes = ["350100", "350128", "350300", "350700", "350900"]
        .compactMap { MemberCode($0) }
    static let rosterDigest = TestHash.quick(Bytes("roster".utf8))

    private func roster(_ rule: AgreementRule = .all) throws -> Roster {
        try Roster(
            alliance: "fuzhou-metro",
            trustDomain: "fuzhou-metro.example",
            agreement: rule,
            members: Self.codes.map {
                RosterMember(code: $0, names: LocalizedName(zh: "城市", en: "City"))
            }
        )
    }

    private func definition(
        version: Int = 1,
        effective: Int64? = nil,
        merge: Merge = .latest,
        scope: Scope = .parties,
        variant: Text = "note"
    ) -> ItemDefinition {
        ItemDefinition(
            item: "GJJ-07",
            version: version,
            name: LocalizedName(zh: "租赁商品房提取", en: "Withdrawal for rent"),
            effective: effective,
            fields: [
                FieldDefinition(
                    name: variant,
                    type: .text(maximumBytes: 100),
                    merge: merge,
                    authority: .any,
                    scope: scope
                )
            ]
        )
    }

    /// A proposal with made-up but consistent digests.
    private func proposal(
        _ definition: ItemDefinition,
        by proposer: MemberCode = codes[0],
        after predecessor: Digest? = nil,
        roster: Digest = rosterDigest
    ) -> Proposal {
        let bytes = Bytes("\(definition)".utf8)
        let digest = TestHash.quick(bytes)
        let whole = bytes + (predecessor?.bytes ?? []) + roster.bytes + proposer.utf8
        return Proposal(
            definition: definition,
            definitionBytes: bytes,
            definitionDigest: digest,
            predecessor: predecessor,
            roster: roster,
            proposer: proposer,
            digest: TestHash.quick(whole)
        )
    }

    private func approval(_ proposal: Proposal, by member: MemberCode) -> Approval {
        Approval(proposal: proposal.digest, member: member, key: proposal.digest, signature: [])
    }

    private func time(_ milliseconds: UInt64) -> HybridTimestamp {
        HybridTimestamp(milliseconds: milliseconds, counter: 0)
    }

    private func agreed(
        _ proposals: Proposal...,
        rule: AgreementRule = .all
    ) throws
        -> AgreementState
    {
        var state = AgreementState(roster: try roster(rule), rosterDigest: Self.rosterDigest)
        for proposal in proposals {
            state.insert(proposal, at: time(1))
            for code in Self.codes { state.insert(approval(proposal, by: code), at: time(2)) }
        }
        return state
    }

    // MARK: Counting

    @Test(arguments: [
        (AgreementRule.all, 5), (.majority, 3), (.atLeast(4), 4),
    ])
    func `a proposal is agreed with exactly as many members as the rule asks for`(
        rule: AgreementRule,
        needed: Int
    ) throws {
        var state = AgreementState(roster: try roster(rule), rosterDigest: Self.rosterDigest)
        let proposal = proposal(definition())
        state.insert(proposal, at: time(1))
        // The proposal is its proposer's approval.
        for (index, code) in Self.codes.enumerated() {
            if index > 0 { state.insert(approval(proposal, by: code), at: time(2)) }
            #expect(state.isAgreed(proposal: proposal.digest) == (index + 1 >= needed))
            #expect(state.isAgreed(proposal.definitionDigest) == (index + 1 >= needed))
            #expect(state.membersAwaited(by: proposal.digest).count == 4 - index)
        }
    }

    @Test func `members outside the roster count for nothing`() throws {
        var state = AgreementState(
            roster: try roster(.majority),
            rosterDigest: Self.rosterDigest
        )
        let proposal = proposal(definition())
        state.insert(proposal, at: time(1))
        for code in ["430100", "430200", "430300"].compactMap({ MemberCode($0) }) {
            state.insert(approval(proposal, by: code), at: time(2))
        }
        #expect(!state.isAgreed(proposal.definitionDigest))
        #expect(state.approvals(of: proposal.digest).count == 4)
    }

    @Test func `a proposal under a roster that is not known is never agreed`() throws {
        var state = AgreementState(
            roster: try roster(.majority),
            rosterDigest: Self.rosterDigest
        )
        let proposal = proposal(definition(), roster: TestHash.quick([9]))
        state.insert(proposal, at: time(1))
        for code in Self.codes { state.insert(approval(proposal, by: code), at: time(2)) }
        #expect(!state.isAgreed(proposal.definitionDigest))
    }

    @Test func `a definition is agreed once any proposal that holds it is`() throws {
        var state = AgreementState(
            roster: try roster(.majority),
            rosterDigest: Self.rosterDigest
        )
        let first = proposal(definition(), by: Self.codes[0])
        let second = proposal(definition(), by: Self.codes[1])
        #expect(first.definitionDigest == second.definitionDigest)
        state.insert(first, at: time(1))
        state.insert(second, at: time(1))
        for code in Self.codes[2...3] { state.insert(approval(second, by: code), at: time(2)) }
        #expect(!state.isAgreed(proposal: first.digest))
        #expect(state.isAgreed(proposal: second.digest))
        #expect(state.isAgreed(first.definitionDigest))
        #expect(state.proposals(of: first.definitionDigest).count == 2)
    }

    // MARK: Laws

    /// The law above all rules: a function of the set received, never of its order.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `order, repetition and batching leave no trace`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let first = proposal(definition())
        let rival = proposal(definition(variant: "other"), by: Self.codes[1])
        let second = proposal(definition(version: 2), after: first.definitionDigest)
        let proposals = [first, rival, second]
        var steps: [(inout AgreementState) -> Void] = []
        for (index, proposal) in proposals.enumerated() {
            let timestamp = time(UInt64(10 + index))
            steps.append { $0.insert(proposal, at: timestamp) }
            for code in Self.codes.shuffled(using: &random).prefix(4) {
                let approval = approval(proposal, by: code)
                let later = time(UInt64.random(in: 5...30, using: &random))
                steps.append { $0.insert(approval, at: later) }
            }
        }
        let roster = try roster(.majority)
        var expected = AgreementState(roster: roster, rosterDigest: Self.rosterDigest)
        for step in steps { step(&expected) }
        var other = AgreementState(roster: roster, rosterDigest: Self.rosterDigest)
        for step in (steps + steps).shuffled(using: &random) { step(&other) }
        #expect(other == expected)
        #expect(
            other.offered(item: "GJJ-07", at: 100)?.digest
                == expected.offered(item: "GJJ-07", at: 100)?.digest
        )
    }

    @Test func `approvals heard before their proposal count when it comes`() throws {
        var state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        let proposal = proposal(definition())
        for code in Self.codes { state.insert(approval(proposal, by: code), at: time(5)) }
        #expect(!state.isAgreed(proposal.definitionDigest))
        #expect(state.definition(proposal.definitionDigest) == nil)
        state.insert(proposal, at: time(3))
        #expect(state.isAgreed(proposal.definitionDigest))
        #expect(state.approvals(of: proposal.digest).first?.timestamp == time(3))
        #expect(state.proposals(of: proposal.definitionDigest).first?.timestamp == time(3))
    }

    @Test func `inserting says whether anything changed`() throws {
        var state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        let proposal = proposal(definition())
        let approval = approval(proposal, by: Self.codes[1])
        expect(state.insert(proposal, at: time(5)), true)
        expect(state.insert(proposal, at: time(5)), false)
        expect(state.insert(approval, at: time(7)), true)
        expect(state.insert(approval, at: time(8)), false)
        expect(state.insert(approval, at: time(6)), true)
    }

    @Test func `an approval counts once, however it came`() throws {
        var state = AgreementState(roster: try roster(.atLeast(3)), rosterDigest: Self.rosterDigest)
        let proposal = proposal(definition())
        state.insert(proposal, at: time(1))
        // From its member's own feed, then from two others'.
        for moment in [4, 9, 2] as [UInt64] {
            state.insert(approval(proposal, by: Self.codes[1]), at: time(moment))
        }
        #expect(!state.isAgreed(proposal.definitionDigest))
        #expect(state.approvals(of: proposal.digest).map(\.timestamp) == [time(1), time(2)])
        state.insert(approval(proposal, by: Self.codes[2]), at: time(5))
        #expect(state.isAgreed(proposal.definitionDigest))
    }

    @Test func `a refusal is shown until its member approves, and counts as nothing`() throws {
        var state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        let proposal = proposal(definition())
        let refusal = ProposalRefusal(proposal: proposal.digest, reason: "too early")
        let later = ProposalRefusal(proposal: proposal.digest, reason: "still too early")
        expect(state.insert(later, by: Self.codes[2], at: time(5)), true)
        expect(state.insert(refusal, by: Self.codes[2], at: time(4)), false)
        expect(state.insert(refusal, by: Self.codes[1], at: time(4)), true)
        expect(state.insert(refusal, by: Self.codes[1], at: time(4)), false)
        state.insert(proposal, at: time(1))
        let shown = state.refusals(of: proposal.digest)
        #expect(shown.map(\.member) == [Self.codes[1], Self.codes[2]])
        #expect(shown.map(\.reason) == ["too early", "still too early"])
        for code in Self.codes { state.insert(approval(proposal, by: code), at: time(9)) }
        #expect(state.refusals(of: proposal.digest).isEmpty)
        #expect(state.isAgreed(proposal.definitionDigest))
    }

    @Test func `two approvals of one member for one number are shown, and both count`() throws {
        let first = proposal(definition())
        let rival = proposal(definition(variant: "other"), by: Self.codes[1])
        let next = proposal(definition(version: 2), after: first.definitionDigest)
        var state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        for proposal in [first, next] {
            state.insert(proposal, at: time(1))
            for code in Self.codes { state.insert(approval(proposal, by: code), at: time(2)) }
        }
        state.insert(rival, at: time(3))
        #expect(state.repeatedVotes.map(\.member) == [Self.codes[1]])
        state.insert(approval(rival, by: Self.codes[3]), at: time(4))
        // The same definition proposed twice is no second number.
        state.insert(proposal(definition(), by: Self.codes[3]), at: time(5))
        let digests = [first.definitionDigest, rival.definitionDigest].sorted()
        #expect(
            state.repeatedVotes
                == [Self.codes[1], Self.codes[3]].map {
                    AgreementState.RepeatedVote(
                        item: "GJJ-07",
                        version: 1,
                        member: $0,
                        definitions: digests
                    )
                }
        )
        #expect(state.approvals(of: rival.digest).count == 2)
        #expect(state.approvals(of: first.digest).count == 5)
    }

    private func expect(
        _ value: Bool,
        _ expected: Bool,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(value == expected, sourceLocation: location)
    }

    // MARK: What is offered

    @Test func `stages go from proposed over agreed and effective to superseded`() throws {
        let first = proposal(definition(effective: 100))
        let second = proposal(
            definition(version: 2, effective: 200),
            after: first.definitionDigest
        )
        var state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        state.insert(first, at: time(1))
        #expect(state.stage(of: first.definitionDigest, at: 150) == .proposed)
        state = try agreed(first, second)
        #expect(state.stage(of: first.definitionDigest, at: 99) == .agreed)
        #expect(state.offered(item: "GJJ-07", at: 99) == nil)
        #expect(state.stage(of: first.definitionDigest, at: 100) == .effective)
        #expect(state.stage(of: second.definitionDigest, at: 199) == .agreed)
        #expect(state.stage(of: second.definitionDigest, at: 200) == .effective)
        #expect(state.stage(of: first.definitionDigest, at: 200) == .superseded)
        #expect(!state.isOffered(first.definitionDigest, at: 200))
        #expect(state.itemsEffective(at: 99) == 0)
        #expect(state.itemsEffective(at: 100) == 1)
        #expect(state.stage(of: TestHash.quick([1]), at: 0) == nil)
    }

    @Test func `of two digests of one number the smaller is offered and both may be used`() throws {
        let first = proposal(definition())
        let rival = proposal(definition(variant: "other"), by: Self.codes[1])
        let state = try agreed(first, rival)
        let digests = [first.definitionDigest, rival.definitionDigest].sorted()
        #expect(state.offered(item: "GJJ-07", at: 0)?.digest == digests[0])
        #expect(digests.allSatisfy { state.isOffered($0, at: 0) })
        #expect(state.stage(of: digests[1], at: 0) == .superseded)
        #expect(state.predecessor(of: definition(version: 2)) == digests[0])
        #expect(state.definitions(of: "GJJ-07") == digests)
        #expect(state.items == ["GJJ-07"])
    }

    // MARK: Refusals

    @Test func `what follows the agreed version may be proposed and approved`() throws {
        let first = proposal(definition())
        var state = try agreed(first)
        let second = proposal(definition(version: 2), after: first.definitionDigest)
        #expect(state.refusal(ofProposing: second) == nil)
        state.insert(second, at: time(9))
        #expect(state.refusal(ofApproving: second, by: Self.codes[1]) == nil)
        #expect(state.refusal(ofApproving: second, by: Self.codes[0]) == nil)
    }

    @Test func `a version that does not follow, or a wrong predecessor, is refused`() throws {
        let first = proposal(definition())
        let state = try agreed(first)
        let rival = proposal(definition(variant: "other"))
        #expect(state.refusal(ofProposing: rival)?.detail.contains("does not follow") == true)
        let loose = proposal(definition(version: 2))
        #expect(state.refusal(ofProposing: loose)?.detail.contains("predecessor") == true)
        #expect(state.refusal(ofApproving: loose)?.code == .definitionRefused)
        #expect(state.refusal(ofProposing: first)?.detail.contains("agreed already") == true)
    }

    @Test func `every reason is listed`() throws {
        let first = proposal(definition())
        let state = try agreed(first)
        let second = proposal(
            definition(version: 2, merge: .review, scope: .alliance),
            after: first.definitionDigest
        )
        let refusal = try #require(state.refusal(ofProposing: second))
        #expect(refusal.code == .definitionRefused)
        // Merge changed, scope widened.
        #expect(refusal.detail.split(separator: "\n").count == 2)
        #expect(refusal.detail.contains("to review"))
        #expect(refusal.detail.contains("widens"))
    }

    @Test func `a member stands by one definition of a number`() throws {
        var state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        let first = proposal(definition())
        let rival = proposal(definition(variant: "other"), by: Self.codes[1])
        state.insert(first, at: time(1))
        #expect(state.refusal(ofProposing: rival) == nil)
        state.insert(rival, at: time(2))
        #expect(
            state.refusal(ofApproving: rival, by: Self.codes[0])?.detail.contains("stands by")
                == true
        )
        #expect(state.refusal(ofApproving: rival, by: Self.codes[2]) == nil)
    }

    @Test func `who is not in the roster may not vote`() throws {
        let state = AgreementState(roster: try roster(), rosterDigest: Self.rosterDigest)
        let stranger = try #require(MemberCode("430100"))
        let proposal = proposal(definition(), by: stranger)
        #expect(state.refusal(ofProposing: proposal)?.detail.contains("not in it") == true)
        let unknown = self.proposal(definition(), roster: TestHash.quick([9]))
        #expect(state.refusal(ofProposing: unknown)?.detail.contains("not known") == true)
    }
}
