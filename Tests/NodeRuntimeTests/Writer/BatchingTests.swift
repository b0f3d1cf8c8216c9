import AllianceModel
import NodeStore
import ReplicationCore
import Testing

@testable import NodeRuntime

/// Group commit and waiting readers, on a node without peers.
struct BatchingTests {
    @Test func `many writers share commits, and each is answered after its own`() async throws {
        let two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        try await two.settle()
        let node = two.nodes[0].node
        let before = await node.observe()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    for _ in 0..<5 {
                        let id = try await TwoNodeTests.create(digest, at: node, home: "350300")
                        // Readers see the commit before the answer.
                        #expect(try await node.record(id) != nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        let after = await node.observe()
        func growth(_ count: KeyPath<NodeObservation, UInt64?>) throws -> UInt64 {
            try #require(after[keyPath: count]) - #require(before[keyPath: count])
        }
        #expect(try growth(\.writes) == 320)
        #expect(try growth(\.commits) < 320 / 2)
        try await two.stop()
    }

    @Test func `who waits for changes is woken by the next one, and gets each once`() async throws {
        let two = try await ManyNodes(["350100", "350300"])
        let digest = try await two.agree()
        try await two.settle()
        let (fuzhou, putian) = (two.nodes[0].node, two.nodes[1].node)
        let start = try #require(await putian.observe().lastPosition)
        let waiting = Task {
            var cursor = start
            var seen: [RecordIdentifier] = []
            while seen.count < 6 {
                let page = try await putian.changes(
                    after: cursor,
                    limit: 2,
                    waitMilliseconds: 30_000
                )
                seen += page.changes.map(\.record)
                cursor = page.next
            }
            return seen
        }
        var made: [RecordIdentifier] = []
        for _ in 0..<6 {
            made.append(try await TwoNodeTests.create(digest, at: fuzhou, home: "350300"))
        }
        let clock = ContinuousClock.now
        // All fields of this item are for parties: one changeset a record.
        #expect(Set(try await waiting.value) == Set(made))
        #expect(ContinuousClock.now - clock < .seconds(120))
        try await two.stop()
    }
}
