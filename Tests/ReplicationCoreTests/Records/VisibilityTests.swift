import AllianceModel
import Testing

@testable import ReplicationCore

/// "Parties fields are shown only to parties": to have is not to be shown.
///
/// The same state is looked at as a party and as a member that is none, which a dishonest party told
/// what it should not know.
@Suite struct VisibilityTests {
    /// Two values under review, a void write and what a decision let go, in parties fields and in
    /// one of the alliance.
    private func story() throws -> Story {
        var story = try Story(parties: ["350300"])
        try story.set("350300", "name", .text("b"))
        try story.set("350100", "name", .text("c"))
        try story.set("350128", "open", .boolean(true))
        try story.set("350100", "open", .boolean(false))
        try story.lie("350300", "accepted", .single(.text("x")))
        try story.lie("350700", "least", .single(.integer(1)))
        try story.sync()
        try story.set("350128", "name", .text("d"))
        try story.set("350128", "review", .text("a"))
        try story.set("350300", "review", .text("b"))
        try story.sync()
        return story
    }

    private func view(_ story: Story, for viewer: String?) throws -> RecordView {
        let view = try story.view()
        let member = try viewer.map(CaseSamples.member)
        return RecordView(view.state, view.definition, viewer: member)
    }

    private func isOfParties(_ field: Text?, _ view: RecordView) -> Bool {
        field.flatMap { view.definition.scope(of: $0) } == .parties
    }

    @Test(arguments: [nil, "350100", "350128", "350300"])
    func `parties, and the rules themselves, see everything`(viewer: String?) throws {
        let story = try story()
        let view = try view(story, for: viewer)
        let whole = try story.view()
        for field in view.definition.fields {
            #expect(view.shows(field.name))
            #expect(view.values(of: field) == whole.values(of: field))
        }
        let member = try viewer.map(CaseSamples.member)
        let judged = try story.judged()
        #expect(view.conflicts(TestHash.quick) == whole.conflicts(TestHash.quick))
        #expect(judged.lines(viewer: member) == judged.lines())
        #expect(
            judged.conflicts(TestHash.quick, viewer: member) == judged.conflicts(TestHash.quick)
        )
    }

    @Test(arguments: ["350700", "350900"])
    func `who is no party sees nothing of a parties field, and the rest as it is`(
        viewer: String
    ) throws {
        let story = try story()
        let view = try view(story, for: viewer)
        let whole = try story.view()
        for field in view.definition.fields {
            let isHidden = field.scope == .parties
            #expect(view.shows(field.name) == !isHidden)
            #expect(view.values(of: field) == (isHidden ? [] : whole.values(of: field)))
            if isHidden { #expect(view.value(of: field) == nil) }
        }
        #expect(view.shows(SystemField.stage) && view.shows(nil))
    }

    @Test(arguments: ["350700", "350900"])
    func `nor its conflicts, its history and why it is so`(viewer: String) throws {
        let story = try story()
        let view = try view(story, for: viewer)
        let whole = try story.view()
        let member = try CaseSamples.member(viewer)
        let judged = try story.judged()
        func rest<Row>(_ rows: [Row], _ field: (Row) -> Text?) -> [Row] {
            let rest = rows.filter { !isOfParties(field($0), whole) }
            // Else this would prove nothing.
            #expect(!rest.isEmpty && rest.count < rows.count)
            return rest
        }
        let open = rest(whole.conflicts(TestHash.quick)) { $0.field }
        #expect(view.conflicts(TestHash.quick) == open)
        let all = rest(judged.conflicts(TestHash.quick)) { $0.field }
        #expect(judged.conflicts(TestHash.quick, viewer: member) == all)
        #expect(judged.lines(viewer: member) == rest(judged.lines()) { $0.field })
        let conflicts = judged.conflicts(TestHash.quick)
        let lines = rest(whole.explanation(conflicts).lines) { $0.field }
        #expect(view.explanation(conflicts).lines == lines)
    }

    @Test func `who is withdrawn keeps what it has and is shown it no more`() throws {
        var story = try Story(parties: ["350300"])
        let name = try #require(story.view().definition.field("name"))
        #expect(try view(story, for: "350300").value(of: name) == .text("a"))
        try story.change(
            "350128",
            CaseSamples.change(
                SystemField.parties,
                remove: [.member(try CaseSamples.member("350300"))]
            )
        )
        try story.sync()
        #expect(try view(story, for: "350300").value(of: name) == nil)
        #expect(try story.view().value(of: name) == .text("a"))
    }

    @Test func `subject and unique values are those that the viewer may see`() throws {
        let story = try Story(parties: ["350300"])
        let state = try story.view().state
        let given = try story.view().definition
        let definition = ItemDefinition(
            item: given.item,
            version: given.version,
            name: given.name,
            subject: "name",
            unique: ["name"],
            workflow: given.workflow,
            fields: given.fields
        )
        for (code, isParty) in [("350300", true), ("350900", false)] {
            let view = RecordView(state, definition, viewer: try CaseSamples.member(code))
            #expect((view.subject != nil) == isParty)
            #expect((view.unique(hash: TestHash.quick) != nil) == isParty)
        }
    }
}
