import AllianceModel
import NodeStore
import ReplicationCore
import Testing

/// What members say of incarnations: gone, and ahead of the time.
struct LedgerFactsTests {
    private let alliance: LedgerAlliance
    private var fuzhou: LedgerCity { alliance.fuzhou }
    private var putian: LedgerCity { alliance.putian }
    private var nanping: LedgerCity { alliance.nanping }

    init() throws { alliance = try LedgerAlliance() }

    @Test func `nobody waits for an incarnation that is gone`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        // Fuzhou's disk is lost after Putian had its change and before Nanping did.
        _ = try fuzhou.change(id, [.set("open", "lost")]).get()
        try putian.takeAll(from: fuzhou)
        _ = try putian.change(id, [.set("open", "after it")]).get()
        try nanping.takeAll(from: putian)
        #expect(try nanping.held.map(\.reason) == [.predecessorMissing])

        try fuzhou.restart(incarnation: 77)
        let wall = fuzhou.wall
        try fuzhou.commit { ledger throws(StoreError) in
            #expect(
                try ledger.declareGone(Incarnation(rawValue: 350_100), wallMilliseconds: wall)
            )
            // Said once is enough.
            #expect(
                try !ledger.declareGone(Incarnation(rawValue: 350_100), wallMilliseconds: wall)
            )
        }
        let statement = try #require(
            fuzhou.ledger.tips.first { $0.identity.writer.incarnation.rawValue == 77 }
        )
        try nanping.take([(statement, 10)], from: fuzhou)
        try nanping.releaseDue()
        #expect(try nanping.held == [])
        #expect(try nanping.value("open", of: id) == .text("after it"))

        // What turns up later still joins: nothing is lost by it.
        try alliance.exchange()
        #expect(try nanping.buckets(with: putian) == putian.buckets(with: nanping))
        #expect(try nanping.value("open", of: id) == putian.value("open", of: id))
        // And it holds through a restart.
        try nanping.restart(incarnation: 78)
        #expect(
            nanping.ledger.facts.gone
                == [Writer(member: fuzhou.member, incarnation: Incarnation(rawValue: 350_100))]
        )
    }

    @Test func `an incarnation that ran ahead is demoted, and its member writes again`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        let today = fuzhou.wall
        fuzhou.wall += 400 * 86_400_000
        _ = try fuzhou.change(id, [.set("open", "from next year")]).get()
        try putian.takeAll(from: fuzhou)
        #expect(try putian.held.map(\.reason) == [.clockAhead])

        fuzhou.wall = today + 1_000
        #expect(fuzhou.ledger.isBeyondBound(wallMilliseconds: fuzhou.wall))
        #expect(throws: Refusal.self) {
            try fuzhou.change(id, [.set("open", "today")]).get()
        }
        try fuzhou.restart(incarnation: 88)
        let wall = fuzhou.wall
        try fuzhou.commit { ledger throws(StoreError) in
            #expect(try ledger.declareCeilings(wallMilliseconds: wall))
        }
        _ = try fuzhou.change(id, [.set("open", "today")]).get()
        putian.wall = fuzhou.wall
        nanping.wall = fuzhou.wall
        try alliance.exchange()
        try putian.releaseDue()
        try nanping.releaseDue()
        #expect(try putian.held == [])
        #expect(try putian.value("open", of: id) == .text("today"))
        // What came afterwards counts as later than all that ran ahead.
        _ = try putian.change(id, [.set("open", "tomorrow")]).get()
        try alliance.exchange()
        #expect(try fuzhou.value("open", of: id) == .text("tomorrow"))
        #expect(try fuzhou.buckets(with: putian) == putian.buckets(with: fuzhou))
    }

    @Test func `a running node whose clock was set back goes on under another incarnation`() throws
    {
        let (id, _) = try alliance.accept()
        let today = fuzhou.wall
        fuzhou.wall += 86_400_000
        let token = try fuzhou.change(id, [.set("memo", "ahead")]).get().snapshot.token
        fuzhou.wall = today
        #expect(fuzhou.ledger.hasPresentRunAhead(wallMilliseconds: today))
        try fuzhou.renew(incarnation: 99)
        #expect(!fuzhou.ledger.hasPresentRunAhead(wallMilliseconds: today))
        try fuzhou.commit { ledger throws(StoreError) in
            #expect(try ledger.declareCeilings(wallMilliseconds: today))
        }
        // A token of the former incarnation still says what was seen.
        _ = try fuzhou.change(id, [.set("memo", "now")], token: token).get()
        #expect(try fuzhou.value("memo", of: id) == .text("now"))
        #expect(try fuzhou.view(id)?.state.field("memo")?.standing.count == 1)
    }

    /// Fuzhou, a day ahead, has written a record beside Putian's later value, and says so.
    private func demote(_ records: Int) throws -> [RecordIdentifier] {
        var ids: [RecordIdentifier] = []
        for _ in 0..<records { ids.append(try alliance.accept().id) }
        try alliance.exchange()
        putian.wall += 10_000
        for id in ids { _ = try putian.change(id, [.set("open", "Putian's")]).get() }
        let today = fuzhou.wall
        fuzhou.wall += 86_400_000
        for id in ids { _ = try fuzhou.change(id, [.set("open", "ahead")]).get() }
        fuzhou.wall = today + 1_000
        try fuzhou.takeAll(from: putian)
        return ids
    }

    private func declare() throws {
        let wall = fuzhou.wall
        try fuzhou.commit { ledger throws(StoreError) in
            #expect(try ledger.declareCeilings(wallMilliseconds: wall))
        }
    }

    private func token(of id: RecordIdentifier) throws -> (position: LogPosition, text: String) {
        let stored = try #require(try fuzhou.ledger.store.record(id))
        let span = try #require(
            try fuzhou.ledger.store.incarnations().last { $0.first <= stored.position }
        )
        let token = CausalityToken(incarnation: span.incarnation, position: stored.position)
        return (stored.position, token.text)
    }

    @Test func `what only a statement changed has another token, is told, and is listed anew`()
        throws
    {
        let id = try #require(try demote(1).first)
        #expect(try fuzhou.value("open", of: id) == .text("ahead"))
        let before = try token(of: id)
        try fuzhou.restart(incarnation: 88)
        try fuzhou.project()
        try declare()
        #expect(try fuzhou.value("open", of: id) == .text("Putian's"))
        let after = try token(of: id)
        #expect(after.position > before.position)
        let row = try #require(try fuzhou.ledger.store.record(id)).row
        let changes = try fuzhou.ledger.store.applied(after: before.position, limit: 10)
        #expect(changes.map(\.applied) == [after.position])
        #expect(changes.map(\.content) == [.judgedAgain(row)])
        #expect(try fuzhou.ledger.store.projectIndexes(limit: 10) == false)
        // It is no write: the record's history is as it was.
        let last = try fuzhou.ledger.store.history(row, upTo: .max).last
        #expect(last?.applied == before.position)
        #expect(try fuzhou.ledger.store.verify() == [])
        // Both say what was seen.
        for token in [before, after] {
            _ = try fuzhou.change(id, [.set("memo", "x")], token: token.text).get()
        }
        // Between them stands the statement, which was no change of it.
        let between = CausalityToken(
            incarnation: Incarnation(rawValue: 88),
            position: after.position - 1
        )
        #expect(
            try fuzhou.change(id, [.set("memo", "x")], token: between.text).refusal?.code
                == .tokenUnknown
        )
    }

    @Test func `what shows nothing else keeps its token`() throws {
        let (id, _) = try alliance.accept()
        _ = try fuzhou.change(id, [.set("open", "x")]).get()
        let earlier = fuzhou.ledger.settings.incarnation
        try fuzhou.restart(incarnation: 88)
        let before = try token(of: id)
        let wall = fuzhou.wall
        let isSaid = try fuzhou.commit { ledger throws(StoreError) in
            try ledger.declareGone(earlier, wallMilliseconds: wall)
        }
        #expect(isSaid)
        // Nothing of it was replaced: there is nothing to show in the journal.
        #expect(try token(of: id) == before)
    }

    @Test func `records of a long feed are judged piece by piece, also after a kill`() throws {
        let ids = try demote(270)
        try fuzhou.restart(incarnation: 88)
        try declare()
        func open() throws -> [FieldValue?] { try ids.map { try fuzhou.value("open", of: $0) } }
        #expect(fuzhou.ledger.hasBacklog)
        let first = try open()
        #expect(first.contains(.text("ahead")))
        // What is written to is judged before.
        let waiting = try #require(zip(ids, first).first { $0.1 == .text("ahead") }?.0)
        _ = try fuzhou.change(waiting, [.set("memo", "x")]).get()
        #expect(try fuzhou.value("open", of: waiting) == .text("Putian's"))

        try fuzhou.restart(incarnation: 89)
        #expect(fuzhou.ledger.hasBacklog)
        for _ in 0..<20 where fuzhou.ledger.hasBacklog { try fuzhou.releaseDue(limit: 100) }
        #expect(!fuzhou.ledger.hasBacklog)
        #expect(try open().allSatisfy { $0 == .text("Putian's") })
        try fuzhou.restart(incarnation: 90)
        #expect(!fuzhou.ledger.hasBacklog)
    }
}
