import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// Idempotency keys and ids that clients give.
struct LedgerRequestTests {
    private static let uuid = UUIDBytes(
        version7At: 1_780_000_000_000,
        random: Bytes(repeating: 3, count: 10)
    )

    @Test func `a key answers with the first status and the record as it is now, for ever`() throws
    {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let caller = Caller.test(201, key: "key 1")
        let first = try fuzhou.create(
            [.set("applicant", "a")],
            under: alliance.definition,
            caller: caller
        ).get()
        let id = first.snapshot.state.key.identifier
        _ = try fuzhou.change(id, [.set("memo", "later")]).get()
        try fuzhou.restart(incarnation: 2)
        let position = try fuzhou.ledger.store.lastPosition()
        let again = try fuzhou.create(
            [.set("applicant", "a")],
            under: alliance.definition,
            caller: caller
        ).get()
        #expect(again.status == 201)
        #expect(again.snapshot.state.key.identifier == id)
        #expect(again.snapshot.state.field("memo") != nil)
        #expect(try fuzhou.ledger.store.lastPosition() == position)
        // The token that a replay gives is good.
        _ = try fuzhou.change(id, [.set("memo", "x")], token: again.snapshot.token).get()
    }

    @Test func `a key of another request is refused, whatever kind of write it was`() throws {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, _) = try alliance.accept()
        _ = try fuzhou.change(id, [.set("memo", "1")], caller: .test(200, key: "k")).get()
        let other = Caller.test(200, key: "k", request: "another")
        let definition = LedgerItem.definition("Second")
        let proposal = SHA256.hash([1])
        #expect(try fuzhou.change(id, [], caller: other).refusal?.code == .keyReused)
        #expect(
            try fuzhou.create(
                [.set("applicant", "a")],
                under: alliance.definition,
                caller: other
            ).refusal?.code == .keyReused
        )
        #expect(try fuzhou.propose(definition, other).refusal?.code == .keyReused)
        #expect(try fuzhou.approve(proposal, other).refusal?.code == .keyReused)
    }

    @Test func `a change under one key is made once`() throws {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, token) = try alliance.accept()
        let caller = Caller.test(200, key: "k")
        for _ in 0..<3 {
            // The old token would make a second write a conflict.
            _ = try fuzhou.change(id, [.set("memo", "once")], token: token, caller: caller).get()
        }
        let field = try #require(try fuzhou.view(id)?.state.field("memo"))
        #expect(field.standing.map(\.dot.number) == [1])
        #expect(try fuzhou.ledger.store.audit(before: nil, limit: 10).count == 3)
    }

    @Test func `votes use their keys up, also those that found nothing to do`() throws {
        let city = try LedgerCity("350100")
        let definition = LedgerItem.definition()
        let vote = try city.propose(definition, .test(201, key: "p")).get()
        let again = try city.propose(definition, .test(299, key: "p")).get()
        #expect(again == vote)
        // Nothing to do: it is proposed and approved already.
        #expect(try city.propose(definition, .test(200, key: "q")).get().proposal == vote.proposal)
        #expect(try city.approve(vote.proposal, .test(200, key: "r")).get().status == 200)
        let other = LedgerItem.definition("Other")
        for key in ["p", "q", "r"] {
            let reused = try city.propose(other, .test(201, key: key, request: "another"))
            #expect(reused.refusal?.code == .keyReused, "\(key)")
        }
        #expect(city.ledger.tips.map(\.size) == [1])
    }

    @Test func `an id that is known answers the same request and refuses another`() throws {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        func create(_ caller: Caller) throws -> Result<WriteAnswer, Refusal> {
            try fuzhou.create(
                [.set("applicant", "a")],
                under: alliance.definition,
                uuid: Self.uuid,
                caller: caller
            )
        }
        let first = try create(.test(201)).get()
        let second = try create(.test(201, key: "late")).get()
        #expect(second.snapshot == first.snapshot)
        #expect(try create(.test(201, request: "another")).refusal?.code == .idTaken)
        // The second answer used its key up.
        let reused = try create(.test(201, key: "late", request: "another"))
        #expect(reused.refusal?.code == .keyReused)
        try fuzhou.restart(incarnation: 2)
        #expect(try create(.test(201)).get().snapshot == first.snapshot)
        #expect(try create(.test(201, request: "another")).refusal?.code == .idTaken)
    }

    @Test func `a refused request leaves its key unused`() throws {
        let alliance = try LedgerAlliance()
        let fuzhou = alliance.fuzhou
        let (id, _) = try alliance.accept()
        let refused = try fuzhou.change(id, [.set("x", "y")], caller: .test(200, key: "k"))
        #expect(refused.refusal?.code == .fieldUnknown)
        _ = try fuzhou.change(
            id,
            [.set("memo", "y")],
            caller: .test(200, key: "k", request: "corrected")
        ).get()
    }

    @Test func `the audit tells who did what, in the commit of the change`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept()
        let row = try #require(
            try alliance.fuzhou.ledger.store.audit(before: nil, limit: 1).first
        )
        #expect(row.subject == id.description)
        #expect(row.actor == "test")
        #expect(row.result == 201)
    }
}
