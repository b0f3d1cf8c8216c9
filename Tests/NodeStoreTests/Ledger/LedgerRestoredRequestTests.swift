import AllianceModel
import Foundation
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// A store that was put back does not know what it answered since: a request that is made again before
/// the lost tail is back is a second write, and afterwards it is answered as the first time.
struct LedgerRestoredRequestTests {
    private let alliance: LedgerAlliance
    private var fuzhou: LedgerCity { alliance.fuzhou }
    private var putian: LedgerCity { alliance.putian }
    private let uuid = UUIDBytes(
        version7At: 1_780_000_000_000,
        random: Bytes(repeating: 5, count: 10)
    )

    init() throws { alliance = try LedgerAlliance() }

    private func create(
        _ applicant: Text = "a",
        key: String? = "creation",
        uuid: UUIDBytes? = nil
    ) throws -> Result<WriteAnswer, Refusal> {
        try fuzhou.create(
            [.set("applicant", applicant), .set("open", "1")],
            home: "350300",
            under: alliance.definition,
            uuid: uuid,
            caller: .test(201, key: key)
        )
    }

    /// Everything since the copy is lost here, and Putian has it.
    private func losing(_ body: () throws -> Void) throws {
        let copy = try fuzhou.copied()
        try body()
        try putian.takeAll(from: fuzhou)
        try fuzhou.putBack(copy, incarnation: 77)
    }

    private func regain() throws {
        try fuzhou.takeAll(of: fuzhou.member, from: putian)
    }

    @Test func `what came back is answered, not done again`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        var made: RecordIdentifier?
        let addition = Caller.test(200, key: "addition")
        let change = Caller.test(200, key: "change")
        try losing {
            made = try create().get().snapshot.state.key.identifier
            _ = try fuzhou.change(id, [.add("materials", ["A"])], caller: addition).get()
            _ = try fuzhou.change(id, [.set("memo", "first")], caller: change).get()
        }
        try regain()
        _ = try putian.change(id, [.set("memo", "second")]).get()
        try fuzhou.takeAll(from: putian)
        let position = try fuzhou.ledger.store.lastPosition()
        for _ in 0..<2 {
            let answer = try create().get()
            #expect(answer.status == 201)
            #expect(answer.snapshot.state.key.identifier == made)
            let added = try fuzhou.change(id, [.add("materials", ["A"])], caller: addition).get()
            #expect(added.status == 200)
            let changed = try fuzhou.change(id, [.set("memo", "first")], caller: change).get()
            // The record as it is now, not the value of then.
            #expect(changed.snapshot.state.key.identifier == id)
        }
        #expect(try fuzhou.value("memo", of: id) == .text("second"))
        #expect(try fuzhou.ledger.store.lastPosition() == position)
        // Once answered, the key is this request's like any other.
        let other = Caller.test(201, key: "creation", request: "another")
        let reused = try fuzhou.create(
            [.set("applicant", "b")],
            under: alliance.definition,
            caller: other
        )
        #expect(reused.refusal?.code == .keyReused)
    }

    @Test func `a key that came back of another record or another kind of write is used up`() throws
    {
        let (id, _) = try alliance.accept()
        let (other, _) = try alliance.accept()
        try alliance.exchange()
        var made: RecordIdentifier?
        try losing {
            made = try create().get().snapshot.state.key.identifier
            _ = try fuzhou.change(id, [.set("memo", "x")], caller: .test(200, key: "k")).get()
        }
        try regain()
        let key = Caller.test(200, key: "k")
        #expect(
            try fuzhou.change(other, [.set("memo", "x")], caller: key).refusal?.code == .keyReused
        )
        #expect(try create(key: "k").refusal?.code == .keyReused)
        let first = try #require(made)
        let creation = Caller.test(200, key: "creation")
        #expect(
            try fuzhou.change(first, [.set("memo", "x")], caller: creation).refusal?.code
                == .keyReused
        )
    }

    @Test func `an id that came back answers the same content and refuses another`() throws {
        try alliance.exchange()
        try losing { _ = try create(key: nil, uuid: uuid).get() }
        try regain()
        #expect(try create("b", key: nil, uuid: uuid).refusal?.code == .idTaken)
        let answer = try create(key: nil, uuid: uuid).get()
        #expect(answer.status == 201)
        #expect(answer.snapshot.state.key.identifier.uuid == uuid)
        #expect(answer.snapshot.state.fields.allSatisfy { $0.standing.count == 1 })
    }

    @Test
    func `a retry before the tail is back makes a second record, a duplicate until one is closed`()
        throws
    {
        try alliance.exchange()
        try losing { _ = try create().get() }
        let second = try create().get().snapshot.state.key
        try regain()
        try alliance.exchange()
        for city in alliance.cities {
            try city.project()
            let found = try city.between(.duplicate)
            #expect(found.map(\.records.count) == [2], "\(city.member)")
            #expect(found.first?.conflict.waitsForDecision == true)
            #expect(try city.ledger.store.disputeSummary().waiting == 1)
        }
        #expect(
            try Set(alliance.cities.map { try $0.between(.duplicate).first?.conflict.id }).count
                == 1
        )
        // Home closes one, and nobody lists it any more, whoever follows how far.
        _ = try putian.delete(second.identifier).get()
        try alliance.exchange()
        for city in alliance.cities {
            #expect(try city.between(.duplicate).isEmpty, "\(city.member)")
            try city.project()
            #expect(try city.between(.duplicate).isEmpty)
            #expect(try city.ledger.store.disputeSummary().waiting == 0)
        }
    }

    @Test func `of two records under one id a closed one no longer counts as waiting`() throws {
        try alliance.exchange()
        try losing { _ = try create(uuid: uuid).get() }
        // Another home: another header, and so another record.
        let twin = try fuzhou.create(
            [.set("applicant", "a"), .set("open", "2")],
            home: "350700",
            under: alliance.definition,
            uuid: uuid
        ).get().snapshot.state.key
        try regain()
        try alliance.exchange()
        for city in alliance.cities {
            try city.project()
            #expect(try city.between(.twoCreations).map(\.records.count) == [2])
            #expect(try city.ledger.store.disputeSummary().waiting == 1)
        }
        // Whichever the id alone means: its home closes it.
        let stored = try #require(try fuzhou.ledger.store.record(twin.identifier))
        let home = stored.key == twin ? alliance.nanping : putian
        _ = try home.delete(twin.identifier).get()
        try alliance.exchange()
        for city in alliance.cities {
            #expect(try city.between(.twoCreations).isEmpty, "\(city.member)")
            try city.project()
            #expect(try city.ledger.store.disputeSummary().waiting == 0, "\(city.member)")
        }
    }

    @Test func `records of different requests, or of none, are no duplicates`() throws {
        for key in ["1", "2", nil, nil] { _ = try create(key: key).get() }
        try fuzhou.project()
        #expect(try fuzhou.between(.duplicate).isEmpty)
    }
}
