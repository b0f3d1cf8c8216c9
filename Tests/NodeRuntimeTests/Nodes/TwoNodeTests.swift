import AllianceFiles
import AllianceModel
import Foundation
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// Two whole nodes over TLS on loopback.
struct TwoNodeTests {
    static let item = """
        item: TEST-01
        version: 1
        name: { zh: 试验, en: Trial }
        subject: applicant
        workflow:
          stages: [accepted, checked, decided]
          transitions:
            - { from: accepted, to: checked, by: holder, hand: true }
            - { from: checked, to: decided, by: holder }
        fields:
          applicant: { type: text, merge: latest, authority: accepting, scope: parties, required: true }
          decision:  { type: text, merge: latest, authority: holder, scope: parties }
          materials: { type: set, of: text, merge: union, authority: any, scope: parties }
          note:      { type: text, merge: latest, authority: any, scope: private }
        """

    static func caller(_ status: Int = 200) -> Caller {
        Caller(
            actor: "test",
            route: "TEST /",
            idempotencyKey: nil,
            request: SHA256.hash(Bytes("test".utf8)),
            status: status
        )
    }

    /// Both agree the item; returns its definition's digest.
    private static func agree(_ first: RunningNode, _ second: RunningNode) async throws -> Digest {
        let definition = try ItemFile.parse(item, file: "test.yaml")
        let vote = try await first.node.propose(definition, caller(201)).get()
        try await second.eventually("the proposal is known") {
            $0.catalog.agreement.proposal(vote.proposal) != nil
        }
        _ = try await second.node.approve(
            item: "TEST-01",
            version: 1,
            proposal: vote.proposal,
            caller()
        ).get()
        let digest = try #require(
            second.node.catalog.agreement.proposal(vote.proposal)?.definitionDigest
        )
        try await first.eventually("the item is agreed") {
            $0.catalog.agreement.isAgreed(digest)
        }
        return digest
    }

    static func create(
        _ digest: Digest,
        at node: Node,
        home: String
    ) async throws
        -> RecordIdentifier
    {
        let answer = try await node.create(creation(digest, home: home), caller(201)).get()
        return answer.snapshot.state.key.identifier
    }

    static func creation(_ digest: Digest, home: String) -> Creation {
        Creation(
            definition: digest,
            home: MemberCode(home),
            parties: [],
            uuid: nil,
            request: ChangeRequest(
                fields: [
                    FieldRequest(name: "applicant", change: .set(.text("林小明"))),
                    FieldRequest(name: "note", change: .set(.text("stays here"))),
                ]
            )
        )
    }

    @Test func `a case is accepted in one city and decided in the other`() async throws {
        let alliance = try TestAlliance(["350100", "350300"])
        defer { alliance.remove() }
        let fuzhou = try await alliance.start("350100")
        let putian = try await alliance.start("350300")
        let digest = try await Self.agree(fuzhou, putian)

        let id = try await Self.create(digest, at: fuzhou.node, home: "350300")
        try await putian.eventually("the record is there") { try await $0.record(id) != nil }

        let handed = try await fuzhou.node.change(
            id,
            ChangeRequest(fields: [], stage: "checked", holder: MemberCode("350300")),
            token: nil,
            Self.caller()
        ).get()
        #expect(RecordView(handed.snapshot.state, handed.snapshot.definition).turn == 1)
        try await putian.eventually("the case was handed over") { node in
            guard let snapshot = try await node.record(id) else { return false }
            return RecordView(snapshot.state, snapshot.definition).holder == node.member
        }
        _ = try await putian.node.change(
            id,
            ChangeRequest(
                fields: [FieldRequest(name: "decision", change: .set(.text("granted")))],
                stage: "decided"
            ),
            token: nil,
            Self.caller()
        ).get()
        try await fuzhou.eventually("the decision is there") { node in
            guard let snapshot = try await node.record(id),
                let field = snapshot.definition.field("decision")
            else { return false }
            let view = RecordView(snapshot.state, snapshot.definition)
            return view.stage == "decided" && view.value(of: field) == .text("granted")
        }
        let there = try #require(try await putian.node.record(id))
        #expect(there.state.field("note") == nil)

        let checks = try await fuzhou.node.verify(with: nil)
        #expect(checks.map(\.equal) == [true])
        #expect(checks.map(\.records) == [1])
        try await fuzhou.stop()
        try await putian.stop()
    }

    @Test func `what was written while the other was away arrives when it is back`() async throws {
        let alliance = try TestAlliance(["350100", "350300"])
        defer { alliance.remove() }
        let fuzhou = try await alliance.start("350100")
        var putian = try await alliance.start("350300")
        let digest = try await Self.agree(fuzhou, putian)
        try await putian.stop()

        var ids: [RecordIdentifier] = []
        for _ in 0..<200 {
            ids.append(try await Self.create(digest, at: fuzhou.node, home: "350300"))
        }
        putian = try await alliance.start("350300")
        for id in ids {
            try await putian.eventually("\(id) is there") { try await $0.record(id) != nil }
        }
        try await fuzhou.eventually("the other is caught up") { node in
            await node.observe().links.allSatisfy(\.session.isCaughtUp)
        }
        try await fuzhou.stop()
        try await putian.stop()
    }
}
