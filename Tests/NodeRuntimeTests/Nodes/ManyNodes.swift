import AllianceFiles
import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// Several running nodes of one alliance.
struct ManyNodes {
    let alliance: TestAlliance
    var nodes: [RunningNode] = []

    init(_ codes: [String], comparison: ComparisonSettings = .standard) async throws {
        alliance = try TestAlliance(codes)
        for code in codes {
            nodes.append(try await alliance.start(code, comparison: comparison))
        }
    }

    /// All agree the item; returns its definition's digest.
    func agree() async throws -> Digest {
        let definition = try ItemFile.parse(TwoNodeTests.item, file: "test.yaml")
        let vote = try await nodes[0].node.propose(definition, TwoNodeTests.caller(201)).get()
        for running in nodes.dropFirst() { try await approve(vote.proposal, at: running) }
        return try await agreed(vote.proposal)
    }

    func approve(_ proposal: Digest, at running: RunningNode) async throws {
        try await running.eventually("the proposal is known") {
            $0.catalog.agreement.proposal(proposal) != nil
        }
        _ = try await running.node.approve(
            item: "TEST-01",
            version: 1,
            proposal: proposal,
            TwoNodeTests.caller()
        ).get()
    }

    /// Waits until every node counts every vote.
    func agreed(_ proposal: Digest) async throws -> Digest {
        for running in nodes {
            try await running.eventually("\(running.node.member) knows that it is agreed") {
                $0.catalog.agreement.isAgreed(proposal: proposal)
            }
        }
        return try #require(nodes[0].node.catalog.agreement.proposal(proposal)?.definitionDigest)
    }

    /// Waits until every node has every session and nothing is under way.
    func settle() async throws {
        for running in nodes {
            try await running.eventually("\(running.node.member) is caught up") { node in
                await node.observe().links.allSatisfy(\.session.isCaughtUp)
            }
        }
    }

    func stop() async throws {
        for running in nodes { try await running.stop() }
        alliance.remove()
    }
}
