import AllianceModel
import Testing

@testable import ReplicationCore

/// Conflicts, what decides them, histories and explanations.
@Suite struct ConflictTests {
    /// A case that home took back late: Nanping (350700) had decided it.
    private func unwound() throws -> Story {
        var story = try Story()
        try story.move("350100", to: "checked", holder: "350700")
        var home = story
        try story.sync()
        try story.change(
            "350700",
            ChangeRequest(fields: [CaseSamples.set("amount", .integer(7))], stage: "decided")
        )
        try home.move("350128", holder: "350128")
        story.add(try #require(home.entries.last))
        try story.set("350300", "name", .text("b"))
        try story.set("350700", "name", .text("c"))
        try story.sync()
        return story
    }

    @Test
    func `two members name one conflict alike, and nothing about the order of values hints at who`()
        throws
    {
        let story = try unwound()
        let conflicts = try WildSamples.codes.dropLast().map { try story.conflicts($0) }
        #expect(Set(conflicts).count == 1)
        let ids = try #require(conflicts.first).map(\.id)
        #expect(ids == ids.sorted() && Set(ids).count == 4)
        for id in ids { #expect(id.string.wholeMatch(of: /c-[0-9a-f]{16}/) != nil) }
    }

    @Test func `an id binds kind, record, field and dots`() throws {
        let story = try Story()
        let key = try story.view().state.key
        let dots = [try story.dot("350100"), try story.dot("350300")]
        let id = Conflict.id(.review, record: key, field: "a", dots: dots, TestHash.quick)
        #expect(
            Conflict.id(.review, record: key, field: "a", dots: dots.reversed(), TestHash.quick)
                == id
        )
        var other = key
        other.headerDigest.low ^= 1
        let others = [
            Conflict.id(.concurrent, record: key, field: "a", dots: dots, TestHash.quick),
            Conflict.id(.review, record: other, field: "a", dots: dots, TestHash.quick),
            Conflict.id(.review, record: key, field: "b", dots: dots, TestHash.quick),
            Conflict.id(.review, record: key, field: nil, dots: dots, TestHash.quick),
            Conflict.id(.review, record: key, field: "a", dots: [dots[0]], TestHash.quick),
        ]
        #expect(Set(others + [id]).count == 6)
    }

    @Test func `a plain record is in no conflict`() throws {
        let story = try Story()
        #expect(try story.conflicts().isEmpty)
        #expect(try !story.view().state.isDisputed(story.view().definition))
        #expect(try story.judged().conflicts(TestHash.quick).isEmpty)
    }

    @Test func `what was overruled is listed with what is shown, and restored as a new write`()
        throws
    {
        var story = try unwound()
        let conflicts = try story.conflicts()
        #expect(
            Set(conflicts.map(\.field))
                == ["amount", "name", SystemField.stage, SystemField.turn]
        )
        let amount = try #require(conflicts.first { $0.field == "amount" })
        #expect(amount.kind == .overruled && !amount.waitsForDecision && amount.owner == nil)
        #expect(amount.values.map(\.value) == [.single(.integer(7))])
        #expect(amount.values.map(\.verdict) == [.overruled])
        let request = try story.view("350128").request(choosing: 0, of: amount)
        try story.change("350128", request)
        try story.sync()
        #expect(try story.shown("amount") == [.integer(7)])
        #expect(try story.conflicts().allSatisfy { $0.field != "amount" })
        let closed = try story.judged().conflicts(TestHash.quick).first { $0.id == amount.id }
        #expect(closed?.isOpen == false)
    }

    @Test func `an overruled stage and turn are restored by a move`() throws {
        var story = try unwound()
        let conflicts = try story.conflicts()
        let stage = try #require(conflicts.first { $0.field == SystemField.stage })
        let turn = try #require(conflicts.first { $0.field == SystemField.turn })
        try story.change("350128", try story.view("350128").request(choosing: 0, of: stage))
        #expect(try story.view("350128").stage == "decided")
        try story.change("350128", try story.view("350128").request(choosing: 0, of: turn))
        #expect(try story.view("350128").holder?.string == "350700")
    }

    @Test func `a decision may write another value, but no index that is not there`() throws {
        var story = try unwound()
        let name = try #require(try story.conflicts().first { $0.field == "name" })
        #expect(name.kind == .concurrent)
        let view = try story.view("350128")
        #expect(throws: Refusal.self) { try view.request(choosing: 2, of: name) }
        #expect(throws: Refusal.self) { try view.request(choosing: -1, of: name) }
        try story.change("350128", try view.request(writing: .set(.text("d")), for: name))
        try story.sync()
        #expect(try story.shown("name") == [.text("d")])
    }

    @Test func `of a field that is set once a decision is a ruling, which home alone makes`() throws
    {
        var story = try Story()
        try story.set("350300", "first", .text("b"))
        try story.set("350700", "first", .text("c"))
        try story.sync()
        let conflict = try #require(try story.conflicts().first)
        let request = try story.view("350128").request(choosing: 1, of: conflict)
        #expect(try story.refusal("350300", request) == .unauthorised)
        let written = try story.view("350128").request(writing: .set(.text("d")), for: conflict)
        #expect(written.fields.map(\.change) == [.rule(.text("d"))])
        try story.change("350128", request)
        try story.sync()
        #expect(try story.shown("first") == [.text("c")])
    }

    @Test func `a value that nobody has any more is shown as that and cannot be chosen`() throws {
        var story = try Story()
        story.restart("350300", 5)
        try story.set("350300", "name", .text("b"))
        let lost = try #require(story.entries.last)
        try story.set("350700", "name", .text("c"))
        story.cities["350700"]?.receive(lost)
        // "c" is of the later clock, so "b" was not shown to who replaced both.
        try story.set("350700", "name", .text("d"))
        story.entries.removeAll { $0 == lost }
        try story.sync()
        story.learn(RecordFacts(gone: [lost.writer]))
        let closed = try #require(try story.judged("350128").conflicts(TestHash.quick).first)
        #expect(closed.values.contains { $0.value == nil && $0.dot?.writer == lost.writer })
        let index = try #require(closed.values.firstIndex { $0.value == nil })
        #expect(throws: Refusal.self) {
            try story.view("350128").request(choosing: index, of: closed)
        }
    }

    @Test func `it began when there were two values`() throws {
        var story = try Story()
        try story.set("350300", "review", .text("b"))
        try story.set("350700", "review", .text("c"))
        let last = try #require(story.entries.last).changeset.timestamp
        try story.sync()
        #expect(try story.conflicts().map(\.since) == [last])
    }

    // MARK: History

    @Test func `a history holds every write, those of the creation and void ones, oldest first`()
        throws
    {
        let story = try unwound()
        let lines = try story.judged("350128").lines()
        let writes = story.entries.filter { $0.audience.includes(story.me) }
            .flatMap(\.changeset.writes)
        #expect(Set(lines.map(\.dot)).count <= writes.count && lines.count == writes.count)
        let keys = lines.map { [$0.timestamp.rawValue] }
        #expect(keys == keys.sorted { $0[0] < $1[0] })
        #expect(lines.first?.timestamp == (try story.view().state.created))
        let overruled = lines.filter { $0.verdict == .overruled }
        #expect(Set(overruled.map(\.field)) == ["amount", SystemField.stage, SystemField.turn])
        #expect(overruled.allSatisfy { !$0.isShown && !$0.isStanding })
        let names = lines.filter { $0.field == "name" }
        #expect(names.map(\.isStanding) == [false, true, true])
        #expect(names.map(\.isShown) == [false, false, true])
        #expect(names.map(\.seen.entries.count) == [0, 1, 1])
    }

    // MARK: Explanation

    @Test func `a clerk is told who holds it and why, which rule decided, and what was overruled`()
        throws
    {
        let story = try unwound()
        let conflicts = try story.conflicts()
        let lines = try story.view().explanation(conflicts).lines
        let texts = lines.map(\.text.string)
        #expect(
            texts.first
                == "a case of item GJJ-07, taken in by 350100; its home is 350128; "
                + "shared with 350300, 350700"
        )
        #expect(
            texts.contains("350128 holds it: 350128, its home, took it back from 350100, turn 1")
        )
        let amount = try #require(lines.first { $0.field == "amount" })
        #expect(amount.text.string.hasPrefix("written by 350700, counts for nothing"))
        #expect(amount.value == .single(.integer(7)))
        #expect(conflicts.map(\.id).contains(try #require(amount.conflict)))
        let name = try #require(lines.first { $0.field == "name" })
        #expect(name.text.string.hasSuffix("the later is shown"))
        // Values stand beside the words, so that they can be masked.
        #expect(texts.allSatisfy { !$0.contains("\"") && !$0.contains(" 7") })
    }

    @Test func `what waits for a decision, a total and a deletion are told`() throws {
        var story = try Story()
        for code in ["350300", "350700"] {
            try story.set(code, "review", .text(code == "350300" ? "b" : "c"))
            try story.change(code, FieldRequest(name: "trips", change: .add(.integer(4))))
        }
        try story.sync()
        try story.set("350128", SystemField.handling, .member(CaseSamples.member("350300")))
        try story.change("350128", ChangeRequest(fields: [], isDeletion: true))
        try story.sync()
        let texts = try story.view().explanation(story.conflicts()).lines.map(\.text.string)
        #expect(texts.contains { $0.hasPrefix("350128, its home, deleted it") })
        #expect(texts.contains("350300 handles it: 350128, its home, assigned it"))
        #expect(texts.contains { $0.hasPrefix("2 values wait for a decision of 350128") })
        #expect(
            texts.contains(
                "the total of 2 additions; it is beyond the limit of 5, which waits for a decision"
            )
        )
        #expect(texts.contains("350100 holds it, who took it in; nobody handed it on"))
    }

    @Test func `records that collide are told, and a total whose overrun was accepted once`() throws
    {
        var story = try Story()
        try story.change("350300", FieldRequest(name: "trips", change: .add(.integer(7))))
        try story.sync()
        let view = try story.view()
        let ids = try ["first", "second"].map { text in
            try Conflict.Value(
                value: .single(.text(Text(text))),
                dot: nil,
                writer: CaseSamples.member("350300"),
                timestamp: .zero,
                isShown: true,
                verdict: nil
            )
        }
        var duplicate = try Conflict(
            id: "c-1",
            kind: .duplicate,
            record: view.state.key,
            field: nil,
            since: .zero,
            owner: CaseSamples.member("350128"),
            rule: "both stand",
            values: ids,
            isOpen: true
        )
        var overrun = try #require(try story.conflicts().first { $0.kind == .overrun })
        overrun.isOpen = false
        let lines = view.explanation([duplicate, overrun]).lines
        let told = try #require(lines.first { $0.conflict == "c-1" })
        #expect(told.text == "another record collides with it, until 350128 closes one: both stand")
        #expect(
            lines.filter { $0.field == "trips" }.map(\.text) == [
                "the total of 1 addition; it is beyond the limit of 5, which was accepted"
            ]
        )
        duplicate.isOpen = false
        #expect(!view.explanation([duplicate]).lines.contains { $0.conflict == "c-1" })
    }
}

extension Story {
    /// The home.
    fileprivate var me: MemberCode { cities["350128"]?.me.member ?? entries[0].writer.member }
}
