import AllianceFiles
import AllianceModel
import Foundation
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// Certificates and revocation lists taken up while sessions stand.
struct ReloadTests {
    @Test func `a revoked peer's session ends with the reason, the others stay`() async throws {
        let three = try await ManyNodes(["350100", "350300", "350700"])
        try await three.settle()
        let fuzhou = three.nodes[0].node
        let nanping = await fuzhou.observe().links[1]

        try three.alliance.revoke("350300")
        try await fuzhou.reload()
        try await three.nodes[0].eventually("the revoked session is closed") { node in
            let link = await node.observe().links[0]
            return link.reason == "revoked" && !link.session.isConnected && link.isRefusal
        }
        let after = await fuzhou.observe().links[1]
        #expect(after.session.isConnected)
        #expect(after.reason == nil)
        #expect(after.lastHeard.map { $0 + 1_000 >= nanping.lastHeard ?? 0 } == true)
        // It does not come in again either, whoever dials.
        let strangers = await fuzhou.observe().strangers["revoked"] ?? 0
        try await three.nodes[0].eventually("it was refused at the door") { node in
            let observation = await node.observe()
            return !observation.links[0].session.isConnected
                && (observation.strangers["revoked"] ?? 0) > strangers
        }
        // In TLS 1.3 the refused client has its handshake behind it when it hears so: still it shows
        // the refusal, not a connection that was lost.
        try await three.nodes[1].eventually("the refused city says that it was refused") { node in
            let link = await node.observe().links[0]
            return link.reason == "alert" && link.isRefusal
                && link.detail?.contains("revoked") == true
        }
        try await three.stop()
    }

    @Test func `an approval made after a renewal counts on sessions that stand`() async throws {
        let two = try await ManyNodes(["350100", "350300"])
        try await two.settle()
        let (fuzhou, putian) = (two.nodes[0].node, two.nodes[1].node)
        let sent = await putian.observe().links[0].certificateEnds

        try two.alliance.renew("350300")
        try await putian.reload()
        let definition = try ItemFile.parse(TwoNodeTests.item, file: "test.yaml")
        let vote = try await fuzhou.propose(definition, TwoNodeTests.caller(201)).get()
        try await two.approve(vote.proposal, at: two.nodes[1])
        let digest = try await two.agreed(vote.proposal)
        #expect(await putian.observe().links[0].certificateEnds == sent)
        #expect(await fuzhou.observe().links[0].held.isEmpty)

        // The next session is under the new key, and what the old one signed still counts.
        try await two.nodes[1].stop()
        var again = two
        again.nodes[1] = try await two.alliance.start("350300")
        _ = try await TwoNodeTests.create(digest, at: again.nodes[1].node, home: "350100")
        try await again.settle()
        #expect(try await fuzhou.verify(with: nil).map(\.equal) == [true])
        try await again.stop()
    }

    @Test func `files that are not in order change nothing`() async throws {
        let two = try await ManyNodes(["350100", "350300"])
        try await two.settle()
        try await withFileGone("\(two.alliance.folder.path)/350100/node.pem") {
            await #expect(throws: NodeStartError.self) { try await two.nodes[0].node.reload() }
        }
        #expect(await two.nodes[0].node.observe().links[0].session.isConnected)
        try await two.nodes[0].node.reload()
        #expect(await two.nodes[0].node.observe().links[0].session.isConnected)
        try await two.stop()
    }
}
