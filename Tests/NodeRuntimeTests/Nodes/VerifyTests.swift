import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// `verify` between running nodes.
struct VerifyTests {
    @Test func `a difference that was planted is found and named`() async throws {
        var two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        var ids: [RecordIdentifier] = []
        for _ in 0..<30 {
            ids.append(try await TwoNodeTests.create(digest, at: two.nodes[0].node, home: "350300"))
        }
        try await two.settle()
        try await two.nodes[1].stop()
        try plant(in: two, ids[7])
        two.nodes[1] = try await two.alliance.start("350300")
        try await two.settle()

        for running in two.nodes {
            let check = try #require(try await running.node.verify(with: nil).first)
            #expect(check.equal == false)
            #expect(check.differing.map(\.record) == [ids[7]])
            #expect(check.differing.map(\.reason) == ["differs"])
            #expect(check.records == 30)
        }
        try await two.stop()
    }

    @Test func `many checks at once are all answered`() async throws {
        let two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        _ = try await TwoNodeTests.create(digest, at: two.nodes[0].node, home: "350300")
        try await two.settle()
        let node = two.nodes[0].node
        let answers = try await withThrowingTaskGroup(of: [Verification].self) { group in
            for _ in 0..<6 { group.addTask { try await node.verify(with: nil) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(answers.map(\.equal) == Array(repeating: true, count: 6))
        try await two.stop()
    }

    @Test func `a peer that is away is said to be unreachable, not equal`() async throws {
        let alliance = try TestAlliance(["350100", "350300"])
        defer { alliance.remove() }
        let running = try await alliance.start("350100")
        let check = try #require(try await running.node.verify(with: nil).first)
        #expect(check.equal == nil)
        #expect(check.problem == "unreachable")
        try await running.stop()
    }

    @Test
    func `a difference is found without anybody asking, said while it stands, and gone after`()
        async throws
    {
        var often = ComparisonSettings()
        often.stepMilliseconds = 20
        often.afterNewsMilliseconds = 0
        often.everyMilliseconds = 50
        often.againMilliseconds = 50
        often.restMilliseconds = 0
        often.standsMilliseconds = 1
        var two = try await ManyNodes(["350100", "350300"], comparison: often)
        let digest = try await two.agree()
        let id = try await TwoNodeTests.create(digest, at: two.nodes[0].node, home: "350300")
        try await two.settle()
        func findings(_ node: Node) async -> [StatusDocument.Finding] {
            await node.observe().findings.filter { $0.code == "records_differ" }
        }
        try await two.nodes[0].eventually("compared, and equal") {
            await $0.observe().links.first.map { $0.comparison.equal > 0 } ?? false
        }
        #expect(await findings(two.nodes[0].node) == [])

        try await two.nodes[1].stop()
        try plant(in: two, id, "林大明")
        two.nodes[1] = try await two.alliance.start("350300", comparison: often)
        for running in two.nodes {
            try await running.eventually("the difference is said") { node in
                await findings(node).first?.text.contains(id.description) ?? false
            }
        }

        try await two.nodes[1].stop()
        try plant(in: two, id, "林小明")
        two.nodes[1] = try await two.alliance.start("350300", comparison: often)
        try await two.nodes[0].eventually("it is said no more") { await findings($0).isEmpty }
        try await two.stop()
    }

    /// Alters what the node made of a record, behind its back.
    private func plant(
        in two: ManyNodes,
        _ id: RecordIdentifier,
        _ applicant: Text = "林大明"
    ) throws {
        let folder = try DataFolder(two.alliance.dataFolder("350300"))
        defer { folder.unlock() }
        let store = try SQLiteStore(
            folder,
            StoreSettings(
                hash: SHA256.function,
                random: { SecureRandom.bytes($0) },
                terms: { _, _ in nil }
            )
        )
        let stored = try #require(try store.record(id))
        var agreement = AgreementState(
            roster: two.alliance.roster,
            rosterDigest: SHA256.hash([])
        )
        for (proposal, timestamp) in try store.proposals() {
            agreement.insert(proposal, at: timestamp)
        }
        var state = try RecordFolding(reader: store, agreement: agreement).state(of: stored).state
        let index = try #require(state.fields.firstIndex { $0.name == "applicant" })
        state.fields[index].standing[0].value = ValueCoding.encode(.single(.text(applicant)))
        try store.begin()
        try store.updateRecord(stored.row, state, appliedAt: stored.position)
        try store.commit()
    }
}
