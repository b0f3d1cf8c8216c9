import AllianceModel
import Testing

@testable import ReplicationCore

/// Each verdict, and that a void write joins nothing, covers nothing, and stands in the journal.
@Suite struct VerdictScenarioTests {
    private func text(_ value: Text) -> WriteValue { .single(.text(value)) }

    @Test func `without authority: unauthorised, at every member`() throws {
        var story = try Story()
        let name = try story.dot("350100")
        try story.lie("350300", "accepted", text("x"))
        try story.lie("350700", "least", .single(.integer(1)))
        try story.lie("350300", SystemField.parties, .elements(add: [], remove: [member("350700")]))
        try story.lie("350300", SystemField.handling, .single(member("350300")))
        try story.lie("350300", SystemField.turn, .single(member("350300")))
        try story.lie("350300", "first", .ruling(.text("x")))
        try story.sync()
        for field: Text in [
            "accepted", "least", SystemField.parties, SystemField.handling, SystemField.turn,
            "first",
        ] {
            #expect(try story.verdicts(field) == [.unauthorised], "\(field)")
            #expect(try story.verdicts(field, at: "350128") == [.unauthorised], "\(field)")
        }
        #expect(try story.view().parties.count == 4)
        #expect(try story.view().holder == name.writer.member)
        #expect(try story.conflicts().allSatisfy { $0.kind == .unauthorised && $0.isOpen })
    }

    @Test func `a void write covers nothing, and what it lists as lost counts for nothing`() throws
    {
        var story = try Story()
        try story.set("350100", "accepted", .text("b"))
        try story.sync()
        let dot = try story.dot("350100")
        try story.lie("350300", "accepted", text("x"), seen: [dot])
        try story.sync()
        #expect(try story.shown("accepted") == [.text("b")])
        // Whoever writes on, having seen it, closes the conflict.
        try story.set("350100", "accepted", .text("c"))
        try story.sync()
        #expect(try story.conflicts().isEmpty)
        #expect(try story.verdicts("accepted") == [.unauthorised])
        #expect(try story.judged().conflicts(TestHash.quick).map(\.isOpen) == [false])
    }

    @Test func `an earlier holder who had seen a later turn's write has lost the right`() throws {
        var story = try Story()
        try story.set("350100", "amount", .integer(1))
        try story.sync()
        try story.move("350100", holder: "350300")
        try story.sync()
        try story.set("350300", "amount", .integer(2))
        try story.sync()
        let seen = [try story.dot("350100"), try story.dot("350300")]
        try story.lie("350100", "amount", .single(.integer(3)), seen: seen)
        try story.sync()
        #expect(try story.verdicts("amount") == [.unauthorised])
        #expect(try story.shown("amount") == [.integer(2)])
    }

    @Test func `an earlier holder who had not seen it is a sibling and comes after`() throws {
        var story = try Story()
        try story.move("350100", holder: "350300")
        var late = story
        try story.sync()
        try story.set("350300", "amount", .integer(2))
        late.restart("350100", 5)
        try late.lie("350100", "amount", .single(.integer(3)))
        story.add(try #require(late.entries.last))
        try story.sync()
        #expect(try story.verdicts("amount").isEmpty)
        #expect(try story.shown("amount") == [.integer(2)])
        #expect(try story.view().state.field("amount")?.standing.count == 2)
    }

    @Test func `on a turn that is not on the chain: overruled`() throws {
        var story = try Story()
        try story.move("350100", to: "checked", holder: "350700")
        var home = story
        try story.sync()
        try story.set("350700", "amount", .integer(2))
        try home.move("350128", holder: "350128")
        story.add(try #require(home.entries.last))
        try story.sync()
        #expect(try story.verdicts("amount") == [.overruled])
        #expect(try story.verdicts(SystemField.turn) == [.overruled])
        #expect(try story.view().holder?.string == "350128")
        #expect(try story.shown("amount").isEmpty)
    }

    @Test func `turns in a circle lead nowhere`() throws {
        var story = try Story()
        let writer = Writer(
            member: try CaseSamples.member("350300"),
            incarnation: Incarnation(rawValue: 99)
        )
        let dots = [1, 2].map { Dot(writer: writer, number: $0) }
        let turn = WriteValue.single(try member("350300"))
        try story.lie("350300", SystemField.turn, turn, number: 1, ground: dots[1])
        try story.lie("350300", SystemField.turn, turn, number: 2, ground: dots[0])
        try story.sync()
        #expect(story.cities["350128"]?.held.count == 2)
        story.learn(RecordFacts(gone: [writer]))
        #expect(story.cities["350128"]?.held.isEmpty == true)
        #expect(try story.verdicts(SystemField.turn) == [.overruled, .overruled])
        #expect(try story.view().turn == 0)
    }

    @Test func `on a turn that nobody has: ground_gone, until it turns up`() throws {
        var story = try Story()
        story.restart("350100", 5)
        try story.move("350100", holder: "350300")
        let turn = try #require(story.entries.last)
        story.cities["350300"]?.receive(turn)
        try story.set("350300", "amount", .integer(2))
        story.entries.removeAll { $0 == turn }
        try story.sync()
        #expect(story.cities["350128"]?.held.count == 1)
        story.learn(RecordFacts(gone: [turn.writer]))
        #expect(try story.verdicts("amount", at: "350128") == [.groundGone])
        story.add(turn)
        try story.sync()
        #expect(try story.verdicts("amount", at: "350128").isEmpty)
        #expect(try story.shown("amount") == [.integer(2)])
    }

    @Test func `one number for two values: neither counts, whichever came first`() throws {
        var story = try Story()
        try story.lie("350300", "name", text("x"))
        try story.lie("350300", "name", text("y"))
        try story.sync()
        #expect(try story.verdicts("name") == [.numberUsedTwice, .numberUsedTwice])
        #expect(try story.shown("name") == [.text("a")])
        let conflict = try #require(try story.conflicts().first)
        #expect(conflict.kind == .numberUsedTwice)
        #expect(conflict.values.map(\.isShown) == [false, false, true])
    }

    @Test func `the same content in two places is one write`() throws {
        var story = try Story()
        try story.set("350300", "name", .text("b"))
        var copy = try #require(story.entries.last)
        copy.sequence = 7
        story.add(copy)
        try story.sync()
        #expect(try story.verdicts("name").isEmpty)
        #expect(try story.shown("name") == [.text("b")])
    }

    @Test func `what is forked is nothing to anybody: no value, no turn, no addition`() throws {
        var story = try Story(parties: ["350700"])
        story.restart("350128", 5)
        let forked = try CaseSamples.writer("350128", 5)
        try story.move("350128", holder: "350128")
        try story.change(
            "350128",
            CaseSamples.change(SystemField.parties, add: [member("350300")])
        )
        let first = try #require(story.entries.dropLast().last)
        try story.sync()
        try story.set("350128", "amount", .integer(2))
        try story.set("350300", "name", .text("b"))
        story.restart("350128", 6)
        try story.sync()
        var facts = RecordFacts(forkedWriters: [forked])
        facts.forks[first.evidence.provenance.feed] = first.sequence
        story.learn(facts)
        #expect(try story.view("350128").holder?.string == "350100")
        #expect(try story.view("350128").parties.count == 3)
        #expect(try story.verdicts(SystemField.turn, at: "350128") == [.forked])
        #expect(try story.verdicts(SystemField.parties, at: "350128") == [.forked])
        // What was built on it stands in the journal, and its honest writer is called no liar.
        #expect(try story.verdicts("amount", at: "350128") == [.overruled])
        #expect(try story.verdicts("name", at: "350128") == [.groundGone])
    }

    @Test func `who holds a branch of a fork and who holds none compare as equal`() throws {
        var story = try Story()
        story.restart("350128", 5)
        try story.move("350128", holder: "350128")
        let turn = try #require(story.entries.last)
        try story.set("350128", "amount", .integer(2))
        var without = story
        without.entries.removeAll { $0 == turn }
        var facts = RecordFacts(forkedWriters: [turn.writer])
        facts.forks[turn.evidence.provenance.feed] = turn.sequence
        try story.sync()
        try without.sync()
        story.learn(facts)
        without.learn(facts)
        let digests = try [story, without].map { story in
            let view = try story.view("350700")
            return view.state.digest(
                scopes: [.alliance, .parties],
                definition: view.definition,
                hash: TestHash.quick
            )
        }
        #expect(try story.verdicts("amount", at: "350700") == [.overruled])
        #expect(try without.verdicts("amount", at: "350700") == [.groundGone])
        #expect(digests[0] == digests[1])
    }

    @Test func `beyond a closing list: left`() throws {
        var story = try Story()
        try story.set("350300", "name", .text("b"))
        try story.set("350300", "name", .text("c"))
        let last = try #require(story.entries.last)
        try story.sync()
        story.learn(RecordFacts(closed: [last.evidence.provenance.feed: last.sequence - 1]))
        #expect(try story.verdicts("name") == [.left])
        #expect(try story.shown("name") == [.text("b")])
    }

    @Test func `set again by one who had seen it: already_set`() throws {
        var story = try Story()
        try story.set("350100", "first", .text("b"))
        try story.sync()
        try story.lie("350300", "first", text("x"), seen: [try story.dot("350100")])
        try story.lie("350700", "first", text("y"))
        try story.sync()
        #expect(try story.verdicts("first") == [.alreadySet])
        #expect(try story.shown("first") == [.text("b")])
    }

    @Test func `what was replaced of an incarnation that is gone is in the journal`() throws {
        var story = try Story()
        try story.set("350300", "name", .text("b"))
        try story.sync()
        try story.set("350700", "name", .text("c"))
        try story.sync()
        #expect(try story.view().state.field("name")?.lost.isEmpty == true)
        story.learn(RecordFacts(gone: [try CaseSamples.writer("350300")]))
        #expect(try story.view().state.field("name")?.lost == [story.dot("350300")])
        #expect(try story.judged().conflicts(TestHash.quick).map(\.kind) == [.concurrent])
    }

    private func member(_ code: String) throws -> FieldValue {
        .member(try CaseSamples.member(code))
    }
}
