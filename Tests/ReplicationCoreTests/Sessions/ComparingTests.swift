import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct SurveyTests {
    private static let one = Incarnation(rawValue: 1)
    private static let two = Incarnation(rawValue: 2)

    private static func after(_ survey: Survey, _ change: (inout Survey) -> Void) -> Survey {
        var survey = survey
        change(&survey)
        return survey
    }

    @Test func `unknown, by members that differ, awaits incarnations`() {
        let next = Self.after(.unknown) { $0.heardMembers(differs: true) }
        #expect(next == .incarnationsAwaited)
    }

    @Test func `unknown, by members that are equal or absent, is known`() {
        #expect(Self.after(.unknown) { $0.heardMembers(differs: false) } == .known)
    }

    @Test func `unknown, by incarnations that differ, awaits their feeds`() {
        let next = Self.after(.unknown) { $0.heardIncarnations(differing: [Self.one]) }
        #expect(next == .feedsAwaited([Self.one]))
    }

    @Test func `incarnations awaited, by those that differ, awaits their feeds`() {
        let next = Self.after(.incarnationsAwaited) { $0.heardIncarnations(differing: [Self.one]) }
        #expect(next == .feedsAwaited([Self.one]))
    }

    @Test func `incarnations awaited, by equal ones, is known`() {
        #expect(Self.after(.incarnationsAwaited) { $0.heardIncarnations(differing: []) } == .known)
    }

    @Test func `feeds awaited, by one incarnation's, awaits the others'`() {
        let next = Self.after(.feedsAwaited([Self.one, Self.two])) { $0.heardFeeds(of: Self.two) }
        #expect(next == .feedsAwaited([Self.one]))
    }

    @Test func `feeds awaited, by the last, is known`() {
        #expect(Self.after(.feedsAwaited([Self.one])) { $0.heardFeeds(of: Self.one) } == .known)
    }

    @Test func `feeds awaited is not thrown back by members that still differ`() {
        let survey = Survey.feedsAwaited([Self.one])
        #expect(Self.after(survey) { $0.heardMembers(differs: true) } == survey)
    }

    @Test func `known stays known`() {
        let next = Self.after(.known) {
            $0.heardMembers(differs: true)
            $0.heardIncarnations(differing: [Self.one])
            $0.heardFeeds(of: Self.one)
        }
        #expect(next == .known)
    }

    @Test func `feeds heard of before anything says nothing about the rest`() {
        #expect(Self.after(.unknown) { $0.heardFeeds(of: Self.one) } == .unknown)
    }
}

@Suite struct ComparingTests {
    @Test func `the common digest counts no private feed and none that excludes the peer`() throws {
        let stage = try Stage()
        var log = Stage.log(stage.ownFeed, 3)
        let before = stage.common([log])
        for audience in [Audience.private, .members([stage.me, Stage.codes[2]])] {
            log.append(to: Stage.feed(of: stage.me, audience), [1], at: .zero)
            #expect(stage.common([log]) == before)
        }
        log.append(to: Stage.feed(of: stage.me, .members([stage.me, stage.peer])), [1], at: .zero)
        #expect(stage.common([log]) != before)
    }

    @Test func `digests are made again only after a feed has grown`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        let before = stage.replica.feeds.commonDigest(with: stage.peer)
        let version = stage.replica.feeds.version
        #expect(stage.replica.feeds.commonDigest(with: stage.peer) == before)
        #expect(stage.replica.feeds.version == version)
        _ = stage.write(to: stage.ownFeed)
        #expect(stage.replica.feeds.version > version)
        #expect(stage.replica.feeds.commonDigest(with: stage.peer) != before)
        #expect(
            stage.replica.feeds.commonDigest(with: stage.peer) == stage.common([stage.own])
        )
    }

    @Test func `an unequal Ping is answered with all members, equal ones with nothing`() throws {
        let own = Stage.log(Stage.feed(of: Stage.codes[0]), 3)
        var stage = try Stage(own: own)
        _ = stage.acquaint()
        let outputs = stage.hear(stage.ping(stage.common([])))
        guard case .members(let groups) = outputs.haves.first else {
            Issue.record("no Have of members")
            return
        }
        #expect(groups.map(\.name) == [stage.me])
        #expect(stage.state() == .acquainted)
        #expect(stage.status?.toSend == nil)
        #expect(stage.hear(stage.ping(stage.common([own]))).haves.isEmpty)
    }

    @Test func `a Ping equal to the snapshot counts up to it, what came since is pushed`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        let snapshot = stage.common([stage.own])
        _ = stage.acquaint()
        _ = stage.write(2, to: stage.ownFeed)
        let outputs = stage.hear(stage.ping(snapshot))
        #expect(stage.state() == .informed)
        #expect(
            outputs.reads.map(\.ranges) == [
                [
                    FeedRange(feed: stage.ownFeed.digest(hash: TestHash.quick), from: 4)
                ]
            ]
        )
        #expect(stage.status?.toSend?.count == 2)
    }

    @Test func `a peer that has nothing of ours is pushed everything`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        _ = stage.acquaint()
        _ = stage.hear(stage.ping(stage.common([])))
        let outputs = stage.hear(.have(.members([])))
        #expect(stage.state() == .informed)
        #expect(stage.answerReads(outputs).pushes.map(\.items.count) == [3])
    }

    /// The three levels, both ways, until each knows what the other lacks.
    @Test func `a peer that is behind is found out feed by feed`() throws {
        let own = Stage.log(Stage.feed(of: Stage.codes[0]), 5)
        var stage = try Stage(own: own)
        var table = FeedTable(
            Stage.log(stage.ownFeed, 2).tips + Stage.log(stage.theirFeed, 4).tips,
            hash: TestHash.quick
        )
        _ = stage.acquaint()
        _ = stage.hear(stage.ping(table.commonDigest(with: stage.peer)))
        let members = table.memberGroups(visibleTo: stage.peer)
        let first = stage.hear(.have(.members(members)))
        // Its own incarnations and the peer's, of which it has none.
        #expect(first.haves.count == 2)
        #expect(stage.state() == .acquainted)
        for member in [stage.me, stage.peer] {
            let groups = table.incarnationGroups(of: member, visibleTo: stage.peer)
            let further = stage.hear(.have(.incarnations(of: member, groups)))
            #expect(further.haves.count == 1)
        }
        _ = stage.hear(
            .have(
                .feeds(
                    of: stage.theirFeed.writer,
                    table.feedSizes(of: stage.theirFeed.writer, visibleTo: stage.peer)
                )
            )
        )
        #expect(stage.state() == .acquainted)
        let last = stage.hear(
            .have(
                .feeds(
                    of: stage.ownFeed.writer,
                    table.feedSizes(of: stage.ownFeed.writer, visibleTo: stage.peer)
                )
            )
        )
        #expect(stage.state() == .informed)
        #expect(last.reads.first?.ranges.first?.from == 3)
        #expect(stage.status?.toSend?.count == 3)
        #expect(stage.status?.toApply?.count == 4)
    }

    @Test func `a comparison that leads to nothing is begun again`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        _ = stage.acquaint()
        #expect(stage.pass(999).isEmpty)
        #expect(stage.pass(1).pings.map(\.wantsAnswer) == [true])
        #expect(stage.pass(1_999).isEmpty)
        #expect(stage.pass(1).pings.count == 1)
    }

    // MARK: Lies

    private func informed(_ count: Int) throws -> Stage {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), count))
        _ = stage.inform()
        return stage
    }

    private func size(
        _ identity: FeedIdentity,
        _ size: UInt64,
        root: Digest? = nil
    )
        -> Have.FeedSize
    {
        Have.FeedSize(identity: identity, size: size, root: root ?? TestHash.quick([]))
    }

    /// What is said of it is no reason to begin anew: only a head that our key signed is.
    @Test(arguments: 0..<3)
    func `a feed of our present incarnation that we did not make has to be proven`(
        index: Int
    ) throws {
        var stage = try informed(3)
        let other = Stage.feed(of: stage.me, .members([stage.me, stage.peer]))
        let claims = [
            ("more than there is", stage.ownFeed, [size(stage.ownFeed, 4)]),
            ("another root", stage.ownFeed, [size(stage.ownFeed, 3)]),
            ("one never begun", other, [size(other, 1), honest(stage)]),
        ]
        let (name, identity, sizes) = claims[index]
        let feed = identity.digest(hash: TestHash.quick)
        let sorted = sizes.sorted {
            $0.identity.digest(hash: TestHash.quick) < $1.identity.digest(hash: TestHash.quick)
        }
        let outputs = stage.hear(.have(.feeds(of: identity.writer, sorted)))
        #expect(outputs.proves == [Prove(feed: feed, sequence: 1)], "\(name)")
        #expect(outputs.faults.isEmpty)
        #expect(stage.pass(4_999).faults.isEmpty)
        #expect(stage.pass(1).faults == [.feedForked])
    }

    private func honest(_ stage: Stage) -> Have.FeedSize {
        let feed = stage.own.feeds[stage.ownFeed.digest(hash: TestHash.quick)]
        return size(stage.ownFeed, 3, root: feed?.entries.last?.root)
    }

    @Test func `more of a former incarnation's feed than a restored node has is no lie`() throws {
        let former = Stage.feed(of: Stage.codes[0], incarnation: 9)
        var stage = try Stage(own: Stage.log(former, 3))
        _ = stage.inform()
        let have = Have.feeds(of: former.writer, [size(former, 8)])
        #expect(stage.hear(.have(have)).faults.isEmpty)
        #expect(stage.status?.toSend?.count == 0)
    }

    @Test func `less of ours than was acknowledged is a shrunken head`() throws {
        var stage = try informed(3)
        let have = Have.feeds(of: stage.ownFeed.writer, [size(stage.ownFeed, 2)])
        #expect(stage.hear(.have(have)).faults == [.headShrunken])
        stage = try informed(3)
        #expect(stage.hear(.have(.members([]))).faults == [.headShrunken])
    }

    @Test func `less of its own present feed than we have has to be proven`() throws {
        let feed = Stage.feed(of: Stage.codes[1])
        var stage = try Stage(stored: Stage.log(feed, 3))
        _ = stage.acquaint()
        let have = Have.feeds(of: feed.writer, [size(feed, 2)])
        #expect(stage.hear(.have(have)).proves.count == 1)
        #expect(stage.pass(5_000).faults == [.headNotCovering])
    }

    /// Seed 393: of a machine that was copied, the half that had written nothing yet was asked for a
    /// path, ended the session over it, and never heard that its key had signed more.
    @Test func `nothing of its own present feed is told what we have and asked for no path`() throws
    {
        let feed = Stage.feed(of: Stage.codes[1])
        for have in [Have.feeds(of: feed.writer, []), .members([])] {
            var stage = try Stage(stored: Stage.log(feed, 3))
            _ = stage.acquaint()
            let outputs = stage.hear(.have(have))
            #expect(outputs.proves.isEmpty && outputs.faults.isEmpty)
            #expect(stage.pass(5_000).faults.isEmpty)
        }
    }

    @Test func `less of a former incarnation's feed than we have is a restored peer`() throws {
        let former = Stage.feed(of: Stage.codes[1], incarnation: 9)
        var stage = try Stage(stored: Stage.log(former, 3))
        _ = stage.acquaint()
        #expect(stage.hear(.have(.feeds(of: former.writer, []))).faults.isEmpty)
    }

    static func malformed(_ stage: Stage) -> [(Have, FaultCode)] {
        let group = Have.Group(name: stage.peer, digest: TestHash.quick([]))
        let one = Have.Group(name: Incarnation(rawValue: 1), digest: TestHash.quick([]))
        let feeds = [
            Stage.feed(of: stage.peer), Stage.feed(of: stage.peer, .alliance, .urgent),
        ].sorted { $0.digest(hash: TestHash.quick) > $1.digest(hash: TestHash.quick) }
        let sized = feeds.map { Have.FeedSize(identity: $0, size: 1, root: group.digest) }
        let writer = feeds[0].writer
        var empty = sized[0]
        empty.size = 0
        var huge = sized[0]
        huge.size = .max
        var secret = sized[0]
        secret.identity.audience = .private
        var others = sized[0]
        others.identity.audience = .members([stage.peer, Stage.codes[2]])
        var foreign = sized[0]
        foreign.identity.writer.member = Stage.codes[2]
        var unsorted = sized[0]
        unsorted.identity.audience = .members([stage.peer, stage.me])
        return [
            (.members([group, group]), .frameMalformed),
            (.incarnations(of: stage.peer, [one, one]), .frameMalformed),
            (.feeds(of: writer, sized), .frameMalformed),
            (.feeds(of: writer, [empty]), .frameMalformed),
            (.feeds(of: writer, [huge]), .frameMalformed),
            (.feeds(of: writer, [secret]), .audienceExcludesReceiver),
            (.feeds(of: writer, [others]), .audienceExcludesReceiver),
            (.feeds(of: writer, [foreign]), .frameMalformed),
            (.feeds(of: writer, [unsorted]), .frameMalformed),
        ]
    }

    @Test(arguments: 0..<9) func `a Have of what cannot be ends the session`(index: Int) throws {
        var stage = try Stage()
        _ = stage.inform()
        let (have, code) = Self.malformed(stage)[index]
        #expect(stage.hear(.have(have)).faults == [code])
    }

    @Test func `being asked over and over to name feeds ends the session`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3)) {
            $0.listedMaximum = 100
        }
        _ = stage.acquaint()
        var faults: [FaultCode] = []
        for _ in 0..<60 where faults.isEmpty {
            faults = stage.hear(.have(.incarnations(of: stage.me, []))).faults
        }
        #expect(faults == [.limitExceeded])
    }
}
