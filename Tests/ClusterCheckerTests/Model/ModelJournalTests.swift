import AllianceModel
import ClusterChecker
import Testing

/// Forks, numbers used twice, what is listed as lost, deletion.
struct ModelJournalTests {
    let story: Story
    let fuzhou: MemberCode
    let putian: MemberCode
    let nanping: MemberCode

    init() throws {
        story = try Story()
        (fuzhou, putian, nanping) = (story.accepting, story.home, story.third)
    }

    // MARK: forks and numbers

    @Test func `from the least sequence proven on, both branches are void everywhere`() {
        let before = story.text("latest", fuzhou, "1", at: 10)
        let branch = story.text("latest", fuzhou, "2", at: 11, number: 2, seen: [before])
        let facts = ModelFacts(forks: [before.place.feed: 11])
        let outcome = story.judge([before, branch], facts)
        #expect(outcome.verdict(before) == .valid)
        #expect(outcome.verdict(branch) == .forked)
        #expect(outcome.text("latest") == "1")
        #expect(outcome.journaled(branch) == [.void(.forked)])
    }

    @Test func `beyond a closing list a write is void (left)`() {
        let before = story.text("latest", fuzhou, "1", at: 10)
        let beyond = story.text("latest", fuzhou, "2", at: 11, number: 2, seen: [before])
        let outcome = story.judge([before, beyond], ModelFacts(closed: [before.place.feed: 10]))
        #expect(outcome.verdict(beyond) == .left)
        #expect(outcome.text("latest") == "1")
    }

    @Test func `number_used_twice: one dot, two contents, both off any known fork`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        var other = story.text("latest", fuzhou, "2", at: 20)
        other.place = ModelPlace(feed: [1], sequence: 3)
        let fine = story.text("latest", putian, "3", at: 5, seen: [one])
        let outcome = story.judge([one, other, fine])
        #expect(outcome.verdict(one) == .numberUsedTwice)
        #expect(outcome.text("latest") == "3")
        let proven = story.judge([one, other, fine], ModelFacts(forks: [[1]: 1]))
        #expect(proven.verdict(one) == .valid)
    }

    @Test func `one write that came twice is one write`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        var again = one
        again.place = ModelPlace(feed: [1], sequence: 3)
        let outcome = story.judge([one, again])
        #expect(outcome.verdict(one) == .valid)
        #expect(outcome.journal.isEmpty)
    }

    @Test func `a void write covers nothing`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", putian, "2", at: 11, seen: [first])
        let facts = ModelFacts(forks: [second.place.feed: 1])
        let outcome = story.judge([first, second], facts)
        #expect(outcome.text("latest") == "1")
        #expect(outcome.siblings["latest"] == [first.dot])
    }

    // MARK: lost

    @Test func `dots listed as lost are in the journal, and so are those nobody has any more`() {
        let first = story.text("latest", fuzhou, "1", at: 10)
        let second = story.text("latest", putian, "2", at: 11)
        let both = story.text("latest", nanping, "3", at: 12, seen: [first, second], lost: [first])
        let outcome = story.judge([first, second, both])
        #expect(outcome.journal == [first.id: [.lost]])
        #expect(outcome.conflicts.isEmpty)
        let gone = ModelFacts(gone: [ModelWriter(first)])
        #expect(story.judge([second, both], gone).journal == [first.id: [.lost]])
    }

    @Test func `what a void write lists as lost is not`() {
        let first = story.text("homes", putian, "1", at: 10)
        let lie = story.text("homes", fuzhou, "2", at: 11, seen: [first], lost: [first])
        #expect(story.judge([first, lie]).journal == [lie.id: [.void(.unauthorised)]])
    }

    @Test func `a removed element of an incarnation that is gone is in the journal`() {
        let added = story.write(
            "set",
            fuzhou,
            .elements(added: [.text("a")], removed: []),
            at: 10
        )
        let removed = story.write(
            "set",
            putian,
            .elements(added: [], removed: [.text("a")]),
            at: 11,
            seen: [added]
        )
        #expect(story.judge([added, removed]).journal.isEmpty)
        let facts = ModelFacts(gone: [ModelWriter(added)])
        #expect(story.judge([added, removed], facts).journal == [added.id: [.replaced]])
    }

    // MARK: deletion

    private func deletion(
        of story: Story,
        seen: [ModelWrite],
        at milliseconds: UInt64 = 50
    ) -> ModelWrite {
        let contexts = Dictionary(grouping: seen, by: \.field).mapValues(story.context)
        return story.write(
            ModelField.deletion,
            story.home,
            .deletion(contexts),
            at: milliseconds
        )
    }

    @Test func `deleted while no valid widest-scope write that it had not seen exists`() {
        let seen = story.text("latest", fuzhou, "1", at: 10)
        let deleted = deletion(of: story, seen: [seen])
        #expect(story.judge([seen, deleted]).isDeleted)
        let unseen = story.text("latest", putian, "2", at: 20)
        #expect(!story.judge([seen, deleted, unseen]).isDeleted)
        let void = story.text("homes", nanping, "2", at: 20)
        #expect(story.judge([seen, deleted, void]).isDeleted)
        let again = story.write(
            ModelField.deletion,
            putian,
            .deletion(["latest": story.context([seen, unseen])]),
            at: 60,
            number: 2,
            seen: [deleted]
        )
        #expect(story.judge([seen, deleted, unseen, again]).isDeleted)
    }

    @Test func `widest scope only: other members cannot see the rest, and would disagree`() {
        let deleted = deletion(of: story, seen: [])
        let phone = story.text("phone", putian, "1", at: 70)
        let note = story.text("note", putian, "1", at: 71)
        #expect(story.judge([deleted, phone, note]).isDeleted)
        let turn = story.turn(putian, to: putian, at: 72)
        #expect(!story.judge([deleted, turn]).isDeleted)
    }

    @Test func `the creation revives nothing`() {
        let created = story.text("latest", fuzhou, "1", at: 10)
        let with = story.text("review", fuzhou, "1", at: 10)
        #expect(story.judge([created, with, deletion(of: story, seen: [])]).isDeleted)
        let later = story.text("review", fuzhou, "2", at: 11, number: 2, seen: [with])
        #expect(!story.judge([created, with, later, deletion(of: story, seen: [])]).isDeleted)
    }

    @Test func `where the definition says final, it is`() throws {
        let story = try Story(Story.definition(deletion: .final))
        let deleted = deletion(of: story, seen: [])
        let unseen = story.text("latest", story.home, "2", at: 20)
        #expect(story.judge([deleted, unseen]).isDeleted)
    }

    @Test func `only home deletes`() {
        let deleted = story.write(ModelField.deletion, fuzhou, .deletion([:]), at: 10)
        let outcome = story.judge([deleted])
        #expect(!outcome.isDeleted)
        #expect(outcome.verdict(deleted) == .unauthorised)
    }
}
