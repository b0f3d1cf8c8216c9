import AllianceModel
import Foundation
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

    @Test func `a ceiling that nobody said is found`() throws {
        let writer = Writer(member: fuzhou.member, incarnation: Incarnation(rawValue: 5))
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.store.insertCeiling(writer, HybridTimestamp(rawValue: 9))
        }
        #expect(try fuzhou.ledger.verify() == ["the ceilings are not those of the log"])
    }

    @Test func `a fork that nobody proved is found`() throws {
        let feed = try #require(fuzhou.ledger.tips.first)
        let fork = Fork(feed: feed.digest, member: feed.identity.member, sequence: 1)
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.store.insertFork(fork, proof: [])
        }
        #expect(try fuzhou.ledger.verify() == ["the forks are not those of the log"])
    }

    @Test func `a head that its member did not sign is found`() throws {
        _ = try alliance.accept()
        try alliance.exchange()
        let putian = alliance.putian
        #expect(try putian.ledger.verify() == [])
        putian.keys.refuse(fuzhou.member)
        let findings = try putian.ledger.verify()
        #expect(!findings.isEmpty)
        #expect(findings.allSatisfy { $0.hasSuffix("is not signed") })
    }

    @Test func `no backup is made of a store in which something does not follow`() throws {
        _ = try alliance.accept()
        try alliance.exchange()
        _ = try fuzhou.copied()
        let writer = Writer(member: fuzhou.member, incarnation: Incarnation(rawValue: 5))
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.store.insertGone(writer, at: .zero)
        }
        let path = "\(fuzhou.folder.path)/second.sqlite"
        let error = #expect(throws: StoreError.self) { try fuzhou.copied(to: "second.sqlite") }
        guard case .damaged(_, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason == "who is gone is not as the log says")
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
