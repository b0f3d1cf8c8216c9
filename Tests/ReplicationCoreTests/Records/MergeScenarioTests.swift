import AllianceModel
import Testing

@testable import ReplicationCore

/// Each row of the merge table, with the examples of docs/conflict-resolution.md.
@Suite struct MergeScenarioTests {
    @Test
    func `latest: concurrent values stand, the later is shown, who has seen both replaces both`()
        throws
    {
        var story = try Story()
        try story.set("350100", "name", .text("b"))
        try story.set("350300", "name", .text("c"))
        try story.sync()
        #expect(try story.shown("name") == [.text("c")])
        #expect(try story.conflicts().map(\.kind) == [.concurrent])
        try story.set("350700", "name", .text("d"))
        try story.sync()
        #expect(try story.shown("name") == [.text("d")])
        #expect(try story.conflicts().isEmpty)
        #expect(try story.view().state.field("name")?.lost == [story.dot("350100", 2)])
    }

    @Test func `review: all values are shown until one who has seen them writes one`() throws {
        var story = try Story()
        try story.set("350100", "review", .text("b"))
        try story.set("350300", "review", .text("c"))
        try story.sync()
        #expect(try story.shown("review") == [.text("b"), .text("c")])
        let open = try #require(try story.conflicts().first)
        #expect(open.kind == .review && open.waitsForDecision)
        #expect(open.owner == (try CaseSamples.member("350128")))
        let request = try story.view("350128").request(choosing: 1, of: open)
        try story.change("350128", request)
        try story.sync()
        #expect(try story.shown("review") == [.text("c")])
        #expect(try story.conflicts().isEmpty)
        let closed = try story.judged().conflicts(TestHash.quick)
        #expect(closed.map(\.id) == [open.id] && closed.allSatisfy { !$0.isOpen })
    }

    @Test func `review: siblings with equal values are one value and no conflict`() throws {
        var story = try Story()
        try story.set("350100", "review", .text("b"))
        try story.set("350300", "review", .text("b"))
        try story.sync()
        #expect(try story.shown("review") == [.text("b")])
        #expect(try story.conflicts().isEmpty)
    }

    @Test func `maximum: the extreme is shown, and corrected by one who has seen it`() throws {
        var story = try Story()
        try story.set("350100", "greatest", .integer(9_000))
        try story.set("350300", "greatest", .integer(8_500))
        try story.set("350700", "greatest", nil)
        try story.sync()
        #expect(try story.shown("greatest") == [.integer(9_000)])
        try story.set("350300", "greatest", .integer(8_500))
        try story.sync()
        #expect(try story.shown("greatest") == [.integer(8_500)])
        #expect(try story.view().state.field("greatest")?.standing.count == 1)
    }

    @Test func `minimum: the least is shown, however late the other clock`() throws {
        var story = try Story()
        var other = story
        try story.set("350128", "least", .integer(3))
        try other.set("350128", "least", .integer(7))
        // Home was restored, and both its incarnations wrote.
        let late = try #require(other.entries.last)
        var again = late
        again.writer.incarnation = Incarnation(rawValue: 7)
        again.changeset.writes[0].dot.writer = again.writer
        again.changeset.timestamp = CaseSamples.time(9_000)
        story.add(again)
        try story.sync()
        #expect(try story.shown("least") == [.integer(3)])
    }

    @Test func `once: the earliest is shown, who has seen it is refused, home rules`() throws {
        var story = try Story()
        try story.set("350300", "first", .text("b"))
        try story.set("350700", "first", .text("c"))
        try story.sync()
        #expect(try story.shown("first") == [.text("b")])
        #expect(try story.conflicts().map(\.kind) == [.concurrent])
        let again = ChangeRequest(fields: [CaseSamples.set("first", .text("d"))])
        #expect(try story.refusal("350100", again) == .alreadySet)
        let rule = FieldRequest(name: "first", change: .rule(.text("c")))
        #expect(try story.refusal("350100", ChangeRequest(fields: [rule])) == .unauthorised)
        try story.change("350128", rule)
        try story.sync()
        #expect(try story.shown("first") == [.text("c")])
        #expect(try story.conflicts().isEmpty)
        #expect(try story.refusal("350100", again) == .alreadySet)
    }

    @Test func `once: a ruling wins over what it had not seen, and a ceiling moves nothing`() throws
    {
        var story = try Story()
        try story.set("350300", "first", .text("b"))
        try story.change("350128", FieldRequest(name: "first", change: .rule(.text("d"))))
        try story.sync()
        #expect(try story.shown("first") == [.text("d")])
        var other = try Story()
        try other.set("350300", "first", .text("b"))
        try other.set("350700", "first", .text("c"))
        try other.sync()
        let writer = try CaseSamples.writer("350700")
        other.learn(RecordFacts(ceilings: [writer: CaseSamples.time(1)]))
        #expect(try other.shown("first") == [.text("b")])
    }

    @Test func `a ceiling counts in the order of siblings, and for what is new since when`() throws
    {
        var story = try Story()
        try story.set("350300", "name", .text("b"))
        try story.set("350700", "name", .text("c"))
        try story.sync()
        let before = try story.view().state.updated
        #expect(try story.conflicts().first?.since == before)
        let writer = try CaseSamples.writer("350700")
        story.learn(RecordFacts(ceilings: [writer: CaseSamples.time(1)]))
        #expect(try story.shown("name") == [.text("b")])
        let after = try story.view().state.updated
        #expect(after < before)
        #expect(try story.conflicts().first?.since == after)
    }

    @Test func `sum: additions in two cities overrun the limit, and a decision closes that`() throws
    {
        var story = try Story()
        try story.change("350100", FieldRequest(name: "trips", change: .add(.integer(3))))
        try story.change("350300", FieldRequest(name: "trips", change: .add(.integer(4))))
        try story.sync()
        #expect(try story.shown("trips") == [.integer(7)])
        let open = try #require(try story.conflicts().first)
        #expect(open.kind == .overrun && open.waitsForDecision)
        #expect(open.values.map(\.dot) == [try story.dot("350300")])

        var corrected = story
        let minus = FieldRequest(name: "trips", change: .add(.integer(-2)))
        try corrected.change("350700", minus)
        try corrected.sync()
        #expect(try corrected.shown("trips") == [.integer(5)])
        #expect(try corrected.conflicts().isEmpty)

        try story.change("350128", try story.view("350128").request(choosing: 0, of: open))
        try story.sync()
        #expect(try story.shown("trips") == [.integer(7)])
        #expect(try story.conflicts().isEmpty)
        // One more overruns it anew.
        try story.change("350700", FieldRequest(name: "trips", change: .add(.integer(1))))
        try story.sync()
        #expect(try story.conflicts().map(\.kind) == [.overrun])
    }

    @Test func `sum: one request of one member counts once, across a restore`() throws {
        var story = try Story()
        let add = FieldRequest(name: "trips", change: .add(.integer(2)))
        var request = ChangeRequest(fields: [add])
        request.requestID = Bytes(repeating: 7, count: 16)
        var restored = story
        try story.change("350300", request)
        restored.restart("350300", 5)
        try restored.change("350300", request)
        story.add(try #require(restored.entries.last))
        // Another member's request of that id is another one.
        try story.change("350700", request)
        try story.sync()
        #expect(try story.shown("trips") == [.integer(4)])
        #expect(try story.view().state.field("trips")?.standing.count == 3)
    }

    @Test func `sum: what 64 bits do not hold is shown as what they hold`() throws {
        var story = try Story()
        for code in ["350100", "350300"] {
            try story.change(code, FieldRequest(name: "trips", change: .add(.integer(.max))))
        }
        try story.sync()
        #expect(try story.shown("trips") == [.integer(.max)])
        try story.change("350700", FieldRequest(name: "trips", change: .add(.integer(-.max))))
        try story.sync()
        #expect(try story.shown("trips") == [.integer(.max)])
    }

    @Test func `union: a removal covers the addition that it had seen, and not the other`() throws {
        var story = try Story()
        try story.change("350100", CaseSamples.change("letters", add: [.text("a")]))
        try story.sync()
        try story.change("350100", CaseSamples.change("letters", remove: [.text("a")]))
        try story.change("350300", CaseSamples.change("letters", add: [.text("a"), .text("b")]))
        try story.sync()
        #expect(try story.shown("letters") == [.set([.text("a"), .text("b")])])
        #expect(try story.conflicts().isEmpty)
    }

    @Test func `stage: the later turn comes before the further stage`() throws {
        var story = try Story()
        try story.move("350100", to: "checked", holder: "350300")
        try story.sync()
        var ahead = story
        try ahead.move("350300", to: "decided")
        try story.move("350128", holder: "350128")
        try story.move("350128", to: "accepted")
        story.add(try #require(ahead.entries.last))
        try story.sync()
        #expect(try story.view().stage == "accepted")
        #expect(try story.view().turn == 2)
        // Its turn is on the chain still, so the move is no void one: it comes after.
        #expect(try story.conflicts().map(\.kind) == [.concurrent])
    }
}
