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
}
