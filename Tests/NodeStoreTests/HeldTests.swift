import AllianceModel
import NodeStore
import ReplicationCore
import Testing

@Suite struct HeldTests {
    private let store: SQLiteStore
    private let fixture: StoreFixture
    private let held: [HeldEntry]

    /// Six held entries: on records 1, 1, 2; on a definition; ahead of the clock; malformed.
    init() throws {
        fixture = try StoreFixture()
        store = try fixture.filled(6).store
        held = [
            HeldTests.entry(1, .predecessorMissing, by: fuzhou, time: 50, on: key(1)),
            HeldTests.entry(2, .groundMissing, by: putian, time: 40, on: key(1)),
            HeldTests.entry(3, .clockAhead, by: putian, time: .max, on: key(2), nextTry: 900),
            HeldTests.entry(4, .definitionNotAgreed, by: putian, time: 60, definition: "new"),
            HeldTests.entry(5, .clockAhead, by: fuzhou, time: .max - 1, nextTry: 800),
            HeldTests.entry(6, .malformed, by: fuzhou, time: 70),
        ]
        let (store, held) = (store, held)
        try fixture.commit(store) {
            for entry in held { try store.insertHeld(entry, bytes: Int(entry.position) * 10) }
        }
    }

    private static func entry(
        _ position: LogPosition,
        _ reason: HeldReason,
        by author: MemberCode,
        time: UInt64,
        on key: RecordKey? = nil,
        definition: String? = nil,
        nextTry: Int64? = nil
    ) -> HeldEntry {
        HeldEntry(
            position: position,
            reason: reason,
            detail: "waits for \(reason.rawValue)",
            author: author,
            timestamp: HybridTimestamp(rawValue: time),
            key: key,
            definition: definition.map { digest($0) },
            since: 1_000 + position,
            nextTry: nextTry
        )
    }

    @Test func `what waits is found by what it waits on`() throws {
        #expect(try store.held(on: key(1)) == [held[0], held[1]])
        #expect(try store.held(on: key(3)) == [])
        #expect(try store.held(onDefinition: digest("new")) == [held[3]])
        #expect(try store.held(onDefinition: digest("other")) == [])
    }

    @Test func `what is due comes with the earliest first`() throws {
        #expect(try store.heldDue(at: 799, limit: 10) == [])
        #expect(try store.heldDue(at: 800, limit: 10) == [held[4]])
        #expect(try store.heldDue(at: 5_000, limit: 10) == [held[4], held[2]])
        #expect(try store.heldDue(at: 5_000, limit: 1) == [held[4]])
    }

    @Test func `all of it is listed in pages`() throws {
        #expect(try store.held(after: 0, limit: 4) == Array(held[..<4]))
        #expect(try store.held(after: 4, limit: 4) == Array(held[4...]))
    }

    @Test func `it is counted by author and by reason, the oldest timestamp unsigned`() throws {
        #expect(
            try store.heldSummaries() == [
                fuzhou: HeldSummary(count: 3, oldest: HybridTimestamp(rawValue: 50), bytes: 120),
                putian: HeldSummary(count: 3, oldest: HybridTimestamp(rawValue: 40), bytes: 90),
            ]
        )
        #expect(
            try store.heldCounts() == [
                fuzhou: [.predecessorMissing: 1, .clockAhead: 1, .malformed: 1],
                putian: [.groundMissing: 1, .clockAhead: 1, .definitionNotAgreed: 1],
            ]
        )
        try fixture.commit(store) {
            for position in [1, 6] as [LogPosition] { try store.deleteHeld(position) }
        }
        #expect(try store.heldSummaries()[fuzhou]?.oldest == HybridTimestamp(rawValue: .max - 1))
    }

    @Test func `what rests is counted apart, and is due again at its time`() throws {
        var resting = held[0]
        resting.nextTry = 90_000
        #expect(resting.rests)
        #expect(!held[0].rests)
        #expect(!held[4].rests)
        try fixture.commit(store) { try store.updateHeld(resting) }
        let summary = try #require(try store.heldSummaries()[fuzhou])
        #expect((summary.count, summary.resting, summary.bytes) == (2, 1, 120))
        #expect(try store.heldCounts()[fuzhou] == [.clockAhead: 1, .malformed: 1])
        #expect(try store.heldDue(at: 89_999, limit: 10).contains(resting) == false)
        #expect(try store.heldDue(at: 90_000, limit: 10).contains(resting))
        // The clock was far ahead when it began to rest.
        #expect(
            try store.heldDue(at: 90_000 - HeldEntry.restMilliseconds - 1, limit: 10) == [resting]
        )
    }

    @Test func `asked for is what waits for a write, also what came when the clock was ahead`()
        throws
    {
        let waits: [HeldReason] = [
            .recordUnknown, .predecessorMissing, .groundMissing, .partyUnknown,
            .definitionNotAgreed,
        ]
        let expected = held.filter { waits.contains($0.reason) && $0.nextTry == nil }
        #expect(!expected.isEmpty)
        #expect(try store.heldWaiting(outside: 2_000...3_000, after: 0, limit: 10) == expected)
        #expect(try store.heldWaiting(outside: 0...900, after: 0, limit: 10) == expected)
        #expect(try store.heldWaiting(outside: 0...3_000, after: 0, limit: 10) == [])
        #expect(
            try store.heldWaiting(outside: 0...900, after: expected[0].position, limit: 10)
                == Array(expected.dropFirst())
        )
        #expect(
            try store.heldWaiting(outside: 2_000...3_000, after: 0, limit: 1)
                == Array(expected.prefix(1))
        )
    }

    @Test func `a new reason replaces the old one, and what is released is gone`() throws {
        var changed = held[2]
        changed.reason = .recordUnknown
        changed.detail = "the creation"
        changed.definition = digest("another")
        changed.nextTry = nil
        try fixture.commit(store) {
            try store.updateHeld(changed)
            try store.deleteHeld(1)
        }
        #expect(try store.held(on: key(2)) == [changed])
        #expect(try store.held(onDefinition: digest("another")) == [changed])
        #expect(try store.heldDue(at: .max, limit: 10) == [held[4]])
        #expect(try store.held(on: key(1)) == [held[1]])
    }
}
