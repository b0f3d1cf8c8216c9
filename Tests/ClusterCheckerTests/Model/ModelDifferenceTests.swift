import AllianceModel
import ClusterChecker
import Testing

/// A node that shows anything else than its writes come to is found, by record, field and dots.
struct ModelDifferenceTests {
    let story: Story
    /// A case in which something of every part of an outcome stands.
    let writes: [ModelWrite]
    let expected: ModelOutcome

    init() throws {
        let story = try Story()
        let (fuzhou, putian, nanping) = (story.accepting, story.home, story.third)
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let one = story.text("latest", fuzhou, "1", at: 11)
        let two = story.text("latest", putian, "2", at: 12)
        let reviewed = [
            story.text("review", fuzhou, "1", at: 13), story.text("review", putian, "2", at: 14),
        ]
        let wrong = story.text("homes", fuzhou, "3", at: 15)
        let waiting = story.text("takers", fuzhou, "4", at: 16, number: 2)
        let phone = story.text("phone", fuzhou, "5", at: 17)
        let sum = story.write("sum", putian, .addition(6), at: 18)
        self.story = story
        writes = [turn, one, two, wrong, waiting, phone, sum] + reviewed
        expected = story.judge(writes)
    }

    private func difference(
        viewer: MemberCode? = nil,
        _ change: (inout ModelOutcome) -> Void
    ) -> [ModelFinding] {
        var actual = expected
        change(&actual)
        return Model.difference(
            expected: expected,
            actual: actual,
            record: story.record,
            viewer: viewer ?? story.home
        )
    }

    private func id(_ field: Text, _ member: MemberCode, _ number: UInt64 = 1) -> ModelWriteID {
        let dot = ModelDot(member: member, incarnation: 1, number: number)
        return ModelWriteID(field: field, dot: dot)
    }

    @Test func `what is as it should be is no difference`() {
        #expect(difference { _ in }.isEmpty)
        #expect(!expected.conflicts.isEmpty && !expected.journal.isEmpty && !expected.held.isEmpty)
    }

    @Test func `every finding names record, field and dots, and what should be`() throws {
        let dropped = id("latest", story.accepting)
        let findings = difference { $0.siblings["latest"]?.remove(dropped.dot) }
        let finding = try #require(findings.first)
        #expect(findings.count == 1)
        #expect(finding.field == "latest" && finding.dots == [dropped.dot])
        #expect(
            finding.description
                == "siblings at 350300 record 350100.07070707-0707-0707-0707-070707070707 "
                + "field latest dots {350100/1#1}: dropped, should be siblings"
        )
    }

    /// One lie a case: the kind of finding it must give, and on which field.
    private static let lies: [(ModelFinding.Kind, Text, @Sendable (inout ModelOutcome) -> Void)] = [
        (.held, "takers", { $0.held = [:] }),
        (.held, "latest", { $0.hold("latest") }),
        (.verdict, "homes", { $0.judge("homes", .valid) }),
        (.verdict, "latest", { $0.judge("latest", .overruled) }),
        (.verdict, "review", { $0.judge("review", nil) }),
        (.custody, "@turn", { $0.chain = [] }),
        (.custody, "@turn", { $0.holder = $0.handling }),
        (.custody, "@turn", { $0.holder = nil }),
        (.stage, "@stage", { $0.stage = "closed" }),
        (.handling, "@handling", { $0.handling = $0.holder ?? $0.handling }),
        (.parties, "@parties", { $0.parties.removeFirst() }),
        (.deletion, "@delete", { $0.isDeleted.toggle() }),
        (.shown, "latest", { $0.shown["latest"] = .single(.text("1")) }),
        (.shown, "latest", { $0.shown["latest"] = nil }),
        (.shown, "review", { $0.shown["review"] = .single(.text("2")) }),
        (.shown, "sum", { $0.shown["sum"] = .total(12) }),
        (.shown, "set", { $0.shown["set"] = .elements([.text("x")]) }),
        (.shown, "phone", { $0.shown["phone"] = nil }),
        (.shown, "unknown", { $0.shown["unknown"] = .total(0) }),
        (.siblings, "latest", { $0.siblings["latest"] = [] }),
        (.siblings, "homes", { $0.siblings["homes"] = $0.siblings["latest"] }),
        (.journal, "latest", { outcome in outcome.unlist("latest") }),
        (.journal, "homes", { outcome in outcome.unlist("homes") }),
        (.journal, "review", { $0.journal($0.siblings["review"]?.first, "review") }),
        (.conflicts, "latest", { outcome in outcome.close("latest") }),
        (.conflicts, "review", { outcome in outcome.close("review") }),
        (.conflicts, "homes", { outcome in outcome.close("homes") }),
        (.conflicts, "sum", { outcome in outcome.close("sum") }),
        (
            .conflicts, "least",
            { outcome in
                let dots = outcome.siblings["latest"] ?? []
                outcome.conflicts.insert(
                    ModelConflict(kind: .concurrent, field: "least", dots: dots)
                )
            }
        ),
    ]

    @Test(arguments: Self.lies.indices)
    func `each lie is found, and only it`(index: Int) {
        let (kind, field, change) = Self.lies[index]
        let findings = difference(change)
        #expect(!findings.isEmpty)
        #expect(findings.allSatisfy { $0.kind == kind && $0.field == field }, "\(findings)")
    }

    @Test func `one who is no party need not be shown parties fields, but never wrong ones`() {
        let viewer = story.fourth
        #expect(difference(viewer: viewer) { $0.shown["phone"] = nil }.isEmpty)
        let wrong = difference(viewer: viewer) { $0.shown["phone"] = .single(.text("9")) }
        #expect(wrong.map(\.kind) == [.shown])
    }

    @Test func `a concurrent conflict may name one dot a value, but never one that is none`() {
        let more = story.text("latest", story.third, "2", at: 9)
        let expected = story.judge(writes + [more])
        var actual = expected
        actual.close("latest")
        let dots: Set = [id("latest", story.accepting).dot, id("latest", story.home).dot]
        actual.conflicts.insert(ModelConflict(kind: .concurrent, field: "latest", dots: dots))
        let compare = {
            Model.difference(
                expected: expected,
                actual: actual,
                record: story.record,
                viewer: story.home
            )
        }
        #expect(compare().isEmpty)
        let strange = id("latest", story.fourth).dot
        actual.conflicts.insert(ModelConflict(kind: .concurrent, field: "latest", dots: [strange]))
        #expect(compare().map(\.dots) == [[strange]])
    }
}

extension ModelOutcome {
    fileprivate mutating func hold(_ field: Text) {
        for id in verdicts.keys where id.field == field { held[id] = .predecessorMissing }
    }

    fileprivate mutating func judge(_ field: Text, _ verdict: ModelVerdict?) {
        for id in verdicts.keys where id.field == field { verdicts[id] = verdict }
    }

    fileprivate mutating func unlist(_ field: Text) {
        journal = journal.filter { $0.key.field != field }
    }

    fileprivate mutating func journal(_ dot: ModelDot?, _ field: Text) {
        guard let dot else { return }
        journal[ModelWriteID(field: field, dot: dot)] = [.lost]
    }

    fileprivate mutating func close(_ field: Text) {
        conflicts = conflicts.filter { $0.field != field }
    }
}
