import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct DraftingTests {
    private let definition: ItemDefinition
    private let header: RecordHeader
    private let key: RecordKey
    private let parties: [MemberCode]

    init() throws {
        definition = try CaseSamples.definition()
        header = try CaseSamples.header()
        key = try CaseSamples.key(header)
        parties = [try CaseSamples.member("350300")]
    }

    private func city(_ code: String = "350100", _ definition: ItemDefinition? = nil) throws -> City
    {
        City(try CaseSamples.writer(code), definition ?? self.definition, header, key)
    }

    /// A case accepted by 350100, of home 350128, with 350300 as a party, as each member has it.
    private func accepted() throws -> (accepting: City, home: City, party: City, other: City) {
        var cities = try ["350100", "350128", "350300", "350700"].map { try city($0) }
        let entries = try cities[0].create(
            [CaseSamples.set("name", .text("a")), CaseSamples.set("open", .boolean(true))],
            parties: parties
        )
        for index in 1...3 {
            for entry in entries { cities[index].receive(entry) }
        }
        return (cities[0], cities[1], cities[2], cities[3])
    }

    private func request(
        _ fields: FieldRequest...,
        stage: Text? = nil,
        holder: String? = nil
    ) throws -> ChangeRequest {
        ChangeRequest(
            fields: fields,
            stage: stage,
            holder: try holder.map(CaseSamples.member),
            requestID: Bytes(repeating: 3, count: 16)
        )
    }

    private func refusal(_ body: () throws -> Void) throws -> Refusal {
        do {
            try body()
        } catch let refusal as Refusal {
            return refusal
        }
        throw Refusal(.malformed, "nothing was refused")
    }

    // MARK: Creation

    @Test func `a creation is split by scope, each part for exactly those it is granted to`() throws
    {
        var city = try self.city()
        let entries = try city.create(
            [
                CaseSamples.set("materials", .set(sorting: [.text("b"), .text("a")])),
                CaseSamples.set("name", .text("a")),
                CaseSamples.set("note", .text("n")),
                CaseSamples.set("open", .boolean(true)),
            ],
            parties: parties
        )
        let members = try ["350100", "350128", "350300"].map(CaseSamples.member)
        #expect(entries.map(\.audience) == [.alliance, .members(members), .private])
        #expect(
            entries.map { $0.changeset.writes.map(\.field) } == [
                [SystemField.parties, SystemField.stage, "open"], ["materials", "name"], ["note"],
            ]
        )
        #expect(Set(entries.map(\.changeset.timestamp)).count == 1)
        let view = try #require(city.view)
        #expect(view.parties == members)
        #expect(view.addedParties == parties)
        #expect(view.stage == "accepted")
        #expect(view.holder == city.me.member)
        #expect(view.turn == 0)
    }

    @Test func `a definition's class is the draft's`() throws {
        let draft = try RecordJudge.draft(
            creation: try request(CaseSamples.set("name", .text("a"))),
            parties: [],
            header: header,
            definition: definition,
            me: try CaseSamples.writer("350100")
        ).get()
        #expect(draft.deliveryClass == .urgent)
        #expect(draft.parts.flatMap(\.writes).allSatisfy { $0.requestID?.count == 16 })
        #expect(draft.parts.flatMap(\.writes).allSatisfy { $0.dot.number == 1 && $0.ground == nil })
    }

    @Test func `home and accepting named as parties are none added`() throws {
        var city = try self.city()
        let named = try ["350100", "350128"].map(CaseSamples.member)
        let entries = try city.create([CaseSamples.set("name", .text("a"))], parties: named)
        #expect(!entries.flatMap(\.changeset.writes).contains { $0.field == SystemField.parties })
    }

    @Test(
        arguments: [
            ([], RefusalCode.fieldInvalid, "name"),
            ([CaseSamples.set("name", nil)], .fieldInvalid, "name"),
            (
                [CaseSamples.set("name", .text("a")), CaseSamples.set("nme", nil)], .fieldUnknown,
                "nme"
            ),
            ([CaseSamples.set("@parties", .text("a"))], .fieldUnknown, "@parties"),
            ([CaseSamples.set("name", .integer(1))], .fieldInvalid, "name"),
            ([CaseSamples.set("name", .set([]))], .fieldInvalid, "name"),
            ([CaseSamples.set("materials", .text("a"))], .fieldInvalid, "materials"),
            ([CaseSamples.change("materials", remove: [.text("a")])], .fieldInvalid, "materials"),
            ([CaseSamples.change("name", add: [.text("a")])], .fieldInvalid, "name"),
            ([CaseSamples.set("bank", .text("a"))], .unauthorised, "bank"),
            ([CaseSamples.set("listed", .text("a"))], .unauthorised, "listed"),
        ] as [([FieldRequest], RefusalCode, Text)]
    )
    func `a creation is refused, naming the field`(
        fields: [FieldRequest],
        code: RefusalCode,
        field: Text
    ) throws {
        let refusal = try refusal {
            var city = try self.city()
            _ = try city.create(fields)
        }
        #expect(refusal.code == code)
        #expect(refusal.field == field)
    }

    @Test func `accepting writes what is the holder's and accepting's at a creation`() throws {
        var city = try self.city()
        let amount = FieldValue.decimal(ScaledDecimal(units: 100, scale: 2))
        let date = try #require(CalendarDate("2026-07-01"))
        _ = try city.create(
            [
                CaseSamples.set("accepted", .date(date)), CaseSamples.set("amount", amount),
                CaseSamples.set("name", .text("a")),
            ]
        )
        #expect(city.view?.value(of: try #require(definition.field("amount"))) == amount)
    }

    @Test func `a record without a single value is refused, an empty set is none`() throws {
        let definition = ItemDefinition(
            item: "GJJ-07",
            version: 1,
            name: LocalizedName(zh: "事项", en: "Item"),
            fields: [CaseSamples.field("tags", .set(of: .integer), .union, .any, .alliance)]
        )
        let refusal = try refusal {
            var city = try self.city("350100", definition)
            _ = try city.create([CaseSamples.set("tags", .set([]))])
        }
        #expect(refusal.code == .malformed)
    }

    @Test func `a record of private fields has no parties and no other home`() throws {
        let definition = ItemDefinition(
            item: "GJJ-07",
            version: 1,
            name: LocalizedName(zh: "事项", en: "Item"),
            fields: [CaseSamples.field("note", .integer, .latest, .any, .private)]
        )
        let elsewhere = try refusal {
            var city = try self.city("350100", definition)
            _ = try city.create([CaseSamples.set("note", .integer(1))])
        }
        #expect(elsewhere.code == .fieldInvalid)
        #expect(elsewhere.field == "home")
        let shared = try refusal {
            var city = try self.city("350128", definition)
            _ = try city.create([CaseSamples.set("note", .integer(1))], parties: parties)
        }
        #expect(shared.code == .fieldInvalid)
        #expect(shared.field == "@parties")
        var city = try self.city("350128", definition)
        let entries = try city.create([CaseSamples.set("note", .integer(1))])
        #expect(entries.map(\.audience) == [.private])
    }

    // MARK: Change

    @Test func `a change has seen what its token had seen, and no more`() throws {
        var (accepting, home, _, _) = try accepted()
        let old = try #require(accepting.state)
        for entry in try home.change(request(CaseSamples.set("name", .text("b")))) {
            accepting.receive(entry)
        }
        let stale = try accepting.change(request(CaseSamples.set("name", .text("c"))), seen: old)
        let write = try #require(stale.first?.changeset.writes.first)
        #expect(write.dot == Dot(writer: accepting.me, number: 2))
        #expect(write.context == old.field("name")?.applied)
        #expect(accepting.state?.field("name")?.standing.count == 2)

        let fresh = try accepting.change(request(CaseSamples.set("name", .text("d"))))
        let last = try #require(fresh.first?.changeset.writes.first)
        #expect(last.dot.number == 3)
        #expect(last.lost.count == 1)
        #expect(accepting.state?.field("name")?.standing.map(\.dot) == [last.dot])
    }

    @Test func `two counters of one city conflict as honestly as two cities`() throws {
        var city = try accepted().accepting
        let token = try #require(city.state)
        _ = try city.change(request(CaseSamples.set("name", .text("b"))), seen: token)
        _ = try city.change(request(CaseSamples.set("name", .text("c"))), seen: token)
        #expect(city.state?.field("name")?.standing.count == 2)
    }

    @Test(
        arguments: [
            (CaseSamples.set("nme", .text("a")), RefusalCode.fieldUnknown, "nme"),
            (CaseSamples.set("@parties", .set([])), .fieldInvalid, "@parties"),
            (CaseSamples.change("@parties", add: [.text("a")]), .fieldInvalid, "@parties"),
            (CaseSamples.set("@handling", nil), .unauthorised, "@handling"),
            (CaseSamples.set("@delete", nil), .fieldUnknown, "@delete"),
            (CaseSamples.set("@stage", .text("checked")), .fieldUnknown, "@stage"),
            (CaseSamples.set("name", nil), .fieldInvalid, "name"),
            (CaseSamples.set("open", .integer(1)), .fieldInvalid, "open"),
            (CaseSamples.set("materials", .set([.text("a")])), .fieldInvalid, "materials"),
            (CaseSamples.set("materials", nil), .fieldInvalid, "materials"),
            (
                CaseSamples.change("materials", add: [.text("a")], remove: [.text("a")]),
                .fieldInvalid, "materials"
            ),
            (
                CaseSamples.change("materials", add: [.text("b"), .text("a")]), .fieldInvalid,
                "materials"
            ),
            (CaseSamples.set("bank", .text("a")), .unauthorised, "bank"),
            (CaseSamples.set("listed", .text("a")), .unauthorised, "listed"),
        ] as [(FieldRequest, RefusalCode, Text)]
    )
    func `a change is refused, naming the field`(
        field: FieldRequest,
        code: RefusalCode,
        name: Text
    ) throws {
        var city = try accepted().accepting
        let refusal = try refusal { _ = try city.change(request(field)) }
        #expect(refusal.code == code)
        #expect(refusal.field == name)
    }

    @Test func `a change of nothing is refused`() throws {
        var city = try accepted().accepting
        #expect(try refusal { _ = try city.change(request()) }.code == .malformed)
        let none = CaseSamples.change("materials")
        #expect(try refusal { _ = try city.change(request(none)) }.code == .malformed)
    }

    /// Who may write a field: accepting 350100, home 350128, party 350300, and 350700, which is none.
    static let authorities: [(Text, FieldValue, Set<String>)] = [
        ("name", .text("b"), ["350100", "350128", "350300"]),
        ("bank", .text("b"), ["350128"]),
        ("accepted", .date(CalendarDate("2026-07-01")), ["350100"]),
        ("amount", .decimal(ScaledDecimal(units: 1, scale: 2)), ["350100"]),
        ("listed", .text("b"), ["350128"]),
        ("note", .text("b"), ["350100", "350128", "350300", "350700"]),
        ("open", .boolean(false), ["350100", "350128", "350300", "350700"]),
    ]

    @Test(arguments: authorities)
    func `a field is written by those with its authority and nobody else`(
        name: Text,
        value: FieldValue,
        allowed: Set<String>
    ) throws {
        let cities = try accepted()
        var writers: Set<String> = []
        for var city in [cities.accepting, cities.home, cities.party, cities.other] {
            do {
                _ = try city.change(request(CaseSamples.set(name, value)))
                writers.insert(city.me.member.string)
            } catch let refusal {
                #expect((refusal as? Refusal)?.code == .unauthorised)
            }
        }
        #expect(writers == allowed)
    }

    @Test func `a changeset for the parties goes to them and its writer`() throws {
        var party = try accepted().party
        let entries = try party.change(request(CaseSamples.set("name", .text("b"))))
        let members = try ["350100", "350128", "350300"].map(CaseSamples.member)
        #expect(entries.map(\.audience) == [.members(members)])
    }
}

extension FieldValue {
    fileprivate static func date(_ date: CalendarDate?) -> FieldValue {
        date.map { .date($0) } ?? .cleared
    }
}
