import AllianceModel
import ClusterChecker
import Testing

/// The table of merges, each row's sentence on its tests.
struct ModelRegisterTests {
    let story: Story
    let fuzhou: MemberCode
    let putian: MemberCode
    let nanping: MemberCode

    init() throws {
        story = try Story()
        (fuzhou, putian, nanping) = (story.accepting, story.home, story.third)
    }

    private func integer(
        _ field: Text,
        _ member: MemberCode,
        _ value: Int64,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = []
    ) -> ModelWrite {
        story.write(
            field,
            member,
            .single(.integer(value)),
            at: milliseconds,
            number: number,
            seen: seen
        )
    }

    private func elements(
        _ member: MemberCode,
        add: Set<FieldValue> = [],
        remove: Set<FieldValue> = [],
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = []
    ) -> ModelWrite {
        story.write(
            "set",
            member,
            .elements(added: add, removed: remove),
            at: milliseconds,
            number: number,
            seen: seen
        )
    }

    private func addition(
        _ member: MemberCode,
        _ amount: Int64,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        request: Bytes? = nil,
        incarnation: UInt64 = 1
    ) -> ModelWrite {
        story.write(
            "sum",
            member,
            .addition(amount),
            at: milliseconds,
            number: number,
            request: request,
            incarnation: incarnation
        )
    }

    // MARK: latest

    @Test func `a record of which nothing is known shows nothing`() {
        let outcome = story.judge([])
        #expect(outcome.shown["latest"] == .single(.cleared))
        #expect(outcome.shown["set"] == .elements([]))
        #expect(outcome.shown["sum"] == .total(0))
        #expect(outcome.stage == "accepted")
        #expect(outcome.holder == fuzhou)
        #expect(outcome.handling == putian)
        #expect(outcome.parties == [fuzhou, putian])
        #expect(outcome.journal.isEmpty && outcome.conflicts.isEmpty && outcome.held.isEmpty)
    }

    @Test func `latest: siblings, the greatest by effective timestamp, member, incarnation, n`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", putian, "2", at: 11)
        let third = story.text("latest", nanping, "3", at: 11)
        let outcome = story.judge([first, second, third])
        #expect(outcome.text("latest") == "3")
        #expect(outcome.siblings["latest"] == [first.dot, second.dot, third.dot])
        #expect(outcome.journaled(first) == [.sibling])
        #expect(outcome.journaled(third) == nil)
        #expect(
            outcome.conflicts == [
                ModelConflict(
                    kind: .concurrent,
                    field: "latest",
                    dots: [first.dot, second.dot, third.dot]
                )
            ]
        )
    }

    @Test func `the writes that no valid write's context covers are siblings, whatever their time`()
    {
        let first = story.text("latest", fuzhou, "1", at: 50)
        let second = story.text("latest", putian, "2", at: 10, seen: [first])
        let outcome = story.judge([first, second])
        #expect(outcome.text("latest") == "2")
        #expect(outcome.siblings["latest"] == [second.dot])
        #expect(outcome.journal.isEmpty && outcome.conflicts.isEmpty)
    }

    @Test func `one that left its own last write out of its context stands beside it`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", fuzhou, "2", at: 11, number: 2)
        #expect(story.judge([first, second]).siblings["latest"] == [first.dot, second.dot])
    }

    @Test func `siblings with equal values are one value, and no conflict`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", putian, "1", at: 11)
        let outcome = story.judge([first, second])
        #expect(outcome.conflicts.isEmpty)
        #expect(outcome.journaled(first) == [.siblingOfEqualValue])
    }

    @Test func `an earlier write of a lowered ceiling does not win by its clock`() {
        let ahead = story.text("latest", putian, "ahead", at: 900)
        let later = story.text("latest", fuzhou, "later", at: 20)
        let ceiling = [ModelWriter(ahead): ModelTimestamp(milliseconds: 10)]
        #expect(story.judge([ahead, later]).text("latest") == "ahead")
        let outcome = story.judge([ahead, later], ModelFacts(ceilings: ceiling))
        #expect(outcome.text("latest") == "later")
    }

    @Test func `null clears, and may be the one that loses`() {
        let value = story.text("latest", fuzhou, "1", at: 10)
        let cleared = story.text("latest", putian, nil, at: 11)
        #expect(story.judge([value, cleared]).shown["latest"] == .single(.cleared))
        let late = story.text("latest", nanping, "2", at: 12)
        #expect(story.judge([value, cleared, late]).journaled(cleared) == [.sibling])
    }

    // MARK: review

    @Test func `review: all values, until somebody, having seen them, writes one`() {
        let first = story.text("review", fuzhou, "1", at: 10)
        let second = story.text("review", putian, "2", at: 11)
        let outcome = story.judge([first, second])
        #expect(outcome.shown["review"] == .review([.text("1"), .text("2")]))
        #expect(outcome.journal.isEmpty)
        #expect(
            outcome.conflicts == [
                ModelConflict(kind: .review, field: "review", dots: [first.dot, second.dot])
            ]
        )
        let one = story.text("review", nanping, "1", at: 12, seen: [first, second])
        let decided = story.judge([first, second, one])
        #expect(decided.shown["review"] == .single(.text("1")))
        #expect(decided.conflicts.isEmpty)
    }

    // MARK: union

    @Test func `union: a remove covers what it had seen; add wins`() {
        let added = elements(fuzhou, add: [.text("a"), .text("b")], at: 10)
        let removed = elements(putian, remove: [.text("a")], at: 12, seen: [added])
        let again = elements(nanping, add: [.text("a")], at: 11)
        #expect(story.judge([added, removed]).shown["set"] == .elements([.text("b")]))
        let outcome = story.judge([added, removed, again])
        #expect(outcome.shown["set"] == .elements([.text("a"), .text("b")]))
        #expect(outcome.conflicts.isEmpty && outcome.journal.isEmpty)
    }

    @Test func `a remove of what was never seen removes nothing`() {
        let added = elements(fuzhou, add: [.text("a")], at: 10)
        let blind = elements(putian, remove: [.text("a")], at: 12)
        #expect(story.judge([added, blind]).shown["set"] == .elements([.text("a")]))
    }

    @Test func `who adds an element again takes the earlier additions' place`() {
        let added = elements(fuzhou, add: [.text("a")], at: 10)
        let again = elements(putian, add: [.text("a")], at: 11, seen: [added])
        // Its context is bounded: that of the last addition is enough.
        let removed = elements(nanping, remove: [.text("a")], at: 12, seen: [again])
        #expect(story.judge([added, again]).shown["set"] == .elements([.text("a")]))
        #expect(story.judge([added, again, removed]).shown["set"] == .elements([]))
        let gone = ModelFacts(gone: [ModelWriter(added)])
        #expect(story.judge([added, again], gone).journal == [added.id: [.replacedByEqual]])
        #expect(
            story.judge([added, again, removed], gone).journal == [added.id: [.replaced]]
        )
    }

    @Test func `a write that adds one element removes no other that it had seen`() {
        let added = elements(fuzhou, add: [.text("a")], at: 10)
        let other = elements(fuzhou, add: [.text("b")], at: 11, number: 2, seen: [added])
        #expect(story.judge([added, other]).shown["set"] == .elements([.text("a"), .text("b")]))
    }

    // MARK: sum

    @Test func `sum: every addition counts once, those of one member and request id together`() {
        let key: Bytes = [9]
        let first = addition(fuzhou, 2, at: 10, request: key)
        let retry = addition(fuzhou, 2, at: 20, request: key, incarnation: 2)
        let elsewhere = addition(putian, 2, at: 30, request: key)
        let plain = addition(fuzhou, -1, at: 40, number: 2)
        #expect(story.judge([first, retry]).shown["sum"] == .total(2))
        let all = story.judge([first, retry, elsewhere, plain])
        #expect(all.shown["sum"] == .total(3))
        #expect(all.verdict(retry) == .valid)
    }

    @Test func `two additions without a request id count twice`() {
        let writes = [addition(fuzhou, 2, at: 10), addition(fuzhou, 2, at: 11, number: 2)]
        #expect(story.judge(writes).shown["sum"] == .total(4))
    }

    @Test func `the additions that overrun the limit, in timestamp order, are a conflict`() {
        let first = addition(fuzhou, 3, at: 10)
        let second = addition(putian, 2, at: 11)
        let third = addition(nanping, 1, at: 12)
        #expect(story.judge([first, second]).conflicts.isEmpty)
        let outcome = story.judge([third, first, second])
        #expect(outcome.shown["sum"] == .total(6))
        #expect(
            outcome.conflicts == [
                ModelConflict(kind: .overrun, field: "sum", dots: [third.dot])
            ]
        )
        let correction = addition(putian, -1, at: 13, number: 2)
        #expect(story.judge([third, first, second, correction]).conflicts.isEmpty)
        var decision = addition(putian, 0, at: 13, number: 2)
        #expect(story.judge([third, first, second, decision]).conflicts.count == 1)
        decision.context = story.context([first, second, third])
        #expect(story.judge([third, first, second, decision]).conflicts.isEmpty)
    }

    @Test func `limit goes by the raw timestamp, else a ceiling would backdate`() {
        let first = addition(fuzhou, 5, at: 10)
        let second = addition(putian, 1, at: 11)
        let facts = ModelFacts(
            ceilings: [ModelWriter(second): ModelTimestamp(milliseconds: 1)]
        )
        #expect(story.judge([first, second], facts).conflicts.first?.dots == [second.dot])
    }

    @Test func `a total beyond 64 bits is the greatest there is`() {
        let writes = [
            addition(fuzhou, .max, at: 10), addition(putian, .max, at: 11),
            addition(nanping, -1, at: 12),
        ]
        #expect(story.judge(writes).shown["sum"] == .total(.max))
    }

    // MARK: maximum, minimum

    @Test func `maximum and minimum: the extreme; one who has seen it may correct it`() {
        let values = [(fuzhou, Int64(7)), (putian, 9), (nanping, 8)]
        let most = values.enumerated().map { integer("most", $1.0, $1.1, at: UInt64(10 + $0)) }
        let least = values.enumerated().map { integer("least", $1.0, $1.1, at: UInt64(20 + $0)) }
        let outcome = story.judge(most + least)
        #expect(outcome.shown["most"] == .single(.integer(9)))
        #expect(outcome.shown["least"] == .single(.integer(7)))
        #expect(outcome.journaled(most[0]) == [.sibling])
        #expect(outcome.siblings["most"]?.count == 3)
        let corrected = integer("most", fuzhou, 1, at: 30, number: 2, seen: most)
        #expect(story.judge(most + [corrected]).shown["most"] == .single(.integer(1)))
    }

    @Test func `null is no extreme while there is a value`() {
        let value = integer("most", fuzhou, 7, at: 10)
        let null = story.write("most", putian, .single(.cleared), at: 11)
        #expect(story.judge([value, null]).shown["most"] == .single(.integer(7)))
        #expect(story.judge([null]).shown["most"] == .single(.cleared))
    }

    // MARK: once

    @Test func `once: siblings, the earliest`() {
        let first = story.text("once", putian, "1", at: 10)
        let second = story.text("once", fuzhou, "2", at: 11)
        let outcome = story.judge([first, second])
        #expect(outcome.text("once") == "1")
        #expect(outcome.journaled(second) == [.sibling])
    }

    @Test func `once goes by the raw timestamp, else a ceiling would backdate`() {
        let first = story.text("once", putian, "1", at: 10)
        let second = story.text("once", fuzhou, "2", at: 11)
        let facts = ModelFacts(
            ceilings: [ModelWriter(second): ModelTimestamp(milliseconds: 1)]
        )
        #expect(story.judge([first, second], facts).text("once") == "1")
    }

    @Test func `a write that had seen a valid one is void (already_set)`() {
        let first = story.text("once", putian, "1", at: 10)
        let second = story.text("once", fuzhou, "2", at: 11, seen: [first])
        let third = story.text("once", nanping, "3", at: 12, seen: [second])
        let outcome = story.judge([first, second, third])
        #expect(outcome.verdict(second) == .alreadySet)
        #expect(outcome.journaled(second) == [.void(.alreadySet)])
        // The third had seen only a void one, which is nothing.
        #expect(outcome.verdict(third) == .valid)
        #expect(outcome.siblings["once"] == [first.dot, third.dot])
    }

    @Test func `a ruling by home wins over all`() {
        let first = story.text("once", fuzhou, "1", at: 10)
        let ruling = story.write("once", putian, .ruling(.text("2")), at: 11, seen: [first])
        let late = story.text("once", nanping, "3", at: 5)
        let outcome = story.judge([first, ruling, late])
        #expect(outcome.text("once") == "2")
        #expect(outcome.verdict(ruling) == .valid)
        #expect(outcome.journaled(late) == [.sibling])
        let again = story.write(
            "once",
            putian,
            .ruling(.text("4")),
            at: 12,
            number: 2,
            seen: [ruling]
        )
        #expect(story.judge([first, ruling, again]).text("once") == "4")
        let lie = story.write("once", nanping, .ruling(.text("5")), at: 13)
        #expect(story.judge([lie]).verdict(lie) == .unauthorised)
    }
}
