import AllianceFiles
import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore

extension FakeNode {
    private func proposal(_ definition: ItemDefinition) -> Proposal {
        let bytes = ItemFile.json(of: definition)
        let text = String(decoding: bytes, as: UTF8.self)
        return Proposal(
            definition: definition,
            definitionBytes: bytes,
            definitionDigest: Fixtures.digest(text),
            predecessor: nil,
            roster: Fixtures.digest("roster"),
            proposer: member,
            digest: Fixtures.digest("proposal \(text)")
        )
    }

    private func approval(_ proposal: Digest, _ member: MemberCode) -> Approval {
        Approval(proposal: proposal, member: member, key: proposal, signature: [])
    }

    private var time: HybridTimestamp {
        HybridTimestamp(milliseconds: UInt64(Fixtures.now), counter: 0)
    }

    func agree(_ definition: ItemDefinition) {
        let proposal = proposal(definition)
        let approval = approval(proposal.digest, Fixtures.putian)
        change { state in
            _ = state.agreement.insert(proposal, at: time)
            _ = state.agreement.insert(approval, at: time)
        }
    }

    func propose(
        _ definition: ItemDefinition,
        _ caller: Caller
    ) async throws(StoreError)
        -> Result<VoteAnswer, Refusal>
    {
        let proposal = proposal(definition)
        let problems = definition.problems()
        guard problems.isEmpty else {
            let detail = problems.map(\.description).joined(separator: "\n")
            return .failure(Refusal(.definitionRefused, detail))
        }
        change { _ = $0.agreement.insert(proposal, at: time) }
        return .success(
            VoteAnswer(
                status: caller.status,
                item: definition.item,
                version: definition.version,
                proposal: proposal.digest
            )
        )
    }

    func approve(
        item: Text,
        version: Int,
        proposal: Digest,
        _ caller: Caller
    )
        async throws(StoreError) -> Result<VoteAnswer, Refusal>
    {
        guard let known = catalog.agreement.proposal(proposal), known.definition.item == item,
            known.definition.version == version
        else { return .failure(Refusal(.itemUnknown, "no such proposal")) }
        // The fake stands for the whole alliance: another member's approval comes along.
        let approval = approval(proposal, Fixtures.putian)
        change { _ = $0.agreement.insert(approval, at: time) }
        return .success(
            VoteAnswer(status: caller.status, item: item, version: version, proposal: proposal)
        )
    }

    /// A node with one peer that is current and one that is away.
    static var quiet: NodeObservation {
        var session = PeerStatus(member: Fixtures.putian)
        session.isConnected = true
        session.toSend = PeerStatus.Lag(count: 0, oldest: nil)
        session.toApply = PeerStatus.Lag(count: 0, oldest: nil)
        session.skewMilliseconds = -12
        session.software = "1.0.0"
        var near = NodeObservation.Link(
            member: Fixtures.putian,
            session: session,
            address: "10.1.2.3:7420"
        )
        near.lastHeard = Fixtures.now - 1_500
        near.certificateEnds = Fixtures.now + 200 * 86_400_000
        near.bytesSent = 12
        near.held = [.definitionUnknown: 2]
        let other = Fixtures.code("350128")
        var away = NodeObservation.Link(
            member: other,
            session: PeerStatus(member: other),
            address: "10.1.2.4:7420"
        )
        away.reason = "connect_timeout"
        away.nextTryMilliseconds = 40_000
        away.unreachableSince = Fixtures.now - 60_000
        return NodeObservation(
            member: Fixtures.me,
            roster: Fixtures.roster,
            rosterDigest: Fixtures.digest("roster"),
            incarnation: Incarnation(rawValue: 7),
            upMilliseconds: 12_345,
            now: Fixtures.now,
            links: [away, near],
            strangers: ["no_certificate": 3],
            certificateEnds: Fixtures.now + 300 * 86_400_000,
            revocationsNextUpdate: Fixtures.now + 30 * 86_400_000,
            storeProblem: nil,
            disk: (free: 50, total: 100),
            clockAheadMilliseconds: 0,
            clockBoundMilliseconds: 60_000,
            itemsEffective: 2,
            lastPosition: 9,
            commits: 4,
            writes: 5,
            residentBytes: 1 << 24
        )
    }
}
