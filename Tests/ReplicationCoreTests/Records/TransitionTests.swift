import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct TransitionTests {
    private var accepting: City
    private var home: City
    private var party: City

    init() throws {
        let definition = try CaseSamples.definition()
        let header = try CaseSamples.header()
        let key = try CaseSamples.key(header)
        accepting = City(try CaseSamples.writer("350100"), definition, header, key)
        home = City(try CaseSamples.writer("350128"), definition, header, key)
        party = City(try CaseSamples.writer("350300"), definition, header, key)
        let entries = try accepting.create(
            [CaseSamples.set("name", .text("a"))],
            parties: [party.me.member]
        )
        for entry in entries {
            home.receive(entry)
            party.receive(entry)
        }
    }

    private func move(
        to stage: Text? = nil,
        holder: String? = nil,
        _ fields: FieldRequest...
    ) throws -> ChangeRequest {
        ChangeRequest(fields: fields, stage: stage, holder: try holder.map(CaseSamples.member))
    }

    private func refusal(_ city: City, _ request: ChangeRequest) throws -> Refusal {
        var city = city
        do {
            _ = try city.change(request)
        } catch {
            return error
        }
        throw Refusal(.malformed, "nothing was refused")
    }

    private let amount = CaseSamples.set("amount", .decimal(ScaledDecimal(units: 1, scale: 2)))

    @Test mutating func `the holder moves the case, hands it over and writes on its own turn`()
        throws
    {
        let entries = try accepting.change(move(to: "checked", holder: "350128", amount))
        for entry in entries {
            home.receive(entry)
            party.receive(entry)
        }
        let writes = entries.flatMap(\.changeset.writes)
        #expect(Set(writes.map(\.field)) == [SystemField.stage, SystemField.turn, "amount"])
        #expect(writes.allSatisfy { $0.ground == nil })
        for city in [accepting, home, party] {
            let view = try #require(city.view)
            #expect(view.stage == "checked")
            #expect(view.holder == home.me.member)
            #expect(view.turn == 1)
        }

        let turn = try #require(home.view?.custody.ground)
        let decided = try home.change(move(to: "decided", amount)).flatMap(\.changeset.writes)
        #expect(decided.map(\.ground) == [turn, turn])
        #expect(home.view?.stage == "decided")
        #expect(home.view?.turn == 1)
    }

    @Test mutating func `who handed the case over holds it no more`() throws {
        _ = try accepting.change(move(to: "checked", holder: "350128"))
        let refusals = try [
            refusal(accepting, move(to: "decided")),
            refusal(accepting, move(holder: "350300")),
            refusal(accepting, move(amount)),
        ]
        #expect(refusals.map(\.code) == [.transitionRefused, .transitionRefused, .unauthorised])
    }

    @Test func `only the moves of the workflow are made, and only by whom it names`() throws {
        #expect(try refusal(accepting, move(to: "decided")).code == .transitionRefused)
        #expect(try refusal(accepting, move(to: "accepted")).code == .transitionRefused)
        #expect(try refusal(accepting, move(to: "lost")).code == .transitionRefused)
        #expect(try refusal(party, move(to: "checked")).code == .transitionRefused)
        #expect(try refusal(home, move(to: "decided")).code == .transitionRefused)
    }

    @Test mutating func `a move that is home's is made by home without the turn`() throws {
        for entry in try accepting.change(move(to: "checked")) {
            home.receive(entry)
            party.receive(entry)
        }
        #expect(try refusal(party, move(to: "accepted")).code == .unauthorised)
        _ = try home.change(move(to: "accepted"))
        #expect(home.view?.stage == "accepted")
        #expect(home.view?.holder == accepting.me.member)
    }

    @Test func `the next holder must be a party`() throws {
        let refusal = try refusal(accepting, move(to: "checked", holder: "350700"))
        #expect(refusal.code == .transitionRefused)
        #expect(refusal.field == "holder")
    }

    @Test mutating func `home claws a case back, and what comes with it stands on the new turn`()
        throws
    {
        let writes = try home.change(move(to: "checked", holder: "350128", amount))
            .flatMap(\.changeset.writes)
        let turn = Dot(writer: home.me, number: 1)
        let grounds = Dictionary(writes.map { ($0.field, $0.ground) }) { first, _ in first }
        #expect(grounds == [SystemField.turn: nil, SystemField.stage: turn, "amount": turn])
        #expect(home.view?.holder == home.me.member)
        #expect(home.view?.stage == "checked")
        #expect(home.state == home.judgedAgain())
    }

    @Test mutating func `a move that is the holder's, made by home, claws the case back`() throws {
        _ = try home.change(move(to: "checked"))
        #expect(home.view?.holder == home.me.member)
        #expect(home.view?.turn == 1)
    }

    @Test mutating func `home claws a case back for another, and then moves it no further`() throws
    {
        let refused = try refusal(home, move(to: "checked", holder: "350300"))
        #expect(refused.code == .transitionRefused)
        #expect(try refusal(home, move(holder: "350700")).field == "holder")
        _ = try home.change(move(holder: "350300"))
        #expect(home.view?.holder == party.me.member)
    }

    @Test mutating func `a late claw-back unwinds what was built on the turn it replaces`() throws {
        let handed = try accepting.change(move(to: "checked", holder: "350300"))
        for entry in handed { party.receive(entry) }
        let decided = try party.change(move(to: "decided", amount))
        let clawed = try home.change(move(holder: "350128"))
        for entry in handed + decided + clawed { accepting.receive(entry) }
        for entry in handed + decided { home.receive(entry) }
        for city in [accepting, home] {
            let view = try #require(city.view)
            #expect(view.holder == home.me.member)
            #expect(view.turn == 1)
            // The move to `checked` was made on the first turn, which is still on the chain.
            #expect(view.stage == "checked")
            #expect(view.value(of: try #require(view.definition.field("amount"))) == nil)
            let voids = view.state.fields.flatMap { field in field.voids.map { (field.name, $0) } }
            #expect(
                voids.map(\.0) == [SystemField.stage, SystemField.turn, "amount"]
            )
            #expect(voids.allSatisfy { $0.1.verdict == .overruled })
        }
        #expect(accepting.state == home.state)
    }

    @Test mutating func `a move that does not hand over does not name a holder`() throws {
        _ = try accepting.change(move(to: "checked"))
        let refusal = try refusal(accepting, move(to: "decided", holder: "350128"))
        #expect(refusal.code == .transitionRefused)
        #expect(refusal.field == "holder")
    }

    @Test mutating func `without a move a case is handed over where a move from here may`() throws {
        var early = accepting
        _ = try early.change(move(holder: "350300"))
        #expect(early.view?.holder == party.me.member)
        #expect(early.view?.stage == "accepted")

        _ = try accepting.change(move(to: "checked"))
        #expect(try refusal(accepting, move(holder: "350300")).code == .transitionRefused)
    }

    @Test mutating func `home hands on what it holds at any stage`() throws {
        for entry in try accepting.change(move(to: "checked", holder: "350128")) {
            home.receive(entry)
        }
        _ = try home.change(move(holder: "350100"))
        #expect(home.view?.holder == accepting.me.member)
        #expect(home.view?.turn == 2)
    }

    @Test func `a plain record is no case`() throws {
        var plain = City(
            accepting.me,
            try CaseSamples.definition(workflow: false),
            accepting.header,
            accepting.key
        )
        _ = try plain.create([CaseSamples.set("name", .text("a"))])
        #expect(plain.view?.stage == nil)
        #expect(plain.view?.holder == nil)
        #expect(plain.view?.turn == nil)
        #expect(try refusal(plain, move(to: "checked")).code == .transitionRefused)
    }

    @Test mutating func `of two moves in one turn the further stage is shown`() throws {
        let decided = try {
            var ahead = accepting
            return try ahead.change(move(to: "checked")) + ahead.change(move(to: "decided"))
        }()
        // The same city, at another counter, moved it once.
        accepting.me.incarnation = Incarnation(rawValue: 9)
        accepting.clock = 5_000
        let checked = try accepting.change(move(to: "checked"))
        for entry in decided + checked { party.receive(entry) }
        #expect(party.state?.field(SystemField.stage)?.standing.count == 2)
        #expect(party.view?.stage == "decided")
    }

    @Test mutating func `a stage of a later turn is shown before a further one`() throws {
        let ahead = try {
            var ahead = accepting
            return try ahead.change(move(to: "checked")) + ahead.change(move(to: "decided"))
        }()
        accepting.me.incarnation = Incarnation(rawValue: 9)
        let handed = try accepting.change(move(holder: "350128"))
        for entry in handed { home.receive(entry) }
        let later = try home.change(move(to: "checked"))
        for entry in ahead + handed + later { party.receive(entry) }
        #expect(party.view?.holder == home.me.member)
        #expect(party.view?.stage == "checked")
    }

    @Test mutating func `what is written on a later turn is shown before what has a later clock`()
        throws
    {
        let handed = try accepting.change(move(holder: "350128"))
        for entry in handed { home.receive(entry) }
        let other = CaseSamples.set("amount", .decimal(ScaledDecimal(units: 2, scale: 2)))
        let onFirst = try {
            var ahead = home
            ahead.clock = 9_000
            return try ahead.change(move(to: "checked")) + ahead.change(move(to: "decided", other))
        }()
        home.me.incarnation = Incarnation(rawValue: 9)
        let back = try home.change(move(holder: "350100"))
        for entry in back { accepting.receive(entry) }
        let onSecond = try accepting.change(move(to: "checked", amount))
        for entry in handed + onFirst + back + onSecond { party.receive(entry) }

        let view = try #require(party.view)
        #expect(view.turn == 2)
        #expect(view.state.field("amount")?.standing.count == 2)
        #expect(view.stage == "checked")
        let field = try #require(view.definition.field("amount"))
        #expect(view.value(of: field) == .decimal(ScaledDecimal(units: 1, scale: 2)))
    }
}
