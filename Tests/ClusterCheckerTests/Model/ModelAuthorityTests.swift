import AllianceModel
import ClusterChecker
import Testing

/// Authority "is judged by what the writer stood on, not by what arrived first".
struct ModelAuthorityTests {
    let story: Story
    let fuzhou: MemberCode
    let putian: MemberCode
    let nanping: MemberCode
    let ningde: MemberCode

    init() throws {
        story = try Story()
        (fuzhou, putian, nanping) = (story.accepting, story.home, story.third)
        ningde = story.fourth
    }

    @Test func `a write without authority joins nothing and covers nothing`() {
        let right = story.text("homes", putian, "1", at: 10)
        let wrong = story.text("homes", fuzhou, "2", at: 11, seen: [right])
        let outcome = story.judge([right, wrong])
        #expect(outcome.verdict(wrong) == .unauthorised)
        #expect(outcome.text("homes") == "1")
        #expect(outcome.siblings["homes"] == [right.dot])
        #expect(outcome.journaled(wrong) == [.void(.unauthorised)])
        #expect(
            outcome.conflicts == [
                ModelConflict(kind: .void(.unauthorised), field: "homes", dots: [wrong.dot])
            ]
        )
        let later = story.text("homes", putian, "3", at: 12, number: 2, seen: [right, wrong])
        #expect(story.judge([right, wrong, later]).conflicts.isEmpty)
    }

    @Test func `accepting writes what is accepting's`() {
        let right = story.text("takers", fuzhou, "1", at: 10)
        let wrong = story.text("takers", putian, "2", at: 11)
        let outcome = story.judge([right, wrong])
        #expect(outcome.verdict(right) == .valid)
        #expect(outcome.verdict(wrong) == .unauthorised)
    }

    @Test func `listed members write, and nobody else`() throws {
        let listed = Story.field(
            "listed",
            .text(maximumBytes: 9),
            .latest,
            .members([story.third])
        )
        let story = try Story(Story.definition(more: [listed]))
        let right = story.text("listed", story.third, "1", at: 10)
        let wrong = story.text("listed", story.home, "2", at: 11)
        #expect(story.judge([right, wrong]).verdict(right) == .valid)
        #expect(story.judge([right, wrong]).verdict(wrong) == .unauthorised)
    }

    // MARK: parties

    @Test func `any, for a parties field: until that addition is applied, the write is held`() {
        let added = story.parties(putian, add: [nanping], at: 10)
        let phone = story.text("phone", nanping, "1", at: 11)
        #expect(story.judge([phone]).held == [phone.id: .partyUnknown])
        let outcome = story.judge([phone, added])
        #expect(outcome.held.isEmpty)
        #expect(outcome.verdict(phone) == .valid)
        #expect(outcome.text("phone") == "1")
    }

    @Test func `who ever validly became a party may write, also after its withdrawal`() {
        let added = story.parties(fuzhou, add: [nanping], at: 10)
        let withdrawn = story.parties(putian, remove: [nanping], at: 11, seen: [added])
        let phone = story.text("phone", nanping, "1", at: 12)
        let outcome = story.judge([added, withdrawn, phone])
        #expect(outcome.parties == [fuzhou, putian])
        #expect(outcome.verdict(phone) == .valid)
    }

    @Test func `an addition by another than home or accepting makes no party`() {
        let added = story.parties(nanping, add: [nanping], at: 10)
        let phone = story.text("phone", nanping, "1", at: 12)
        let outcome = story.judge([added, phone])
        #expect(outcome.verdict(added) == .unauthorised)
        #expect(outcome.parties == [fuzhou, putian])
        #expect(outcome.verdict(phone) == .unauthorised)
    }

    @Test func `what honest members built on a forked addition stands in the journal`() {
        let added = story.parties(putian, add: [nanping], at: 10)
        let phone = story.text("phone", nanping, "1", at: 12)
        let facts = ModelFacts(forks: [added.place.feed: 10])
        let outcome = story.judge([added, phone], facts)
        #expect(outcome.verdict(added) == .forked)
        #expect(outcome.verdict(phone) == .groundGone)
        #expect(outcome.journaled(phone) == [.void(.groundGone)])
    }

    @Test func `nobody waits for an addition of a gone or forked incarnation, held or not`() {
        let added = story.parties(putian, add: [nanping], at: 10)
        let phone = story.text("phone", nanping, "1", at: 12)
        for facts in [
            ModelFacts(gone: [ModelWriter(added)]),
            ModelFacts(forks: [added.place.feed: 10], forked: [ModelWriter(added)]),
        ] {
            let outcome = story.judge([phone], facts)
            #expect(outcome.held.isEmpty)
            #expect(outcome.verdict(phone) == .groundGone)
        }
        let late = story.judge([phone, added], ModelFacts(gone: [ModelWriter(added)]))
        #expect(late.verdict(phone) == .valid)
        let elsewhere = ModelFacts(gone: [ModelWriter(phone)])
        #expect(story.judge([phone], elsewhere).held == [phone.id: .partyUnknown])
    }

    // MARK: holder

    @Test func `holder: empty for the first turn, which accepting holds`() {
        let right = story.text("holders", fuzhou, "1", at: 10)
        let wrong = story.text("holders", putian, "2", at: 11)
        let outcome = story.judge([right, wrong])
        #expect(outcome.verdict(right) == .valid)
        #expect(outcome.verdict(wrong) == .unauthorised)
    }

    @Test func `holder: who is named by the turn it stands on, wherever the case went since`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let next = story.turn(nanping, to: putian, after: turn, at: 20)
        let late = story.text("holders", nanping, "1", at: 30, ground: turn)
        let outcome = story.judge([turn, next, late])
        #expect(outcome.verdict(late) == .valid)
        let wrong = story.text("holders", ningde, "1", at: 30, ground: turn)
        #expect(story.judge([turn, wrong]).verdict(wrong) == .unauthorised)
    }

    @Test func `under holder the later turn comes before time`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let early = story.text("holders", fuzhou, "first turn", at: 90)
        let late = story.text("holders", nanping, "second turn", at: 20, ground: turn)
        let outcome = story.judge([turn, early, late])
        #expect(outcome.text("holders") == "second turn")
        #expect(outcome.journaled(early) == [.sibling])
    }

    @Test func `a write whose context names another's write made on a later turn is unauthorised`()
    {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let theirs = story.text("holders", nanping, "1", at: 20, ground: turn)
        let back = story.text("holders", fuzhou, "2", at: 30, seen: [theirs])
        let outcome = story.judge([turn, theirs, back])
        #expect(outcome.verdict(back) == .unauthorised)
        #expect(outcome.text("holders") == "1")
    }

    @Test func `one's own write on a later turn takes no right away`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let again = story.turn(nanping, to: fuzhou, after: turn, at: 11)
        let own = story.text("holders", fuzhou, "1", at: 20, ground: again)
        let back = story.text("holders", fuzhou, "2", at: 30, number: 2, seen: [own])
        #expect(story.judge([turn, again, own, back]).verdict(back) == .valid)
    }

    @Test func `a lie made on a later turn that was not its maker's takes no right away`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let lie = story.text("holders", ningde, "1", at: 20, ground: turn)
        let honest = story.text("holders", fuzhou, "2", at: 30, seen: [lie])
        let outcome = story.judge([turn, lie, honest])
        #expect(outcome.verdict(lie) == .unauthorised)
        #expect(outcome.verdict(honest) == .valid)
    }

    // MARK: handling

    private func assign(
        _ member: MemberCode,
        to handling: MemberCode?,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = []
    ) -> ModelWrite {
        story.write(
            ModelField.handling,
            member,
            .member(handling),
            at: milliseconds,
            number: number,
            seen: seen
        )
    }

    @Test func `handling: home else, and whom home assigned on its assignment`() {
        let byDefault = story.text("handlers", putian, "1", at: 10)
        let assigned = assign(putian, to: nanping, at: 11)
        let theirs = story.text("handlers", nanping, "2", at: 5, ground: assigned)
        let none = story.text("handlers", nanping, "3", at: 13, number: 2)
        let outcome = story.judge([byDefault, assigned, theirs, none])
        #expect(outcome.handling == nanping)
        #expect(outcome.verdict(byDefault) == .valid)
        #expect(outcome.verdict(theirs) == .valid)
        // The number before is there, but home's handling by default is home's.
        #expect(outcome.verdict(none) == .unauthorised)
        // "the later turn or assignment comes before time"
        #expect(outcome.text("handlers") == "2")
    }

    @Test func `handling falls back to home, and a stranger's assignment is nothing`() {
        let assigned = assign(putian, to: nanping, at: 11)
        let withdrawn = assign(putian, to: nil, at: 12, number: 2, seen: [assigned])
        #expect(story.judge([assigned, withdrawn]).handling == putian)
        let lie = assign(fuzhou, to: ningde, at: 20)
        let built = story.text("handlers", ningde, "2", at: 21, ground: lie)
        let outcome = story.judge([lie, built])
        #expect(outcome.handling == putian)
        #expect(outcome.verdict(lie) == .unauthorised)
        #expect(outcome.verdict(built) == .overruled)
    }

    @Test func `home's write on its default right, made after it had seen the assigned one's`() {
        let assigned = assign(putian, to: nanping, at: 11)
        let theirs = story.text("handlers", nanping, "2", at: 12, ground: assigned)
        let home = story.text("handlers", putian, "1", at: 13, seen: [theirs])
        #expect(story.judge([assigned, theirs, home]).verdict(home) == .unauthorised)
    }
}
