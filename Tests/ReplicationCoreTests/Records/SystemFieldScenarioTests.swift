import AllianceModel
import Testing

@testable import ReplicationCore

/// Parties, handling and deletion.
@Suite struct SystemFieldScenarioTests {
    private func member(_ code: String) throws -> FieldValue {
        .member(try CaseSamples.member(code))
    }

    private func parties(
        add: [String] = [],
        remove: [String] = []
    ) throws -> ChangeRequest {
        ChangeRequest(fields: [
            CaseSamples.change(
                SystemField.parties,
                add: try add.map(member),
                remove: try remove.map(member)
            )
        ])
    }

    // MARK: Parties

    @Test func `home and accepting add and withdraw, nobody else, and never themselves`() throws {
        let story = try Story(parties: ["350300"])
        #expect(try story.refusal("350128", parties(add: ["350700"])) == nil)
        #expect(try story.refusal("350100", parties(add: ["350700"])) == nil)
        #expect(try story.refusal("350300", parties(add: ["350700"])) == .unauthorised)
        #expect(try story.refusal("350128", parties(remove: ["350100"])) == .fieldInvalid)
        #expect(try story.refusal("350128", parties(remove: ["350128"])) == .fieldInvalid)
        #expect(try story.refusal("350128", parties(add: ["350100"])) == .malformed)
    }

    @Test func `who was added writes, also while the addition is on its way`() throws {
        var story = try Story(parties: ["350300"])
        try story.change("350128", parties(add: ["350700"]))
        let addition = try #require(story.entries.last)
        for entry in story.entries { story.cities["350700"]?.receive(entry) }
        // Home carries what came before.
        try story.lie("350700", "name", .single(.text("b")))
        let write = try #require(story.entries.last)
        story.cities["350300"]?.receive(write)
        #expect(story.cities["350300"]?.held == [write])
        story.cities["350300"]?.receive(addition)
        #expect(story.cities["350300"]?.held.isEmpty == true)
        #expect(try story.view().value(of: nameField(story)) == .text("b"))
    }

    private func nameField(_ story: Story) throws -> FieldDefinition {
        try #require(story.view().definition.field("name"))
    }

    @Test func `a withdrawal goes to whom it withdraws, what follows does not`() throws {
        var story = try Story(variant: 1)
        try story.change("350128", parties(remove: ["350700"]))
        let withdrawal = try #require(story.entries.last)
        #expect(withdrawal.audience.includes(try CaseSamples.member("350700")))
        try story.set("350128", "name", .text("b"))
        let after = try #require(story.entries.last)
        #expect(!after.audience.includes(try CaseSamples.member("350700")))
        try story.sync()
        #expect(try story.view("350700").parties.map(\.string) == ["350100", "350128", "350300"])
        let write = ChangeRequest(fields: [CaseSamples.set("name", .text("c"))])
        #expect(try story.refusal("350700", write) == .unauthorised)
    }

    @Test func `with an alliance field the withdrawal goes to all, and the rest of the change not`()
        throws
    {
        var story = try Story()
        var request = try parties(remove: ["350700"])
        request.fields.append(CaseSamples.set("name", .text("b")))
        try story.change("350128", request)
        let audiences = story.entries.suffix(2).map(\.audience)
        let left = try ["350100", "350128", "350300"].map(CaseSamples.member)
        #expect(audiences == [.alliance, .members(left)])
    }

    @Test func `what was written before the withdrawal, or knowing nothing of it, stays valid`()
        throws
    {
        var story = try Story()
        try story.set("350700", "name", .text("b"))
        try story.change("350128", parties(remove: ["350700"]))
        try story.sync()
        #expect(try story.view().value(of: nameField(story)) == .text("b"))
        #expect(try story.verdicts("name").isEmpty)
    }

    @Test func `who holds or handles the case is not withdrawn from it`() throws {
        var story = try Story()
        try story.move("350100", holder: "350300")
        try story.sync()
        #expect(try story.refusal("350128", parties(remove: ["350300"])) == .fieldInvalid)
        var moving = try parties(remove: ["350300"])
        moving.holder = try CaseSamples.member("350128")
        #expect(try story.refusal("350128", moving) == nil)
    }

    @Test func `the change that adds a member may hand the case to it`() throws {
        var story = try Story(parties: ["350300"])
        var request = try parties(add: ["350700"])
        request.holder = try CaseSamples.member("350700")
        try story.change("350100", request)
        try story.sync()
        #expect(try story.view().holder?.string == "350700")
        #expect(try story.view().addedParties.map(\.string) == ["350300", "350700"])
    }

    @Test
    func `a creation that says nothing to those who may see the record says that it is there`()
        throws
    {
        let definition = try CaseSamples.definition(workflow: false)
        let header = try CaseSamples.header()
        var city = City(
            try CaseSamples.writer("350100"),
            definition,
            header,
            try CaseSamples.key(header)
        )
        let entries = try city.create([CaseSamples.set("name", .text("a"))])
        #expect(entries.map(\.audience).contains(.alliance))
        #expect(city.view?.addedParties == [])
        #expect(city.view?.parties.map(\.string) == ["350100", "350128"])
    }

    // MARK: Handling

    @Test func `home handles until it assigns another, and again when it takes that back`() throws {
        var story = try Story()
        #expect(try story.view().handler.string == "350128")
        try story.set("350128", "handled", .text("a"))
        try story.set("350128", SystemField.handling, member("350300"))
        try story.sync()
        #expect(try story.view().handler.string == "350300")
        let write = ChangeRequest(fields: [CaseSamples.set("handled", .text("b"))])
        #expect(try story.refusal("350128", write) == .unauthorised)
        #expect(try story.refusal("350700", write) == .unauthorised)
        try story.change("350300", write)
        try story.sync()
        #expect(try story.shown("handled") == [.text("b")])
        try story.set("350128", SystemField.handling, nil)
        try story.set("350128", "handled", .text("c"))
        try story.sync()
        #expect(try story.shown("handled") == [.text("c")])
        #expect(try story.view().handler.string == "350128")
    }

    @Test func `only home assigns, and only parties`() throws {
        let story = try Story(parties: ["350300"])
        let assign = { (code: String) in
            ChangeRequest(fields: [CaseSamples.set(SystemField.handling, try member(code))])
        }
        #expect(try story.refusal("350100", assign("350300")) == .unauthorised)
        #expect(try story.refusal("350128", assign("350700")) == .fieldInvalid)
        #expect(try story.refusal("350128", assign("350300")) == nil)
    }

    @Test func `the later assignment comes before time, and who has seen it has lost the right`()
        throws
    {
        var story = try Story()
        try story.set("350128", SystemField.handling, member("350300"))
        try story.sync()
        var old = story
        try story.set("350128", SystemField.handling, member("350700"))
        let second = try #require(story.entries.last)
        story.cities["350700"]?.receive(second)
        try story.set("350700", "handled", .text("b"))
        for _ in 0..<5 { old.tick() }
        try old.set("350300", "handled", .text("c"))
        story.add(try #require(old.entries.last))
        try story.sync()
        #expect(try story.shown("handled") == [.text("b")])
        #expect(try story.view().state.field("handled")?.standing.count == 2)
        let first = try story.dot("350128")
        try story.lie(
            "350300",
            "handled",
            .single(.text("d")),
            seen: [try story.dot("350700")],
            ground: first
        )
        try story.sync()
        #expect(try story.verdicts("handled") == [.unauthorised])
    }

    // MARK: Deletion

    private let deletion = ChangeRequest(fields: [], isDeletion: true)

    @Test func `home deletes, and what the deletion had not seen brings the record back`() throws {
        var story = try Story()
        #expect(try story.refusal("350100", deletion) == .unauthorised)
        var accepting = story
        try story.change("350128", deletion)
        try story.sync()
        #expect(try story.view().isDeleted && story.view("350900").isDeleted)
        try accepting.move("350100", to: "checked")
        story.add(try #require(accepting.entries.last))
        try story.sync()
        for code in WildSamples.codes { #expect(try !story.view(code).isDeleted) }
        try story.change("350128", deletion)
        try story.sync()
        #expect(try story.view().isDeleted)
    }

    @Test func `what the deletion had seen, and what others cannot see, brings nothing back`()
        throws
    {
        var story = try Story()
        try story.set("350100", "open", .boolean(true))
        try story.sync()
        var accepting = story
        try story.change("350128", deletion)
        try accepting.set("350100", "name", .text("b"))
        story.add(try #require(accepting.entries.last))
        try story.sync()
        for code in WildSamples.codes { #expect(try story.view(code).isDeleted) }
        #expect(try story.shown("name") == [.text("b")])
    }

    @Test func `a void write brings nothing back`() throws {
        var story = try Story()
        try story.change("350128", deletion)
        try story.lie("350300", "least", .single(.integer(1)))
        try story.sync()
        #expect(try story.view().isDeleted)
    }

    @Test func `deleted for good stays deleted and is written no more`() throws {
        var story = try Story(variant: 2)
        var accepting = story
        try story.change("350128", deletion)
        try accepting.move("350100", to: "checked")
        story.add(try #require(accepting.entries.last))
        try story.sync()
        #expect(try story.view().isDeleted)
        let write = ChangeRequest(fields: [CaseSamples.set("name", .text("c"))])
        #expect(try story.refusal("350100", write) == .unauthorised)
    }

    @Test func `a later write of who knows of the deletion revives, if the definition lets it`()
        throws
    {
        var story = try Story()
        try story.change("350128", deletion)
        try story.sync()
        try story.set("350300", "open", .boolean(true))
        try story.sync()
        #expect(try !story.view().isDeleted)
    }

    @Test func `a deletion changes nothing else`() throws {
        let story = try Story()
        var request = deletion
        request.fields = [CaseSamples.set("name", .text("b"))]
        #expect(try story.refusal("350128", request) == .malformed)
    }
}
