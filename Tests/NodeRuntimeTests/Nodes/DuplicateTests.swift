import AllianceFiles
import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// Records that collide on what is to be unique, asked for at once: the index follows the log behind.
struct DuplicateTests {
    private static let item = """
        item: TEST-02
        version: 1
        name: { zh: 唯一, en: Unique }
        unique: [applicant]
        fields:
          applicant: { type: text, merge: latest, authority: any, scope: alliance }
        """

    private static func create(_ definition: Digest, at node: Node) async throws -> RecordSnapshot {
        try await node.create(
            Creation(
                definition: definition,
                home: nil,
                parties: [],
                uuid: nil,
                request: ChangeRequest(fields: [
                    FieldRequest(name: "applicant", change: .set(.text("林小明")))
                ])
            ),
            TwoNodeTests.caller(201)
        ).get().snapshot
    }

    @Test func `duplicates show as soon as they are there, and no longer once one is closed`()
        async throws
    {
        let alliance = try TestAlliance(["350100"])
        defer { alliance.remove() }
        let running = try await alliance.start("350100")
        let node = running.node
        let definition = try ItemFile.parse(DuplicateTests.item, file: "test.yaml")
        let vote = try await node.propose(definition, TwoNodeTests.caller(201)).get()
        let digest = try #require(
            node.catalog.agreement.proposal(vote.proposal)?.definitionDigest
        )
        for _ in 0..<5 {
            let first = try await DuplicateTests.create(digest, at: node)
            #expect(first.conflicts.isEmpty)
            let second = try await DuplicateTests.create(digest, at: node)
            let all = try await node.conflicts(ConflictQuery(kind: .duplicate, limit: 10))
            #expect(all.rows.count == 1 && all.next == nil)
            let conflict = try #require(all.rows.first?.conflict)
            #expect(conflict.values.count == 2)
            for record in [first, second] {
                let identifier = record.state.key.identifier
                let own = try await node.conflicts(ConflictQuery(record: identifier, limit: 10))
                #expect(own.rows.map(\.conflict.id) == [conflict.id])
            }
            for record in [second, first] {
                let closed = try await node.resolve(
                    conflict.id,
                    of: conflict.record,
                    .close(record.state.key.identifier),
                    TwoNodeTests.caller()
                )
                // With one left there is nothing to decide any more.
                guard record == second else {
                    #expect(throws: Refusal.self) { try closed.get() }
                    break
                }
                #expect(try closed.get().snapshot.conflicts == [])
                #expect(try await node.conflict(conflict.id) == nil)
            }
            let left = try await node.conflicts(ConflictQuery(includesClosed: true, limit: 10))
            #expect(left.rows.isEmpty)
            _ = try await node.delete(
                first.state.key.identifier,
                token: nil,
                TwoNodeTests.caller()
            ).get()
        }
        try await running.stop()
    }
}
