import AllianceModel
import NodeStore
import ReplicationCore
import Testing

/// What reaches parties who were added, and members for whom nothing was written.
struct LedgerCarryTests {
    private let alliance: LedgerAlliance
    private var fuzhou: LedgerCity { alliance.fuzhou }
    private var putian: LedgerCity { alliance.putian }
    private var nanping: LedgerCity { alliance.nanping }

    init() throws { alliance = try LedgerAlliance() }

    private func addNanping(at city: LedgerCity, to id: RecordIdentifier) throws {
        let parties = FieldRequest(
            name: SystemField.parties,
            change: .elements(add: [.member(nanping.member)], remove: [])
        )
        _ = try city.change(id, [parties]).get()
    }

    private func withdrawNanping(at city: LedgerCity, from id: RecordIdentifier) throws {
        let parties = FieldRequest(
            name: SystemField.parties,
            change: .elements(add: [], remove: [.member(nanping.member)])
        )
        _ = try city.change(id, [parties]).get()
    }

    @Test(arguments: ["350100", "350300"])
    func `a party that is added gets what was written before, home or accepting adding it`(
        adder: String
    ) throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        _ = try putian.change(id, [.set("memo", "先行")]).get()
        _ = try fuzhou.change(id, [.set("note", "私")]).get()
        try alliance.exchange()
        #expect(try nanping.value("memo", of: id) == nil)

        let city = adder == "350100" ? fuzhou : putian
        try addNanping(at: city, to: id)
        try alliance.exchange()
        #expect(try nanping.value("applicant", of: id) == .text("林小明"))
        #expect(try nanping.value("memo", of: id) == .text("先行"))
        #expect(try nanping.value("note", of: id) == nil)
        #expect(try nanping.held == [])
        #expect(try nanping.buckets(with: putian) == putian.buckets(with: nanping))
        #expect(try nanping.buckets(with: fuzhou) == fuzhou.buckets(with: nanping))
    }

    @Test func `what comes late to home is carried on to who was added meanwhile`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        // Fuzhou writes while it does not know of the addition.
        try addNanping(at: putian, to: id)
        _ = try fuzhou.change(id, [.set("memo", "未知")]).get()
        try alliance.exchange()
        try alliance.exchange()
        #expect(try nanping.value("memo", of: id) == .text("未知"))
        #expect(try nanping.held == [])
    }

    @Test func `who was withdrawn keeps what it has and gets nothing more`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        try addNanping(at: putian, to: id)
        try alliance.exchange()
        try withdrawNanping(at: putian, from: id)
        try alliance.exchange()
        #expect(try nanping.view(id)?.parties.contains(nanping.member) == false)
        _ = try putian.change(id, [.set("memo", "之后")]).get()
        _ = try fuzhou.change(id, [.set("memo", "之后")]).get()
        try alliance.exchange()
        #expect(try nanping.value("memo", of: id) == nil)
        #expect(try nanping.value("applicant", of: id) == .text("林小明"))
    }

    @Test func `a party asks another for what its writer never gave it`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        try addNanping(at: putian, to: id)
        // Home is out of reach for Nanping; Fuzhou has all that there is.
        try fuzhou.takeAll(from: putian)
        let key = try #require(try fuzhou.ledger.store.record(id)).key
        let wall = fuzhou.wall
        try fuzhou.commit { ledger throws(StoreError) in
            try ledger.carry([key], to: nanping.member, wallMilliseconds: wall)
        }
        try nanping.takeAll(from: fuzhou)
        #expect(try nanping.value("applicant", of: id) == .text("林小明"))
    }

    @Test func `nothing is carried to who asks and is no party`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        let key = try #require(try putian.ledger.store.record(id)).key
        let before = putian.ledger.tips.filter { $0.identity.audience.includes(nanping.member) }
        let wall = putian.wall
        try putian.commit { ledger throws(StoreError) in
            try ledger.carry([key], to: nanping.member, wallMilliseconds: wall)
        }
        let after = putian.ledger.tips.filter { $0.identity.audience.includes(nanping.member) }
        // The creation stands in an alliance feed already: there is nothing to show.
        #expect(before == after)
    }

    @Test func `what a carrier did not have signed is held and takes no effect`() throws {
        let (id, _) = try alliance.accept()
        try alliance.exchange()
        _ = try fuzhou.change(id, [.set("memo", "先行")]).get()
        try putian.takeAll(from: fuzhou)
        try addNanping(at: putian, to: id)
        nanping.keys.refuse(fuzhou.member)
        try nanping.takeAll(from: putian)
        #expect(try nanping.value("memo", of: id) == nil)
        #expect(try nanping.held.contains { $0.reason == .malformed })

        // Its key becomes known.
        nanping.keys.allow(fuzhou.member)
        let certificate = KeyCertificate(
            digest: SHA256Sample.digest,
            member: fuzhou.member,
            der: [1]
        )
        try nanping.commit { ledger throws(StoreError) in try ledger.keep(certificate) }
        try nanping.releaseDue()
        #expect(try nanping.value("memo", of: id) == .text("先行"))
        #expect(try nanping.held == [])
    }
}

private enum SHA256Sample {
    static var digest: Digest { Bytes(repeating: 3, count: 32).withUnsafeBytes { Digest($0) } }
}
