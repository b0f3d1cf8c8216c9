import AllianceModel
import ClusterChecker
import Testing

/// Custody: "a case has one holder".
struct ModelCustodyTests {
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

    @Test func `the chain is walked forward from the creation`() {
        let first = story.turn(fuzhou, to: nanping, at: 10)
        let second = story.turn(nanping, to: ningde, after: first, at: 5)
        let outcome = story.judge([second, first])
        #expect(outcome.chain == [first.dot, second.dot])
        #expect(outcome.holder == ningde)
        #expect(outcome.journal.isEmpty)
    }

    @Test func `a plain record has no holder, and a turn in it is malformed`() throws {
        let story = try Story(Story.definition(isCase: false))
        let turn = story.turn(story.accepting, to: story.third, at: 10)
        let outcome = story.judge([turn])
        #expect(outcome.holder == nil && outcome.stage == nil && outcome.chain.isEmpty)
        #expect(outcome.held == [turn.id: .malformed])
    }

    @Test func `of the turns that validly follow a home's wins over the holder's`() {
        let handed = story.turn(fuzhou, to: nanping, at: 90)
        let clawed = story.turn(putian, to: putian, at: 10)
        let outcome = story.judge([handed, clawed])
        #expect(outcome.chain == [clawed.dot])
        #expect(outcome.holder == putian)
        #expect(outcome.verdict(handed) == .overruled)
        #expect(outcome.journaled(handed) == [.void(.overruled)])
    }

    @Test func `else the greatest by effective timestamp, member, incarnation, n`() {
        let first = story.turn(fuzhou, to: nanping, at: 10)
        let second = story.turn(fuzhou, to: ningde, at: 11, incarnation: 2)
        #expect(story.judge([first, second]).holder == ningde)
        let ceilings = [ModelWriter(second): ModelTimestamp(milliseconds: 9)]
        #expect(story.judge([first, second], ModelFacts(ceilings: ceilings)).holder == nanping)
    }

    @Test func `a turn made by neither holder nor home is unauthorised`() {
        let stolen = story.turn(nanping, to: nanping, at: 10)
        let outcome = story.judge([stolen])
        #expect(outcome.holder == fuzhou)
        #expect(outcome.verdict(stolen) == .unauthorised)
    }

    @Test func `a late claw-back unwinds what was built on the turn it replaces`() {
        let handed = story.turn(fuzhou, to: nanping, at: 10)
        let onward = story.turn(nanping, to: ningde, after: handed, at: 20)
        let work = story.text("holders", ningde, "1", at: 30, ground: onward)
        let moved = story.stage(ningde, "checked", at: 31, on: onward)
        let before = story.judge([handed, onward, work, moved])
        #expect(before.holder == ningde && before.stage == "checked")
        let clawed = story.turn(putian, to: putian, at: 5)
        let after = story.judge([handed, onward, work, moved, clawed])
        #expect(after.holder == putian && after.stage == "accepted")
        for write in [handed, onward, work, moved] {
            #expect(after.verdict(write) == .overruled)
            #expect(after.journaled(write) == [.void(.overruled)])
        }
        #expect(after.text("holders") == nil)
    }

    @Test func `turns in a circle are off the chain`() {
        var first = story.turn(fuzhou, to: fuzhou, at: 10)
        var second = story.turn(fuzhou, to: fuzhou, at: 11, number: 2)
        (first.ground, second.ground) = (second.dot, first.dot)
        // Each waits for the other.
        #expect(story.judge([first, second]).held.count == 2)
        // Of an incarnation that is gone nobody waits for anything.
        let outcome = story.judge([first, second], ModelFacts(gone: [ModelWriter(first)]))
        #expect(outcome.held.isEmpty && outcome.chain.isEmpty)
        #expect(outcome.verdict(first) == .overruled)
        #expect(outcome.verdict(second) == .overruled)
    }

    @Test func `what is forked or numbered twice is no turn, whichever copy came first`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        var other = story.turn(fuzhou, to: ningde, at: 10)
        other.place = ModelPlace(feed: [5], sequence: 1)
        let built = story.text("holders", nanping, "1", at: 30, ground: turn)
        let outcome = story.judge([turn, other, built])
        #expect(outcome.chain.isEmpty)
        #expect(outcome.verdict(turn) == .numberUsedTwice)
        #expect(outcome.verdict(built) == .overruled)
        let forked = story.judge([turn, other, built], ModelFacts(forks: [[5]: 1]))
        #expect(forked.chain == [turn.dot])
        #expect(forked.verdict(built) == .valid)
        #expect(forked.journaled(turn) == [.void(.forked)])
    }

    @Test func `at most 10,000 turns`() {
        // A shorter chain shows that the walk is a loop; the bound itself is a constant.
        var turns: [ModelWrite] = []
        for number in 1...300 {
            turns.append(
                story.turn(
                    fuzhou,
                    to: fuzhou,
                    after: turns.last,
                    at: UInt64(number),
                    number: UInt64(number)
                )
            )
        }
        #expect(story.judge(turns).chain.count == 300)
    }

    // MARK: stages

    @Test func `stage: authority is the transition's, from where its writer saw the case`() {
        let checked = story.stage(fuzhou, "checked", at: 10)
        let decided = story.stage(fuzhou, "decided", at: 11, number: 2, seen: [checked])
        let outcome = story.judge([checked, decided])
        #expect(outcome.stage == "decided")
        let jump = story.stage(fuzhou, "decided", at: 10)
        #expect(story.judge([jump]).verdict(jump) == .unauthorised)
        let stranger = story.stage(nanping, "checked", at: 10)
        #expect(story.judge([stranger]).verdict(stranger) == .unauthorised)
        let back = story.stage(putian, "checked", at: 12, seen: [checked, decided])
        #expect(story.judge([checked, decided, back]).stage == "checked")
    }

    @Test func `where the move before is lost or forked, it may have begun anywhere`() {
        let checked = story.stage(fuzhou, "checked", at: 10)
        let decided = story.stage(fuzhou, "decided", at: 11, number: 2, seen: [checked])
        let gone = ModelFacts(gone: [ModelWriter(checked)])
        #expect(story.judge([decided], gone).verdict(decided) == .valid)
        #expect(story.judge([decided], gone).stage == "decided")
        let stranger = story.stage(nanping, "decided", at: 11, seen: [checked])
        #expect(story.judge([stranger], gone).verdict(stranger) == .unauthorised)
        // Whether a node holds a branch of the fork or none, it comes to the same.
        var branch = checked
        branch.place = ModelPlace(feed: [4], sequence: 2)
        let forked = ModelFacts(forks: [[4]: 2], forked: [ModelWriter(checked)])
        #expect(story.judge([decided], forked).verdict(decided) == .valid)
        #expect(story.judge([branch, decided], forked).verdict(decided) == .valid)
    }

    @Test func `the creation says where the case begins, and only accepting may`() {
        let created = story.stage(fuzhou, "accepted", at: 1)
        #expect(story.judge([created]).verdict(created) == .valid)
        let wrong = story.stage(putian, "accepted", at: 1)
        #expect(story.judge([wrong]).verdict(wrong) == .unauthorised)
        let checked = story.stage(fuzhou, "checked", at: 10, number: 2, seen: [created])
        #expect(story.judge([created, checked]).stage == "checked")
        let back = story.stage(fuzhou, "accepted", at: 11, number: 3, seen: [checked])
        #expect(story.judge([created, checked, back]).verdict(back) == .unauthorised)
    }

    @Test func `the one made in the latest turn, then the further stage, then the later`() {
        let turn = story.turn(fuzhou, to: nanping, at: 9)
        let checked = story.stage(fuzhou, "checked", at: 10)
        let decided = story.stage(fuzhou, "decided", at: 11, number: 2, seen: [checked])
        let late = story.stage(nanping, "checked", at: 5, on: turn)
        let outcome = story.judge([turn, checked, decided, late])
        #expect(outcome.stage == "checked")
        #expect(outcome.siblings[ModelField.stage] == [decided.dot, late.dot])
        #expect(outcome.journaled(decided) == [.sibling])
        // In one turn the further stage is shown, though made earlier.
        let parallel = story.stage(fuzhou, "checked", at: 40, number: 3)
        #expect(story.judge([checked, decided, parallel]).stage == "decided")
    }

    @Test func `a move by home stands on a turn, too`() {
        let handed = story.turn(fuzhou, to: nanping, at: 1)
        let checked = story.stage(nanping, "checked", at: 10, on: handed)
        let decided = story.stage(
            nanping,
            "decided",
            at: 11,
            number: 2,
            seen: [checked],
            on: handed
        )
        let back = story.stage(putian, "checked", at: 12, seen: [checked, decided], on: handed)
        let writes = [handed, checked, decided, back]
        #expect(story.judge(writes).verdict(back) == .valid)
        let clawed = story.turn(putian, to: putian, at: 13)
        #expect(story.judge(writes + [clawed]).verdict(back) == .overruled)
    }
}
