import AllianceModel
import ClusterChecker
import Testing

/// Waiting: "a write is applied once all that its context names, its own n-1 and its ground are
/// applied; until then its changeset is held".
struct ModelHeldTests {
    let story: Story
    let fuzhou: MemberCode
    let putian: MemberCode
    let nanping: MemberCode

    init() throws {
        story = try Story()
        (fuzhou, putian, nanping) = (story.accepting, story.home, story.third)
    }

    @Test func `what its context names, and its own number before, are waited for`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", putian, "2", at: 11, seen: [first])
        let third = story.text("latest", putian, "3", at: 12, number: 2)
        let outcome = story.judge([second, third])
        #expect(
            outcome.held == [second.id: .predecessorMissing, third.id: .predecessorMissing]
        )
        #expect(outcome.verdicts.isEmpty && outcome.text("latest") == nil)
        #expect(story.judge([first, second, third]).held.isEmpty)
    }

    @Test func `a ground is waited for`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let work = story.text("holders", nanping, "1", at: 11, ground: turn)
        #expect(story.judge([work]).held == [work.id: .groundMissing])
        #expect(story.judge([work, turn]).verdict(work) == .valid)
    }

    @Test func `all writes of one changeset wait together`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", putian, "2", at: 11, seen: [first])
        let beside = story.text("review", putian, "x", at: 11)
        #expect(second.place == beside.place)
        let outcome = story.judge([second, beside])
        #expect(Set(outcome.held.keys) == [second.id, beside.id])
        #expect(story.judge([beside]).held.isEmpty)
    }

    @Test func `what waits for a clock or a definition keeps waiting what stands on it`() {
        let ahead = story.text("latest", fuzhou, "1", at: 10)
        let next = story.text("latest", putian, "2", at: 11, seen: [ahead])
        let outcome = story.judge([ahead, next], ModelFacts(kept: [ahead.place]))
        #expect(outcome.held == [ahead.id: .elsewhere, next.id: .predecessorMissing])
    }

    @Test func `for a gone or forked incarnation nobody waits`() {
        let lost = story.text("latest", fuzhou, "1", at: 10)
        let seen = story.text("latest", putian, "2", at: 11, seen: [lost])
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let work = story.text("holders", nanping, "1", at: 11, ground: turn)
        for facts in [
            ModelFacts(gone: [ModelWriter(lost)]), ModelFacts(forked: [ModelWriter(lost)]),
        ] {
            let outcome = story.judge([seen, work], facts)
            #expect(outcome.held.isEmpty)
            #expect(outcome.text("latest") == "2")
            #expect(outcome.verdict(work) == .groundGone)
            #expect(outcome.journaled(work) == [.void(.groundGone)])
            // What turns up later still joins.
            let late = story.judge([seen, work, lost, turn], facts)
            #expect(late.verdict(work) == .valid)
            #expect(late.text("latest") == "2")
        }
    }

    /// "Because its replacer may not have seen it, everything of such an incarnation that was
    /// replaced is in the journal": of a forked one, what stands in the feed that was forked, since
    /// who does not know another feed cannot tell whose incarnation it is of.
    @Test func `what was replaced of a gone incarnation or in a forked feed is in the journal`() {
        let lost = story.text("latest", fuzhou, "1", at: 10)
        let next = story.text("latest", putian, "2", at: 11, seen: [lost])
        let behind = lost.place.sequence + 1
        for facts in [
            ModelFacts(gone: [ModelWriter(lost)]), ModelFacts(forks: [lost.place.feed: behind]),
        ] {
            #expect(story.judge([next, lost], facts).journaled(lost) == [.replaced])
        }
        let elsewhere = ModelFacts(forked: [ModelWriter(lost)])
        #expect(story.judge([next, lost], elsewhere).journaled(lost) == nil)
    }

    @Test func `a write in a feed its field's scope does not allow is held alone`() {
        var leak = story.text("note", fuzhou, "secret", at: 10)
        leak.audience = .alliance
        var narrow = story.text("latest", fuzhou, "1", at: 11)
        narrow.audience = .members([fuzhou, putian])
        let fine = story.text("latest", putian, "2", at: 12)
        let outcome = story.judge([leak, narrow, fine])
        #expect(outcome.held == [leak.id: .audienceRefused, narrow.id: .audienceRefused])
        #expect(outcome.shown["note"] == .single(.cleared))
        #expect(outcome.text("latest") == "2")
    }

    @Test func `what is no write of that field is malformed`() {
        let writes = [
            story.text("latest", fuzhou, Text(String(repeating: "x", count: 41)), at: 10),
            story.write("sum", fuzhou, .single(.integer(1)), at: 11),
            story.write("set", fuzhou, .elements(added: [.integer(1)], removed: []), at: 12),
            story.write("latest", fuzhou, .ruling(.text("1")), at: 13, number: 2),
            story.text("nonsense", fuzhou, "1", at: 14),
            story.write("review", fuzhou, .single(.text("1")), at: 15, number: 0),
        ]
        let outcome = story.judge(writes)
        #expect(Set(outcome.held.values) == [.malformed])
        #expect(outcome.held.count == writes.count)
    }

    @Test func `it never claims to have seen itself`() {
        var liar = story.text("latest", fuzhou, "1", at: 10)
        liar.context = [ModelWriter(liar): 1]
        #expect(story.judge([liar]).held == [liar.id: .malformed])
        let gone = ModelFacts(gone: [ModelWriter(liar)])
        #expect(story.judge([liar], gone).held == [liar.id: .malformed])
    }

    @Test func `contexts in a circle wait for each other, alone`() {
        var first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", nanping, "2", at: 11, seen: [first])
        first.context = story.context([second])
        let honest = story.text("latest", putian, "3", at: 12)
        let outcome = story.judge([first, second, honest])
        #expect(Set(outcome.held.keys) == [first.id, second.id])
        #expect(outcome.text("latest") == "3")
    }
}
