import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire
import SecureTransport
import Testing

/// What cannot be applied when it comes is held alone, and applied when what it waits for is there.
struct LedgerHeldTests {
    /// The feeds of a city that another lacks, those for parties apart from those for all.
    private func feeds(
        _ other: LedgerCity,
        for city: LedgerCity
    )
        -> (parties: [FeedTip], alliance: [FeedTip])
    {
        let awaited = city.awaited(from: other)
        return (
            awaited.filter { $0.identity.audience != .alliance },
            awaited.filter { $0.identity.audience == .alliance }
        )
    }

    @Test func `a change of a record that is not here waits for its creation`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept([.set("applicant", "a"), .set("open", "all")])
        try alliance.putian.takeAll(from: alliance.fuzhou)
        _ = try alliance.putian.change(id, [.set("open", "from Putian")]).get()
        let nanping = alliance.nanping
        try nanping.takeAll(from: alliance.putian)
        #expect(try nanping.held.map(\.reason) == [.recordUnknown])
        #expect(nanping.last?.held[alliance.putian.member]?.count == 1)
        #expect(try nanping.view(id) == nil)

        try nanping.takeAll(from: alliance.fuzhou)
        #expect(try nanping.held.isEmpty)
        #expect(nanping.last?.held[alliance.putian.member] == HeldSummary.none)
        #expect(try nanping.value("open", of: id) == .text("from Putian"))
        // Readers of changes see each once, where it took effect.
        let changes = try nanping.ledger.store.applied(after: 0, limit: 100)
        #expect(changes.count == 2)
        #expect(changes.map(\.applied) == changes.map(\.applied).sorted())
        #expect(try changes.last?.applied == nanping.ledger.store.record(id)?.position)
    }

    @Test func `what an author has waiting is counted in entries and bytes`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        _ = try alliance.fuzhou.change(id, [.set("open", "1")]).get()
        try alliance.putian.takeAll(from: alliance.fuzhou)
        for _ in 0..<2 { _ = try alliance.putian.change(id, [.set("open", "2")]).get() }
        let nanping = alliance.nanping
        try nanping.takeAll(from: alliance.putian)
        let bytes = try nanping.held.map { held in
            try #require(try nanping.ledger.store.entry(at: held.position)).bytes.count
        }
        let summary = try #require(nanping.last?.held[alliance.putian.member])
        #expect(summary.count == 2)
        #expect(summary.bytes == UInt64(bytes.reduce(0, +)))
        try nanping.restart(incarnation: 9)
        #expect(nanping.ledger.held == [alliance.putian.member: summary])
    }

    @Test func `a write waits for the one it had seen, and a turn's for the turn`() throws {
        let alliance = try LedgerAlliance()
        let (fuzhou, putian) = (alliance.fuzhou, alliance.putian)
        let answer = try fuzhou.create(
            [.set("applicant", "a"), .set("open", "0")],
            home: "350300",
            parties: ["350700"],
            under: alliance.definition
        ).get()
        let id = answer.snapshot.state.key.identifier
        try alliance.exchange()
        _ = try fuzhou.change(
            id,
            [.set("memo", "1")],
            stage: "checked",
            holder: putian.member
        ).get()
        try putian.takeAll(from: fuzhou)
        _ = try putian.change(id, [.set("memo", "2")]).get()
        _ = try putian.change(id, [.set("decision", "granted")]).get()

        let nanping = alliance.nanping
        try nanping.takeAll(from: putian)
        #expect(try nanping.held.map(\.reason) == [.predecessorMissing, .groundMissing])
        #expect(try nanping.value("memo", of: id) == nil)
        try nanping.takeAll(from: fuzhou)
        #expect(try nanping.held.isEmpty)
        #expect(try nanping.value("memo", of: id) == .text("2"))
        #expect(try nanping.value("decision", of: id) == .text("granted"))
        try alliance.exchange()
        #expect(try nanping.buckets(with: fuzhou) == fuzhou.buckets(with: nanping))
    }

    @Test(arguments: [3, 700])
    func `records wait for their definition, then for its agreement, however many`(
        count: Int
    )
        throws
    {
        let cities = try ["350100", "350300", "350700"].map { try LedgerCity($0) }
        let (fuzhou, putian, nanping) = (cities[0], cities[1], cities[2])
        let vote = try fuzhou.propose(LedgerItem.definition()).get()
        for city in [putian, nanping] {
            try city.takeAll(from: fuzhou)
            _ = try city.approve(vote.proposal).get()
        }
        for city in [putian, nanping] { try fuzhou.takeAll(from: city) }
        try putian.takeAll(from: nanping)
        let definition = try #require(
            putian.ledger.agreement.proposal(vote.proposal)?.definitionDigest
        )
        // A fourth ledger, Nanping's beginning again: it gets Putian's records first.
        let late = try LedgerCity("350700", incarnation: 4)
        for _ in 0..<count {
            _ = try putian.create([.set("applicant", "a"), .set("open", "b")], under: definition)
                .get()
        }
        try late.takeAll(from: putian)
        #expect(try late.held.allSatisfy { $0.reason == .definitionUnknown })
        #expect(late.ledger.held[putian.member]?.count == UInt64(count))
        #expect(!late.ledger.hasBacklog)

        try late.takeAll(from: fuzhou)
        try drain(late)
        #expect(try late.held.allSatisfy { $0.reason == .definitionNotAgreed })
        #expect(late.ledger.held[putian.member]?.count == UInt64(count))

        // A kill in the middle of the release must not strand the rest.
        try late.takeAll(from: nanping)
        try late.restart(incarnation: 5)
        try drain(late)
        #expect(try late.held.isEmpty)
        #expect(try late.buckets(with: putian) == putian.buckets(with: late))
        #expect(try late.buckets(with: putian).records == count)
    }

    /// Goes on with the look through what is held, as a writer does, until it is done.
    private func drain(_ city: LedgerCity) throws {
        for _ in 0..<100 where city.ledger.hasBacklog { try city.releaseDue(limit: 250) }
        #expect(!city.ledger.hasBacklog)
    }

    @Test
    func `what is ahead of the clock waits for its time, and pulls the clock by half the bound`()
        throws
    {
        let alliance = try LedgerAlliance()
        // Nanping is no party: the creation is one changeset to it.
        let (fuzhou, nanping) = (alliance.fuzhou, alliance.nanping)
        fuzhou.wall += 90_000
        let (id, _) = try alliance.accept([.set("applicant", "a"), .set("open", "1")])
        fuzhou.wall += 40_000
        _ = try fuzhou.change(id, [.set("open", "x")]).get()
        try nanping.takeAll(from: fuzhou)
        #expect(try nanping.held.map(\.reason) == [.clockAhead, .clockAhead])
        #expect(nanping.ledger.clock.latest.milliseconds <= nanping.wall + 30_000)
        try nanping.releaseDue()
        #expect(try nanping.view(id) == nil)

        nanping.wall += 30_000
        try nanping.releaseDue()
        #expect(try nanping.held.count == 1)
        let token = try #require(try nanping.ledger.store.record(id)).position
        // It took effect when it was released, which is after all that was stored.
        #expect(try nanping.held.allSatisfy { $0.position < token })
        // The clock steps back: what would have been due must not wait for ever.
        nanping.wall -= 30_000
        try nanping.releaseDue()
        nanping.wall += 70_000
        try nanping.releaseDue()
        #expect(try nanping.held.isEmpty)
        #expect(try nanping.value("open", of: id) == .text("x"))
        // A creation that was held has its release's position, and its old tokens hold.
        let old = CausalityToken(incarnation: Incarnation(rawValue: 350_700), position: token)
        let answer = try nanping.change(id, [.set("open", "y")], token: old.text).get()
        #expect(answer.snapshot.state.field("open")?.standing.count == 2)
    }

    @Test func `an approval whose key is not known yet counts when the certificate comes`() throws {
        let cities = try ["350100", "350300", "350700"].map { try LedgerCity($0) }
        let vote = try cities[0].propose(LedgerItem.definition()).get()
        for city in cities.dropFirst() {
            try city.takeAll(from: cities[0])
            _ = try city.approve(vote.proposal).get()
        }
        let fuzhou = cities[0]
        fuzhou.keys.refuse(cities[1].member)
        for city in cities.dropFirst() { try fuzhou.takeAll(from: city) }
        #expect(try fuzhou.held.map(\.reason) == [.malformed])
        #expect(!fuzhou.ledger.agreement.isAgreed(proposal: vote.proposal))

        fuzhou.keys.allow(cities[1].member)
        let certificate = KeyCertificate(
            digest: SHA256.hash([1]),
            member: cities[1].member,
            der: [1]
        )
        try fuzhou.commit { ledger throws(StoreError) in try ledger.keep(certificate) }
        try drain(fuzhou)
        #expect(fuzhou.ledger.agreement.isAgreed(proposal: vote.proposal))
        #expect(try fuzhou.held.isEmpty)
        try fuzhou.restart(incarnation: 2)
        #expect(fuzhou.ledger.agreement.isAgreed(proposal: vote.proposal))
    }

    @Test(
        arguments: [
            (EntryContent.malformed(reason: "bytes"), HeldReason.malformed),
            (.unknown(kind: 77, timestamp: .zero), .featureUnknown),
        ]
    )
    func `what is not understood is kept and held, and the feed flows on`(
        content: EntryContent,
        reason: HeldReason
    ) throws {
        let alliance = try LedgerAlliance()
        let (first, _) = try alliance.accept()
        let (second, _) = try alliance.accept()
        let putian = alliance.putian
        let tip = try #require(feeds(alliance.fuzhou, for: putian).parties.first)
        try putian.take([(tip, 1)], from: alliance.fuzhou, altering: { _ in content })
        try putian.takeAll(from: alliance.fuzhou)
        #expect(try putian.held.map(\.reason) == [reason])
        #expect(try putian.value("applicant", of: first) == nil)
        #expect(try putian.value("applicant", of: second) == .text("林小明"))
        // The bytes are kept: a version that understands them takes them up at its start.
        try putian.restart(incarnation: 2)
        try drain(putian)
        #expect(try putian.held.isEmpty)
        #expect(try putian.value("applicant", of: first) == .text("林小明"))
    }

    @Test func `an approval that its member did not sign is held and counts for nothing`() throws {
        let alliance = try LedgerAlliance()
        let (fuzhou, putian) = (alliance.fuzhou, alliance.putian)
        putian.keys.refuse(alliance.nanping.member)
        let approval = Approval(
            proposal: SHA256.hash([9]),
            member: alliance.nanping.member,
            key: SHA256.hash([1]),
            signature: Bytes(repeating: 1, count: 64)
        )
        _ = try fuzhou.propose(LedgerItem.definition("Second").numbered(2)).get()
        let tip = try #require(putian.awaited(from: fuzhou).first)
        try putian.take([(tip, 1)], from: fuzhou) { content in
            .statement(.approval(approval), timestamp: content.timestampForTest)
        }
        #expect(try putian.held.map(\.reason) == [.malformed])
        #expect(!putian.ledger.agreement.hasApproved(approval.member, proposal: approval.proposal))
    }

    @Test func `a member's signed approval counts once, whoever's feed it stands in`() throws {
        let alliance = try LedgerAlliance()
        let (fuzhou, putian) = (alliance.fuzhou, alliance.putian)
        let vote = try fuzhou.propose(LedgerItem.definition("Second").numbered(2)).get()
        let approval = Approval(
            proposal: vote.proposal,
            member: alliance.nanping.member,
            key: SHA256.hash([1]),
            signature: Bytes(repeating: 1, count: 64)
        )
        let tip = try #require(putian.awaited(from: fuzhou).first)
        try putian.take([(tip, 1)], from: fuzhou) { content in
            .statement(.approval(approval), timestamp: content.timestampForTest)
        }
        #expect(try putian.held.isEmpty)
        #expect(putian.ledger.agreement.hasApproved(approval.member, proposal: vote.proposal))
    }
}

extension EntryContent {
    fileprivate var timestampForTest: HybridTimestamp {
        if case .statement(_, let timestamp) = self { timestamp } else { .zero }
    }
}

extension ItemDefinition {
    fileprivate func numbered(_ version: Int) -> ItemDefinition {
        ItemDefinition(
            item: item,
            version: version,
            name: name,
            workflow: workflow,
            fields: fields
        )
    }
}
