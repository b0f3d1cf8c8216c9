import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct ForkSearchTests {
    private func proved(_ leaves: [Digest], _ sequence: UInt64) -> Proved {
        Proved(
            member: Stage.codes[0],
            sequence: sequence,
            leaf: leaves[Int(sequence - 1)],
            path: MerkleTree.path(of: sequence, leaves: leaves, hash: TestHash.quick),
            head: ToyLog.sign(
                FeedHead(
                    feed: TestHash.quick([]),
                    size: UInt64(leaves.count),
                    root: MerkleTree.root(of: leaves, hash: TestHash.quick)
                ),
                by: Stage.codes[0]
            )
        )
    }

    /// Where it ends, and in how many steps; nil: one history.
    private func search(_ ours: [Digest], _ theirs: [Digest]) -> (fork: UInt64?, steps: Int) {
        var sequence: UInt64 = 1
        for step in 1...ForkSearch.stepsMaximum {
            switch ForkSearch.step(proved(ours, sequence), proved(theirs, sequence)) {
            case .ask(let next):
                #expect(next > sequence)
                sequence = next
            case .forked: return (sequence, step)
            case .same: return (nil, step)
            }
        }
        Issue.record("no end")
        return (nil, 0)
    }

    @Test func `the first difference is found whatever the sizes, in few steps`() {
        for size in 1...40 {
            let ours = (0..<size).map { TestHash.quick([UInt8($0)]) }
            for other in 1...40 {
                for fork in 1...min(size, other) {
                    let theirs = (1...other).map { place in
                        place < fork ? ours[place - 1] : TestHash.quick([99, UInt8(place)])
                    }
                    let (found, steps) = search(ours, theirs)
                    #expect(found == UInt64(fork))
                    #expect(steps <= 36)
                }
                let common = Array(ours.prefix(other))
                let longer =
                    common + (common.count..<other).map { TestHash.quick([98, UInt8($0)]) }
                #expect(search(ours, longer).fork == nil)
            }
        }
    }

    @Test func `a difference that heals again is found all the same`() {
        let ours = (0..<33).map { TestHash.quick([UInt8($0)]) }
        for place in ours.indices {
            var theirs = ours
            theirs[place] = TestHash.quick([77])
            #expect(search(ours, theirs).fork == UInt64(place + 1))
        }
    }
}

/// A member that runs twice under one incarnation, and what the others find of it.
@Suite struct ForkTests {
    /// Both wrote on after five entries: three at the member, two at its clone.
    ///
    /// The second member has heard the one, the third the other.
    private func cloned(
        seed: UInt64,
        original: Int = 3,
        copy: Int = 2
    ) throws -> (ToyAlliance, FeedIdentity) {
        var alliance = try ToyAlliance(3, seed: seed)
        let identity = Stage.feed(of: alliance.codes[0])
        alliance.append(5, to: identity, at: 0)
        let isHealed = alliance.heal()
        #expect(isHealed)
        let clone = try alliance.clone(0)
        for index in alliance.nodes.indices { alliance.disconnect(index) }
        alliance.cutPairs.formUnion([[0, 2], [1, clone]])
        alliance.append(original, to: identity, at: 0)
        alliance.append(copy, to: identity, at: clone)
        return (alliance, identity)
    }

    @Test(arguments: [(3, 2), (2, 3), (2, 2), (1, 9), (9, 1)], [1, 2] as [UInt64])
    func `two histories are proven from the first sequence at which they part`(
        sizes: (original: Int, copy: Int),
        seed: UInt64
    ) throws {
        var (alliance, identity) = try cloned(
            seed: seed,
            original: sizes.original,
            copy: sizes.copy
        )
        alliance.spreadsProofs = true
        for _ in 0..<60 {
            alliance.reconnect()
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
        }
        let proof = try #require(alliance.forks.first?.proof)
        #expect(proof.sequence == 6)
        #expect(proof.feed == identity.digest(hash: TestHash.quick))
        #expect(proof.heads.allSatisfy { ToyLog.isSigned($0, by: alliance.codes[0]) })
        // Found by those who hold the two, or by the clones themselves; then there is peace.
        let count = alliance.forks.count
        for _ in 0..<60 {
            alliance.reconnect()
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
        }
        #expect(alliance.forks.count == count)
        #expect(alliance.violations.isEmpty, "\(alliance.violations)")
        let common = [1, 2].map { index in
            var feeds = alliance.nodes[index].replica.feeds
            return feeds.commonDigest(with: alliance.codes[3 - index])
        }
        #expect(common[0] == common[1])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a member that is shown a head of its own which it did not make suspects a clone`(
        seed: UInt64
    ) throws {
        var (alliance, identity) = try cloned(seed: seed, original: 2, copy: 6)
        for _ in 0..<5 {
            alliance.reconnect()
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
        }
        // Now the member meets the one that heard its clone.
        alliance.cutPairs = [[0, 3], [1, 3], [2, 3], [1, 2]]
        alliance.disconnect(3)
        for _ in 0..<5 {
            alliance.reconnect()
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
        }
        let suspicion = try #require(alliance.suspicions.first { $0.node == 0 })
        #expect(suspicion.head.head.feed == identity.digest(hash: TestHash.quick))
        #expect(suspicion.head.head.size == 11)
        #expect(alliance.suspicions.count { $0.node == 0 } == 1)
        #expect(alliance.violations.isEmpty)
        // It begins anew: everybody hears of it, and it writes on.
        let begun = Incarnation(rawValue: 77)
        alliance.handle(.incarnationBegun(begun), at: 0)
        alliance.nodes[0].incarnation = 77
        alliance.append(4, to: Stage.feed(of: alliance.codes[0], incarnation: 77), at: 0)
        alliance.reconnect()
        let isSettled = alliance.pass(seconds: 2)
        #expect(isSettled)
        #expect(alliance.nodes[2].replica.status(of: alliance.codes[0])?.incarnation == begun)
        let feed = Stage.feed(of: alliance.codes[0], incarnation: 77)
        let stored = alliance.nodes[2].log.feeds[feed.digest(hash: TestHash.quick)]
        #expect(stored?.entries.count == 4)
    }

    @Test func `what stands before the fork still comes to who lacks it`() throws {
        var (alliance, identity) = try cloned(seed: 7)
        alliance.spreadsProofs = true
        for _ in 0..<40 {
            alliance.reconnect()
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
        }
        #expect(!alliance.forks.isEmpty)
        let fork = ForkedFeed(
            feed: identity.digest(hash: TestHash.quick),
            from: 6,
            prefix: nil
        )
        // The third member loses its disk, and the clone is gone.
        alliance.leave(3)
        alliance.leave(0)
        try alliance.restart(2, from: ToyLog())
        alliance.handle(.forked(fork), at: 2)
        for _ in 0..<40 {
            alliance.reconnect()
            let isSettled = alliance.pass(seconds: 1)
            #expect(isSettled)
        }
        #expect(alliance.nodes[2].log.feeds[fork.feed]?.entries.count ?? 0 >= 5)
        #expect(alliance.violations.isEmpty, "\(alliance.violations)")
        var feeds = alliance.nodes[2].replica.feeds
        var others = alliance.nodes[1].replica.feeds
        #expect(
            feeds.commonDigest(with: alliance.codes[1])
                == others.commonDigest(with: alliance.codes[2])
        )
    }

    // MARK: One session

    @Test func `a path that leads nowhere ends the session`() throws {
        var stage = try Stage(stored: Stage.log(Stage.feed(of: Stage.codes[1]), 3))
        _ = stage.inform()
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        let have = Have.feeds(
            of: stage.theirFeed.writer,
            [Have.FeedSize(identity: stage.theirFeed, size: 3, root: TestHash.quick([1]))]
        )
        #expect(stage.hear(.have(have)).proves == [Prove(feed: feed, sequence: 1)])
        var proved = try #require(
            stage.theirs.prove(Prove(feed: feed, sequence: 1), by: stage.peer)
        )
        proved.path[0] = TestHash.quick([2])
        #expect(stage.hear(.proved(proved)).faults == [.headNotCovering])
    }

    @Test func `a peer whose paths show one history has lied`() throws {
        var stage = try Stage(stored: Stage.log(Stage.feed(of: Stage.codes[1]), 3))
        _ = stage.inform()
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        let have = Have.feeds(
            of: stage.theirFeed.writer,
            [Have.FeedSize(identity: stage.theirFeed, size: 3, root: TestHash.quick([1]))]
        )
        _ = stage.hear(.have(have))
        let prove = Prove(feed: feed, sequence: 1)
        let proved = try #require(stage.theirs.prove(prove, by: stage.peer))
        let asked = stage.hear(.proved(proved))
        #expect(asked == [.prove(Stage.link, prove, .search)])
        let outputs = stage.handle(.proven(Stage.link, prove, proved, .search))
        #expect(outputs.faults == [.headNotCovering])
    }

    @Test func `a peer that has the beginning of what its key signed is kept, so that it hears`()
        throws
    {
        var stage = try Stage(stored: Stage.log(Stage.feed(of: Stage.codes[1]), 3))
        _ = stage.acquaint()
        let copy = Stage.log(stage.theirFeed, 1)
        let tip = try #require(copy.tip(stage.theirFeed.digest(hash: TestHash.quick)))
        let size = Have.FeedSize(
            identity: stage.theirFeed,
            size: 1,
            root: tip.frontier.root(hash: TestHash.quick)
        )
        let prove = Prove(feed: tip.digest, sequence: 1)
        let heard = stage.hear(.have(.feeds(of: stage.theirFeed.writer, [size])))
        #expect(heard.proves == [prove])
        let theirs = try #require(copy.prove(prove, by: stage.peer))
        #expect(stage.hear(.proved(theirs)) == [.prove(Stage.link, prove, .search)])
        let ours = try #require(stage.theirs.prove(prove, by: stage.peer))
        #expect(stage.handle(.proven(Stage.link, prove, ours, .search)).faults.isEmpty)
        #expect(stage.pass(5_000).faults.isEmpty)
    }

    @Test func `a claim about our present incarnation is no reason to begin anew`() throws {
        var stage = try Stage(own: Stage.log(Stage.feed(of: Stage.codes[0]), 3))
        _ = stage.inform()
        let feed = stage.ownFeed.digest(hash: TestHash.quick)
        let have = Have.feeds(
            of: stage.ownFeed.writer,
            [Have.FeedSize(identity: stage.ownFeed, size: 4, root: TestHash.quick([1]))]
        )
        let prove = Prove(feed: feed, sequence: 1)
        #expect(stage.hear(.have(have)).proves == [prove])
        // All that the peer can show is what we made.
        let proved = try #require(stage.own.prove(prove, by: stage.me))
        #expect(stage.hear(.proved(proved)) == [.prove(Stage.link, prove, .search)])
        let outputs = stage.handle(.proven(Stage.link, prove, proved, .search))
        #expect(outputs.faults == [.feedForked])
        #expect(outputs.count == 1)
    }

    @Test func `a feed that is known to be forked before it comes ends before the fork`() throws {
        var stage = try Stage()
        _ = stage.inform()
        stage.theirs = Stage.log(stage.theirFeed, 4)
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        _ = stage.handle(.forked(ForkedFeed(feed: feed, from: 3, prefix: nil)))
        let outputs = stage.hear(.push(stage.theirs.push(stage.theirFeed, from: 1, to: 4)))
        let batch = try #require(outputs.batches.first)
        #expect(batch.items.count == 4)
        let tip = try #require(stage.theirs.tip(feed))
        _ = stage.handle(
            .persisted(Stage.link, batch: batch.number, tips: [tip], held: .none)
        )
        let entries = try #require(stage.theirs.feeds[feed]?.entries)
        var feeds = stage.replica.feeds
        let sizes = feeds.feedSizes(of: stage.theirFeed.writer, visibleTo: stage.peer)
        #expect(sizes.map(\.size) == [2])
        #expect(sizes.map(\.root) == [entries[1].root])
        // What follows is nothing to anybody: neither taken nor asked for.
        stage.theirs = Stage.log(stage.theirFeed, 6)
        let more = stage.hear(.push(stage.theirs.push(stage.theirFeed, from: 5, to: 6)))
        #expect(more.batches.isEmpty && more.faults.isEmpty && more.wants.isEmpty)
    }

    @Test func `who goes on naming what stands behind a fork is told of it again`() throws {
        var stage = try Stage(stored: Stage.log(Stage.feed(of: Stage.codes[1]), 4))
        _ = stage.inform()
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        _ = stage.handle(.forked(ForkedFeed(feed: feed, from: 3, prefix: nil)))
        let size = Have.FeedSize(
            identity: stage.theirFeed,
            size: 4,
            root: TestHash.quick([4])
        )
        let have = Message.have(.feeds(of: stage.theirFeed.writer, [size]))
        // The proof may be on its way to it.
        #expect(stage.hear(have).unheard.isEmpty)
        _ = stage.pass(4_000)
        #expect(stage.hear(have).unheard.isEmpty)
        _ = stage.pass(1_000)
        #expect(stage.hear(have).unheard == [feed])
        // Not with every list that follows.
        #expect(stage.hear(have).unheard.isEmpty)
    }

    @Test func `paths that nobody asked for are ignored`() throws {
        var stage = try Stage(stored: Stage.log(Stage.feed(of: Stage.codes[1]), 3))
        _ = stage.inform()
        let feed = stage.theirFeed.digest(hash: TestHash.quick)
        let prove = Prove(feed: feed, sequence: 2)
        let proved = try #require(stage.theirs.prove(prove, by: stage.peer))
        #expect(stage.hear(.proved(proved)).isEmpty)
        #expect(stage.handle(.proven(Stage.link, prove, proved, .search)).isEmpty)
        #expect(stage.handle(.proven(Stage.link, prove, nil, .answer)).isEmpty)
        #expect(
            stage.handle(.proven(Stage.link, prove, proved, .answer)).messages == [.proved(proved)]
        )
    }
}
