import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct RecordJudgeTests {
    private let definition: ItemDefinition
    private let header: RecordHeader
    private let key: RecordKey
    private let origin: Writer
    private let home: Writer
    private let members: Audience

    init() throws {
        definition = try CaseSamples.definition()
        header = try CaseSamples.header()
        key = try CaseSamples.key(header)
        origin = try CaseSamples.writer("350100")
        home = try CaseSamples.writer("350128")
        members = .members([origin.member, home.member])
    }

    private func write(
        _ field: Text,
        _ value: WriteValue,
        by writer: Writer,
        number: UInt64 = 1,
        seen: [Dot] = [],
        lost: [Dot] = [],
        ground: Dot? = nil
    ) -> Write {
        var context = CausalContext()
        for dot in seen { context.insert(dot) }
        return Write(
            field: field,
            dot: Dot(writer: writer, number: number),
            context: context,
            lost: lost,
            ground: ground,
            requestID: nil,
            value: ValueCoding.encode(value)[...]
        )
    }

    private func entry(
        _ writes: [Write],
        at milliseconds: UInt64 = 10,
        isCreation: Bool = false,
        audience: Audience? = nil
    ) throws -> City.Entry {
        City.Entry(
            changeset: Changeset(
                timestamp: CaseSamples.time(milliseconds),
                key: key,
                header: isCreation ? header : nil,
                writes: writes
            ),
            audience: audience ?? members,
            writer: try #require(writes.first).dot.writer
        )
    }

    private func name(_ text: Text) -> WriteValue { .single(.text(text)) }

    private func created() throws -> City {
        var city = City(origin, definition, header, key)
        let creation = try entry([write("name", name("a"), by: origin)], isCreation: true)
        guard case .applied = city.apply(creation) else { throw Refusal(.malformed, "creation") }
        return city
    }

    private func held(_ judgement: Judgement) -> HeldReason? {
        if case .held(let reason, detail: _, waitsFor: _) = judgement { reason } else { nil }
    }

    // MARK: Held

    @Test func `without the header a record is not known`() throws {
        var city = City(home, definition, header, key)
        #expect(held(city.apply(try entry([write("name", name("b"), by: home)]))) == .recordUnknown)
        #expect(city.state == nil)
    }

    @Test func `a write waits for its writer's one before, and for all that it had seen`() throws {
        var city = try created()
        let before = city.state
        let third = try entry([write("name", name("c"), by: home, number: 3)])
        #expect(held(city.apply(third)) == .predecessorMissing)
        let stranger = Dot(writer: try CaseSamples.writer("350300"), number: 1)
        let seeing = try entry([write("name", name("c"), by: home, seen: [stranger])])
        #expect(held(city.apply(seeing)) == .predecessorMissing)
        let later = Dot(writer: origin, number: 2)
        let ahead = try entry([write("name", name("c"), by: home, seen: [later])])
        #expect(held(city.apply(ahead)) == .predecessorMissing)
        #expect(city.state == before)
    }

    @Test func `numbers are dense for each field on its own`() throws {
        var city = try created()
        let other = try entry(
            [write("open", .single(.boolean(true)), by: origin)],
            audience: .alliance
        )
        guard case .applied = city.apply(other) else {
            Issue.record("number 1 of another field is held")
            return
        }
    }

    @Test func `a write waits for the turn that it stands on`() throws {
        var city = try created()
        let turn = Dot(writer: origin, number: 1)
        let amount = WriteValue.single(.decimal(ScaledDecimal(units: 1, scale: 2)))
        let grounded = try entry([write("amount", amount, by: home, ground: turn)])
        #expect(held(city.apply(grounded)) == .groundMissing)
        let handing = try entry(
            [write(SystemField.turn, .single(.member(home.member)), by: origin)],
            audience: .alliance
        )
        city.receive(grounded)
        city.receive(handing)
        #expect(city.held.isEmpty)
        #expect(city.state?.field("amount")?.standing.map(\.ground) == [turn])
    }

    static let strays: [(Text, Audience)] = [
        ("name", .alliance), ("name", .private), ("note", .alliance), ("open", .private),
        (SystemField.stage, .private),
    ]

    @Test(arguments: strays)
    func `a field in a feed that its scope does not allow is refused, alone`(
        field: Text,
        audience: Audience
    ) throws {
        var city = try created()
        let before = city.state
        let value: WriteValue =
            field == "open" ? .single(.boolean(true)) : .single(.text("checked"))
        let write = write(field, value, by: origin, number: field == "name" ? 2 : 1)
        #expect(held(city.apply(try entry([write], audience: audience))) == .audienceRefused)
        #expect(city.state == before)
    }

    @Test func `a parties field in an alliance feed is refused with everything beside it`() throws {
        var city = try created()
        let before = city.state
        let good = write("open", .single(.boolean(true)), by: origin)
        let bad = write("name", name("b"), by: origin, number: 2)
        let entry = try entry([good, bad], audience: .alliance)
        #expect(held(city.apply(entry)) == .audienceRefused)
        #expect(city.state == before)
    }

    static let misfits: [(Text, WriteValue)] = [
        ("unknown", .single(.text("a"))),
        ("name", .single(.integer(1))),
        ("name", .single(.text(Text(String(repeating: "a", count: 41))))),
        ("name", .elements(add: [.text("a")], remove: [])),
        ("materials", .single(.text("a"))),
        ("materials", .elements(add: [.integer(1)], remove: [])),
        ("materials", .elements(add: [.cleared], remove: [])),
        ("amount", .single(.decimal(ScaledDecimal(units: 1, scale: 3)))),
    ]

    @Test(arguments: misfits)
    func `what is not a value of its field is malformed`(field: Text, value: WriteValue) throws {
        var city = try created()
        let number: UInt64 = field == "name" ? 2 : 1
        let entry = try entry([write(field, value, by: origin, number: number)])
        #expect(held(city.apply(entry)) == .malformed)
    }

    @Test func `a stage must be one of the workflow's and a turn name a member`() throws {
        var city = try created()
        for (field, value) in [
            (SystemField.stage, WriteValue.single(.text("lost"))),
            (SystemField.turn, .single(.text("350128"))),
            (SystemField.parties, .elements(add: [.text("350128")], remove: [])),
        ] {
            let entry = try entry([write(field, value, by: origin)], audience: .alliance)
            #expect(held(city.apply(entry)) == .malformed)
        }
    }

    @Test func `bytes that are no value are malformed`() throws {
        var city = try created()
        var write = write("name", name("b"), by: origin, number: 2)
        write.value = [0xff, 0x01]
        #expect(held(city.apply(try entry([write]))) == .malformed)
    }

    @Test func `a system field of a later version waits for an upgrade`() throws {
        var city = try created()
        let entry = try entry([write("@later", name("a"), by: origin)], audience: .alliance)
        #expect(held(city.apply(entry)) == .featureUnknown)
    }

    @Test func `a plain record has no stage and no turn`() throws {
        var city = City(origin, try CaseSamples.definition(workflow: false), header, key)
        for (field, value) in [
            (SystemField.stage, name("accepted")),
            (SystemField.turn, .single(.member(home.member))),
        ] {
            let entry = try entry(
                [write(field, value, by: origin)],
                isCreation: true,
                audience: .alliance
            )
            #expect(held(city.apply(entry)) == .malformed)
        }
    }

    @Test func `a record whose id could not be printed and read is malformed`() throws {
        let odd = RecordKey(
            identifier: RecordIdentifier(
                origin: origin.member,
                uuid: UUIDBytes(high: 1, low: 2)
            ),
            header: header,
            hash: TestHash.quick
        )
        var city = City(origin, definition, header, odd)
        var creation = try entry([write("name", name("a"), by: origin)], isCreation: true)
        creation.changeset.key = odd
        #expect(held(city.apply(creation)) == .malformed)
    }

    // MARK: Applied

    @Test func `a duplicate changes nothing`() throws {
        var city = try created()
        let state = city.state
        let again = try entry([write("name", name("a"), by: origin)], isCreation: true)
        #expect(city.apply(again) == .duplicate)
        #expect(city.state == state)
    }

    @Test func `concurrent values both stand, and one who has seen both replaces both`() throws {
        var city = try created()
        let first = Dot(writer: origin, number: 1)
        let second = Dot(writer: home, number: 1)
        _ = city.apply(try entry([write("name", name("b"), by: home)], at: 20))
        #expect(city.state?.field("name")?.standing.map(\.dot) == [first, second])
        #expect(city.view?.value(of: try #require(definition.field("name"))) == .text("b"))

        let writer = try CaseSamples.writer("350300")
        let added = WriteValue.elements(add: [.member(writer.member)], remove: [])
        _ = city.apply(
            try entry([write(SystemField.parties, added, by: home)], audience: .alliance)
        )
        let deciding = write("name", name("c"), by: writer, seen: [first, second], lost: [first])
        let audience = Audience.members([origin.member, home.member, writer.member])
        let judgement = city.apply(try entry([deciding], at: 15, audience: audience))
        guard case .applied = judgement else {
            Issue.record("judged \(judgement)")
            return
        }
        #expect(city.state?.field("name")?.standing.map(\.dot) == [deciding.dot])
        #expect(city.state?.field("name")?.lost == [first])
        // It had seen the later one, so its own earlier clock does not matter.
        #expect(city.view?.value(of: try #require(definition.field("name"))) == .text("c"))
    }

    @Test func `created is the origin's least timestamp, updated the greatest of all`() throws {
        var city = try created()
        _ = city.apply(try entry([write("name", name("b"), by: home)], at: 5))
        #expect(city.state?.created == CaseSamples.time(10))
        #expect(city.state?.updated == CaseSamples.time(10))
        let open = write("open", .single(.boolean(true)), by: origin)
        _ = city.apply(try entry([open], at: 7, isCreation: true, audience: .alliance))
        #expect(city.state?.created == CaseSamples.time(7))
    }

    @Test func `a removal does not take what it had not seen`() throws {
        var city = try created()
        let materials = try #require(definition.field("materials"))
        let add = write(
            "materials",
            .elements(add: [.text("a"), .text("b")], remove: []),
            by: origin
        )
        let again = write("materials", .elements(add: [.text("a")], remove: []), by: home)
        let remove = write(
            "materials",
            .elements(add: [], remove: [.text("a"), .text("b")]),
            by: home,
            number: 2,
            seen: [add.dot]
        )
        for write in [add, again, remove] { _ = city.apply(try entry([write])) }
        // Its own earlier addition, too, was not in the removal's context: an old token.
        #expect(city.view?.value(of: materials) == .set([.text("a")]))
    }

    @Test func `a cleared field is cleared, one never written is nothing`() throws {
        var city = try created()
        let name = try #require(definition.field("name"))
        let clear = write(
            "name",
            .single(.cleared),
            by: origin,
            number: 2,
            seen: [Dot(writer: origin, number: 1)]
        )
        _ = city.apply(try entry([clear]))
        #expect(city.view?.value(of: name) == .cleared)
        #expect(city.view?.value(of: try #require(definition.field("open"))) == nil)
        #expect(city.view?.value(of: try #require(definition.field("materials"))) == .set([]))
    }

    @Test func `the digest covers what both may see, and all of that`() throws {
        var city = try created()
        func digest(_ scopes: Set<Scope>) throws -> Digest {
            let state = try #require(city.state)
            return state.digest(scopes: scopes, definition: definition, hash: TestHash.quick)
        }
        let alliance = try digest([.alliance])
        let parties = try digest([.alliance, .parties])
        _ = city.apply(
            try entry([write("note", name("secret"), by: origin)], audience: .private)
        )
        #expect(try digest([.alliance, .parties]) == parties)
        _ = city.apply(try entry([write("name", name("b"), by: home)]))
        #expect(try digest([.alliance]) == alliance)
        #expect(try digest([.alliance, .parties]) != parties)
        let turn = write(SystemField.turn, .single(.member(home.member)), by: origin)
        _ = city.apply(try entry([turn], audience: .alliance))
        #expect(try digest([.alliance]) != alliance)
    }
}
