import AllianceModel
import NodeStore
import ReplicationCore
import Testing

/// What is kept beside the log must follow from it: SQLite's own check sees none of this.
struct LedgerVerificationTests {
    private let alliance: LedgerAlliance
    private var fuzhou: LedgerCity { alliance.fuzhou }

    init() throws { alliance = try LedgerAlliance() }

    @Test func `what follows from the log is in order`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        _ = try fuzhou.change(id, [.set("open", "x")]).get()
        try alliance.exchange()
        for city in alliance.cities { #expect(try city.ledger.verify() == []) }
    }

    @Test func `an approval that nobody gave is found`() throws {
        let approval = Approval(
            proposal: alliance.definition,
            member: fuzhou.member,
            key: alliance.definition,
            signature: Bytes(repeating: 1, count: 64)
        )
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.store.insertApproval(approval, at: .zero)
        }
        #expect(try fuzhou.ledger.verify() == ["the approvals are not those of the log"])
    }

    @Test func `an incarnation that nobody called gone is found`() throws {
        let writer = Writer(member: fuzhou.member, incarnation: Incarnation(rawValue: 5))
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.store.insertGone(writer, at: .zero)
        }
        #expect(try fuzhou.ledger.verify() == ["who is gone is not as the log says"])
    }

    @Test func `a state that its writes do not make is found`() throws {
        let (id, _) = try alliance.accept()
        _ = try fuzhou.change(id, [.set("open", "x")]).get()
        let stored = try #require(try fuzhou.ledger.store.record(id))
        var state = try #require(try fuzhou.view(id)).state
        state.isDeleted = true
        let changed = state
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.store.updateRecord(stored.row, changed, appliedAt: stored.position)
        }
        let row = stored.row.rawValue
        #expect(
            try fuzhou.ledger.verify() == ["record row \(row) is not what its writes make"]
        )
    }
}
