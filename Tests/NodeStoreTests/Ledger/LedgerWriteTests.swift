import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// What a city writes itself.
struct LedgerWriteTests {
    @Test func `a creation is split so that a field reaches whom it was granted to`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept([
            .set("applicant", "林小明"), .set("note", "for us"), .set("open", "for all"),
        ])
        try alliance.exchange()
        #expect(try alliance.fuzhou.value("note", of: id) == .text("for us"))
        #expect(try alliance.putian.value("applicant", of: id) == .text("林小明"))
        #expect(try alliance.putian.value("note", of: id) == nil)
        // Nanping is no party: it has the alliance's part alone.
        #expect(try alliance.nanping.value("open", of: id) == .text("for all"))
        #expect(try alliance.nanping.value("applicant", of: id) == nil)
        #expect(try alliance.nanping.held.isEmpty)
    }

    @Test func `the header stands in each of the origin's feeds where it first touches the record`()
        throws
    {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, _) = try alliance.accept()
        _ = try fuzhou.change(id, [.set("memo", "second")]).get()
        _ = try fuzhou.change(id, [.set("open", "later")]).get()
        _ = try fuzhou.change(id, [.set("note", "private")]).get()
        try fuzhou.restart(incarnation: 2)
        _ = try fuzhou.change(id, [.set("memo", "third"), .set("open", "again")]).get()
        _ = try fuzhou.change(id, [.set("memo", "fourth")]).get()

        var headers: [Digest: [Bool]] = [:]
        for tip in fuzhou.ledger.tips where tip.identity.member == fuzhou.member {
            let read = try fuzhou.ledger.store.entries(
                [FeedRange(feed: tip.digest, from: 1)],
                .normal,
                bytesMaximum: 1 << 20
            )
            for item in read.items {
                guard
                    case .changeset(let changeset) = EntryCoding.decode(
                        item.bytes,
                        writer: tip.identity.writer
                    )
                else { continue }
                headers[tip.digest, default: []].append(changeset.header != nil)
            }
        }
        // Alliance, parties and private; of two incarnations.
        #expect(headers.count == 5)
        for seen in headers.values { #expect(seen == [true] + seen.dropFirst().map { _ in false }) }
    }

    @Test func `two counters of one city who read the same conflict, and both values stay`() throws
    {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, token) = try alliance.accept()
        _ = try fuzhou.change(id, [.set("memo", "counter 1")], token: token).get()
        fuzhou.wall += 1
        let second = try fuzhou.change(id, [.set("memo", "counter 2")], token: token).get()
        let field = try #require(second.snapshot.state.field("memo"))
        #expect(field.standing.count == 2)
        #expect(try fuzhou.value("memo", of: id) == .text("counter 2"))

        // Who has seen both settles it, and what was not shown is in the journal.
        _ = try fuzhou.change(id, [.set("memo", "both")], token: second.snapshot.token).get()
        let stored = try #require(try fuzhou.ledger.store.record(id))
        let settled = try #require(try fuzhou.view(id)?.state.field("memo"))
        #expect(settled.standing.count == 1)
        #expect(settled.lost.count == 1)
        let lost = try fuzhou.ledger.history(of: stored).flatMap(\.changeset.writes)
            .filter { $0.field == "memo" && settled.lost.contains($0.dot) }
        #expect(lost.map { ValueCoding.decodeSingle($0.value) } == [.text("counter 1")])

        try alliance.exchange()
        #expect(try alliance.putian.view(id)?.state.field("memo") == settled)
    }

    @Test func `without a token what the node has now was seen`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept()
        for text in ["1", "2", "3"] {
            _ = try alliance.fuzhou.change(id, [.set("memo", Text(text))]).get()
        }
        #expect(try alliance.fuzhou.view(id)?.state.field("memo")?.standing.count == 1)
    }

    @Test func `an old token holds after restarts, through every position it named`() throws {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, first) = try alliance.accept()
        let second = try fuzhou.change(id, [.set("memo", "a")]).get().snapshot.token
        try fuzhou.restart(incarnation: 2)
        let third = try fuzhou.change(id, [.set("memo", "b")], token: second).get()
        #expect(third.snapshot.state.field("memo")?.standing.count == 1)
        let fourth = try fuzhou.change(id, [.set("memo", "c")], token: first).get()
        #expect(fourth.snapshot.state.field("memo")?.standing.count == 2)
    }

    @Test func `a token of another record, another node or nobody is refused`() throws {
        let alliance = try LedgerAlliance()
        let (id, token) = try alliance.accept()
        let (other, otherToken) = try alliance.accept()
        try alliance.exchange()
        let seen = try #require(CausalityToken(text: token))
        let beyond = CausalityToken(incarnation: seen.incarnation, position: seen.position + 50)
        let elsewhere = CausalityToken(
            incarnation: Incarnation(rawValue: 9),
            position: seen.position
        )
        for bad in ["", "*", "nonsense", otherToken, beyond.text, elsewhere.text, token + "A"] {
            let answer = try alliance.fuzhou.change(id, [.set("memo", "x")], token: bad)
            #expect(answer.refusal?.code == .tokenUnknown, "\(bad)")
        }
        let foreign = try alliance.putian.change(other, [.set("memo", "x")], token: otherToken)
        #expect(foreign.refusal?.code == .tokenUnknown)
        #expect(try alliance.fuzhou.view(id)?.state.field("memo") == nil)
    }

    @Test func `a refusal stores nothing and moves no clock`() throws {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, _) = try alliance.accept()
        let position = try fuzhou.ledger.store.lastPosition()
        let clock = fuzhou.ledger.clock
        let answers = [
            try fuzhou.change(id, [.set("unknown", "x")]),
            try fuzhou.change(id, [.set("memo", Text(String(repeating: "x", count: 101)))]),
            try fuzhou.change(id, stage: "decided"),
            try fuzhou.change(id, holder: member("350700")),
            try fuzhou.create([.set("memo", "x")], under: alliance.definition),
            try fuzhou.create(
                [.set("applicant", "x")],
                home: "350128",
                under: alliance.definition
            ),
            try fuzhou.create([.set("applicant", "x")], under: SHA256.hash([1])),
            try fuzhou.create(
                [.set("applicant", "x")],
                under: alliance.definition,
                uuid: UUIDBytes(high: 1, low: 1)
            ),
        ]
        #expect(
            answers.map { $0.refusal?.code } == [
                .fieldUnknown, .fieldInvalid, .transitionRefused, .transitionRefused, .fieldInvalid,
                .memberUnknown, .itemNotEffective, .fieldInvalid,
            ]
        )
        #expect(try fuzhou.ledger.store.lastPosition() == position)
        #expect(fuzhou.ledger.clock == clock)
        #expect(fuzhou.last?.tips.isEmpty == true)
    }

    @Test func `a clock beyond the bound of the wall clock refuses to write`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept()
        alliance.fuzhou.wall -= 120_000
        let late = try alliance.fuzhou.change(id, [.set("memo", "x")])
        #expect(late.refusal?.code == .clockBeyondBound)
        try alliance.fuzhou.restart(incarnation: 2)
        #expect(try alliance.accept2().refusal?.code == .clockBeyondBound)
    }

    @Test func `a handed case is the next holder's and no longer the giver's`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept()
        _ = try alliance.fuzhou.change(id, stage: "checked", holder: alliance.putian.member).get()
        try alliance.exchange()
        #expect(
            try alliance.fuzhou.change(id, [.set("decision", "x")]).refusal?.code == .unauthorised
        )
        _ = try alliance.putian.change(id, [.set("decision", "granted")], stage: "decided").get()
        try alliance.exchange()
        #expect(try alliance.fuzhou.view(id)?.stage == "decided")
        #expect(try alliance.fuzhou.value("decision", of: id) == .text("granted"))
    }
}

extension Result where Failure == Refusal {
    var refusal: Refusal? {
        if case .failure(let refusal) = self { refusal } else { nil }
    }
}

extension LedgerAlliance {
    fileprivate func accept2() throws -> Result<WriteAnswer, Refusal> {
        try fuzhou.create([.set("applicant", "x")], under: definition)
    }
}
