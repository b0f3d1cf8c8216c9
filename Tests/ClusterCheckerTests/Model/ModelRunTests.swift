import AllianceModel
import ClusterChecker
import Testing

/// What must hold of a whole run, each check with the failure it is for.
struct ModelRunTests {
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

    /// Honest nodes that show what their writes come to, unless `change` makes them lie.
    private func run(
        _ received: [(MemberCode, [ModelWrite])],
        facts: ModelFacts = .none,
        acknowledged: [ModelWrite] = [],
        excused: [ModelWrite] = [],
        dishonest: Set<MemberCode> = [],
        halved: Set<ModelWriter> = [],
        change: (MemberCode, inout ModelSight) -> Void = { _, _ in }
    ) -> ModelRun {
        let observations = received.map { member, writes in
            var sight = ModelSight(
                record: story.record,
                received: Set(writes),
                facts: facts,
                shown: story.judge(writes, facts)
            )
            change(member, &sight)
            return ModelObservation(
                member: member,
                isHonest: !dishonest.contains(member),
                records: [story.record.key: sight]
            )
        }
        let acknowledgements = { (writes: [ModelWrite]) in
            Set(writes.map { ModelAcknowledgement(record: story.record.key, write: $0.id) })
        }
        return ModelRun(
            observations: observations,
            acknowledged: acknowledgements(acknowledged),
            excused: acknowledgements(excused),
            halved: halved
        )
    }

    private func kinds(_ findings: [ModelFinding]) -> [ModelFinding.Kind] { findings.map(\.kind) }

    @Test func `a run in which all is well has no findings`() {
        let writes = [
            story.text("latest", fuzhou, "1", at: 10), story.text("latest", putian, "2", at: 11),
            story.turn(fuzhou, to: nanping, at: 12),
        ]
        let run = run(
            [fuzhou, putian, nanping, ningde].map { ($0, writes) },
            acknowledged: writes
        )
        #expect(run.findings().isEmpty)
    }

    // MARK: lost

    @Test func `an acknowledged alliance write is wanted everywhere`() {
        let write = story.text("latest", fuzhou, "1", at: 10)
        let nodes = [(fuzhou, [write]), (putian, [write]), (nanping, [])]
        let lost = run(nodes, acknowledged: [write]).lost()
        #expect(lost.map(\.members) == [[nanping]])
        #expect(lost.map(\.dots) == [[write.dot]])
        #expect(run(nodes, acknowledged: [write], excused: [write]).lost().isEmpty)
    }

    @Test func `a parties write is wanted at the present parties, a private one at its writer`() {
        let added = story.parties(putian, add: [nanping], at: 9)
        let phone = story.text("phone", fuzhou, "1", at: 10)
        let note = story.text("note", fuzhou, "1", at: 11)
        let all = [added, phone, note]
        let nodes = [
            (fuzhou, all), (putian, [added, phone]), (nanping, [added]), (ningde, [added]),
        ]
        let lost = run(nodes, acknowledged: all).lost()
        #expect(lost.map(\.field) == ["phone"])
        #expect(lost.map(\.members) == [[nanping]])
        let without = [(fuzhou, [added, phone])] + nodes.dropFirst()
        #expect(run(without, acknowledged: [note]).lost().map(\.members) == [[fuzhou]])
    }

    @Test func `a record that nobody has is lost at its writer`() {
        let write = story.text("latest", fuzhou, "1", at: 10)
        let none = ModelObservation(member: fuzhou)
        let acknowledgement = ModelAcknowledgement(record: story.record.key, write: write.id)
        let run = ModelRun(observations: [none], acknowledged: [acknowledgement])
        #expect(run.lost().map(\.members) == [[fuzhou]])
    }

    // MARK: vanished

    @Test func `a sibling that is dropped has vanished, unless it is in the journal`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        let two = story.text("latest", putian, "2", at: 11)
        let dropping = run([(putian, [one, two])]) { _, sight in
            sight.shown.siblings["latest"] = [two.dot]
            sight.shown.journal = [:]
        }
        #expect(dropping.vanished().map(\.dots) == [[one.dot]])
        let listing = run([(putian, [one, two])]) { _, sight in
            sight.shown.siblings["latest"] = [two.dot]
        }
        #expect(listing.vanished().isEmpty)
    }

    @Test func `what was replaced by one that had seen it has not vanished`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        let two = story.text("latest", putian, "2", at: 11, seen: [one])
        #expect(run([(putian, [one, two])]).vanished().isEmpty)
        let gone = ModelFacts(gone: [ModelWriter(one)])
        #expect(run([(putian, [one, two])], facts: gone).vanished().isEmpty)
        let silent = run([(putian, [one, two])], facts: gone) { $1.shown.journal = [:] }
        #expect(silent.vanished().map(\.dots) == [[one.dot]])
    }

    @Test func `an element that nobody removed and a void write must be there`() {
        let added = story.write(
            "set",
            fuzhou,
            .elements(added: [.text("a")], removed: []),
            at: 10
        )
        let void = story.text("homes", fuzhou, "1", at: 11)
        let run = run([(putian, [added, void])]) { _, sight in
            sight.shown.shown["set"] = .elements([])
            sight.shown.journal = [:]
        }
        #expect(run.vanished().map(\.field) == ["homes", "set"])
    }

    // MARK: leaked

    @Test func `a private value at another node has leaked`() {
        let note = story.text("note", fuzhou, "1", at: 10)
        let leaked = run([(fuzhou, [note]), (putian, [note])]).leaked()
        #expect(leaked.map(\.members) == [[putian]])
        #expect(leaked.map(\.dots) == [[note.dot]])
    }

    @Test func `a parties value at one who was never named a party has leaked`() {
        let phone = story.text("phone", fuzhou, "1", at: 10)
        let leaked = run([(putian, [phone]), (fuzhou, []), (ningde, [phone])]) { member, sight in
            if member == ningde { sight.shown.shown["phone"] = .single(.cleared) }
        }
        #expect(leaked.leaked().map(\.members) == [[ningde]])
        let added = story.parties(putian, add: [ningde], at: 9)
        let removed = story.parties(putian, remove: [ningde], at: 11, number: 2, seen: [added])
        let withdrawn = run([(ningde, [added, phone, removed])])
        #expect(withdrawn.leaked().map(\.text) == ["is shown to one who is no party"])
        let hidden = run([(ningde, [added, phone, removed])]) {
            $1.shown.shown["phone"] = .single(.cleared)
        }
        #expect(hidden.leaked().isEmpty)
    }

    @Test func `its own words anybody may have, and is shown them as a party only`() {
        let phone = story.text("phone", ningde, "1", at: 10)
        let shown = run([(ningde, [phone])]) { $1.shown.shown["phone"] = .single(.text("1")) }
        #expect(shown.leaked().map(\.text) == ["is shown to one who is no party"])
        let hidden = run([(ningde, [phone])]) { $1.shown.shown["phone"] = .single(.cleared) }
        #expect(hidden.leaked().isEmpty)
    }

    @Test func `a dishonest writer tells whom it likes, but it is not shown there`() {
        let phone = story.text("phone", fuzhou, "1", at: 10)
        let nodes = [(fuzhou, [phone]), (ningde, [phone])]
        let shown = run(nodes, dishonest: [fuzhou]).leaked()
        #expect(shown.map(\.members) == [[ningde]])
        let hidden = run(nodes, dishonest: [fuzhou]) { $1.shown.shown["phone"] = nil }
        #expect(hidden.leaked().isEmpty)
    }

    @Test func `who withdrew a party writes nothing for it afterwards`() {
        let added = story.parties(putian, add: [nanping], at: 9)
        let removed = story.parties(putian, remove: [nanping], at: 11, number: 2, seen: [added])
        let before = story.text("phone", putian, "1", at: 10)
        var after = story.text("phone", putian, "2", at: 12, number: 2, seen: [before])
        let others = story.text("phone", fuzhou, "3", at: 13)
        let nodes = { (after: ModelWrite) in
            [(putian, [added, removed, before, after, others]), (fuzhou, [])]
        }
        #expect(run(nodes(after)).withdrawn().map(\.dots) == [[after.dot]])
        #expect(run(nodes(after)).withdrawn().map(\.members) == [[nanping]])
        #expect(
            run(nodes(after), dishonest: [putian]).findings().allSatisfy { $0.kind != .withdrawn }
        )
        after.audience = .members([fuzhou, putian])
        #expect(run(nodes(after)).withdrawn().isEmpty)
    }

    @Test func `what one half of a copied machine withdrew the other need not know`() {
        let added = story.parties(putian, add: [nanping], at: 9)
        let removed = story.parties(putian, remove: [nanping], at: 11, number: 2, seen: [added])
        let after = story.text("phone", putian, "1", at: 12)
        let nodes = [(putian, [added, removed, after])]
        let later = ModelWriter(member: putian, incarnation: after.dot.incarnation + 1)
        #expect(run(nodes, halved: [ModelWriter(after)]).withdrawn().isEmpty)
        #expect(run(nodes, halved: [later]).withdrawn().map(\.dots) == [[after.dot]])
    }

    @Test func `one added again without its being seen may be written for`() {
        let added = story.parties(putian, add: [nanping], at: 9)
        let removed = story.parties(putian, remove: [nanping], at: 11, number: 2, seen: [added])
        let again = story.parties(fuzhou, add: [nanping], at: 10)
        let after = story.text("phone", putian, "2", at: 12)
        #expect(run([(putian, [added, removed, again, after])]).withdrawn().isEmpty)
    }

    @Test func `only a live clone or a dishonest member forks`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        let facts = ModelFacts(forked: [ModelWriter(one)])
        let sight = ModelSight(
            record: story.record,
            received: [one],
            facts: facts,
            shown: story.judge([one], facts)
        )
        let forks = { (isHonest: Bool, twinned: Set<MemberCode>?) in
            ModelRun(
                observations: [
                    ModelObservation(member: putian, records: [story.record.key: sight]),
                    ModelObservation(member: fuzhou, isHonest: isHonest),
                ],
                twinned: twinned
            ).forkedAlone().map(\.members)
        }
        #expect(forks(true, []) == [[fuzhou]])
        #expect(forks(true, [fuzhou]).isEmpty)
        #expect(forks(true, nil).isEmpty)
        #expect(forks(false, []).isEmpty)
    }

    // MARK: custody, clocks, agreement

    @Test func `two nodes that name different holders are found`() {
        let turn = story.turn(fuzhou, to: nanping, at: 10)
        let run = run([(fuzhou, [turn]), (putian, [turn])]) { member, sight in
            if member == fuzhou { sight.shown.holder = fuzhou }
        }
        #expect(kinds(run.custodyDouble()) == [.custodyDouble])
        #expect(kinds(run.wrong()) == [.custody])
    }

    @Test func `a feed's timestamps rise strictly, at honest members and before a fork`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        var back = story.text("latest", fuzhou, "2", at: 11, number: 2, seen: [one])
        back.timestamp = ModelTimestamp(milliseconds: 10)
        let nodes = [(fuzhou, [one]), (putian, [back])]
        #expect(kinds(run(nodes).clocks()) == [.clock])
        #expect(run(nodes, dishonest: [fuzhou]).clocks().isEmpty)
        let forked = ModelFacts(forks: [back.place.feed: 11])
        #expect(run(nodes, facts: forked).clocks().isEmpty)
        back.timestamp = ModelTimestamp(milliseconds: 10, counter: 1)
        #expect(run([(fuzhou, [one]), (putian, [back])]).clocks().isEmpty)
    }

    @Test func `two different entries at one place are a fork that nobody proved`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        var clone = story.text("review", fuzhou, "2", at: 10)
        clone.timestamp = ModelTimestamp(milliseconds: 12)
        #expect(kinds(run([(fuzhou, [one]), (putian, [clone])]).clocks()) == [.clock])
    }

    @Test func `two nodes that received the same and show something else are found`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        let two = story.text("latest", putian, "2", at: 11)
        let note = story.text("note", fuzhou, "1", at: 12)
        let nodes = [(fuzhou, [one, two, note]), (putian, [one, two]), (nanping, [one])]
        #expect(run(nodes).differing().isEmpty)
        let first = run(nodes) { member, sight in
            if member == fuzhou { sight.shown.shown["latest"] = .single(.text("1")) }
        }
        #expect(first.differing().map(\.members) == [[fuzhou, putian]])
        #expect(first.differing().map(\.field) == ["latest"])
        let digests = run(nodes) { member, sight in sight.digest = member.utf8 }
        #expect(digests.differing().map(\.members) == [[fuzhou, putian]])
    }

    @Test func `each may hold another branch of a fork`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        var other = story.text("latest", fuzhou, "2", at: 10)
        other.place = ModelPlace(feed: one.place.feed, sequence: 10, branch: [1])
        let forked = ModelFacts(forks: [one.place.feed: 10])
        let run = run([(putian, [one]), (nanping, [other])], facts: forked)
        #expect(run.differing().isEmpty && run.wrong().isEmpty && run.vanished().isEmpty)
    }

    @Test func `a liar's number that one holds twice is compared in neither copy`() {
        let one = story.text("latest", fuzhou, "1", at: 10)
        var refused = one
        refused.place = ModelPlace(feed: [9], sequence: 5, branch: [1])
        refused.audience = .members([fuzhou, putian, nanping])
        let forked = ModelFacts(forks: [one.place.feed: 10])
        let nodes = [(putian, [one, refused]), (nanping, [refused])]
        #expect(run(nodes, facts: forked).differing().isEmpty)
    }

    @Test func `nothing honest waits at the end`() {
        let waiting = story.text("latest", fuzhou, "2", at: 10, number: 2)
        let nodes = [(putian, [waiting])]
        #expect(run(nodes + [(fuzhou, [])]).heldForever().map(\.dots) == [[waiting.dot]])
        #expect(run(nodes + [(fuzhou, [])], dishonest: [fuzhou]).heldForever().isEmpty)
    }

    // MARK: between records

    @Test func `records that collide on their unique fields are a duplicate until one is closed`()
        throws
    {
        var other = try Story(Story.definition(unique: ["once"]))
        let one = try Story(Story.definition(unique: ["once"]))
        other.record = ModelRecord(
            key: ModelKey(
                origin: nanping,
                id: Bytes(repeating: 8, count: 16),
                item: "GJJ-07",
                definitionDigest: Bytes(repeating: 1, count: 32),
                home: putian
            ),
            definition: one.record.definition
        )
        let value = one.text("once", fuzhou, "citizen", at: 10)
        let row = { (story: Story, writes: [ModelWrite]) in
            (record: story.record, writes: Set(writes), outcome: story.judge(writes))
        }
        #expect(
            Model.between([row(one, [value]), row(other, [value])]) == [
                ModelRecordConflict(
                    kind: .duplicate,
                    records: [one.record.key, other.record.key]
                )
            ]
        )
        #expect(Model.between([row(one, []), row(other, [])]).isEmpty)
        let deleted = one.write(
            ModelField.deletion,
            putian,
            .deletion(["once": one.context([value])]),
            at: 20
        )
        let closed = row(one, [value, deleted])
        #expect(Model.between([closed, row(other, [value])]).isEmpty)
    }

    @Test func `two records of one member for one request id are a duplicate`() throws {
        var other = try Story()
        let key = ModelKey(
            origin: fuzhou,
            id: Bytes(repeating: 8, count: 16),
            item: "GJJ-07",
            definitionDigest: Bytes(repeating: 1, count: 32),
            home: putian
        )
        other.record = ModelRecord(key: key, definition: story.record.definition)
        let creation = { (request: Bytes) in
            story.write("latest", fuzhou, .single(.text("1")), at: 10, request: request)
        }
        let row = { (story: Story, write: ModelWrite) in
            (record: story.record, writes: Set([write]), outcome: story.judge([write]))
        }
        let alike = Model.between([row(story, creation([1])), row(other, creation([1]))])
        #expect(alike.map(\.kind) == [.duplicate])
        #expect(Model.between([row(story, creation([1])), row(other, creation([2]))]).isEmpty)
    }

    @Test func `two headers under one id are two records, both listed as two_creations`() {
        let key = ModelKey(
            origin: fuzhou,
            id: story.record.key.id,
            item: "GJJ-07",
            definitionDigest: Bytes(repeating: 1, count: 32),
            home: nanping
        )
        let other = ModelRecord(key: key, definition: story.record.definition)
        let conflicts = Model.between([
            (story.record, [], story.judge([])), (other, [], Model.judge(other, writes: [])),
        ])
        #expect(
            conflicts == [
                ModelRecordConflict(kind: .twoCreations, records: [story.record.key, key])
            ]
        )
    }
}
