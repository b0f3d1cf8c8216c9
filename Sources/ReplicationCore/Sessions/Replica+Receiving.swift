import AllianceModel

// The peer's feeds, and others' that were wanted of it: every frame is verified against its heads
// before a byte of it is stored.

extension Replica {
    /// A part of a frame while it is being verified.
    private struct Candidate {
        let part: Push.Part
        let feed: Digest
        /// What was received of the feed, then with the entries of this frame folded in.
        var frontier: MerkleFrontier
        /// Nothing of the feed is taken from this peer: it is forked, or its history is disputed.
        let isDropped: Bool
        /// The sequence from which on it is known to be forked.
        let fork: UInt64?
        /// The root right before that, if it was passed in this frame.
        var prefix: Digest?
        /// Entries of it in this frame.
        var count: UInt64 = 0
        /// Of these, how many are new.
        var newCount: UInt64 = 0
        /// Sequence of its next entry in the frame.
        var next: UInt64
    }

    mutating func heard(_ push: Push, on link: LinkID) throws(Fault) {
        guard let session = sessions[link] else { return }
        let deliveryClass = try judgeShape(of: push)
        let bytes = max(push.frameBytes, push.items.reduce(0) { $0 + $1.bytes.count })
        try judgeWindow(deliveryClass, adding: bytes, on: session)
        try judgePause(adding: bytes, on: link)
        var candidates = try judgeParts(of: push, from: session)
        if try askAgain(after: candidates, on: link) { return }
        let items = fold(push, into: &candidates)
        if try dispute(candidates, on: link) { return }
        if note(candidates, on: link) { runErrands() }
        guard !items.isEmpty else {
            acknowledgeDurable(candidates, on: link)
            return
        }
        batchNumber &+= 1
        batchPeers[batchNumber] = session.peer
        sessions[link]?.begin(
            batchNumber,
            PeerSession.Batch(deliveryClass: deliveryClass, bytes: bytes)
        )
        emit(.persist(link, batch(batchNumber, candidates, items)))
    }

    // MARK: Judging

    /// Parts and items fit each other, and all feeds are of one class, which is returned.
    private func judgeShape(of push: Push) throws(Fault) -> DeliveryClass {
        guard let first = push.parts.first, !push.items.isEmpty, push.frameBytes >= 0 else {
            throw Fault(.frameMalformed, "a Push of nothing")
        }
        guard push.parts.count <= settings.partsMaximum else {
            throw Fault(.limitExceeded, "a Push of \(push.parts.count) feeds")
        }
        let deliveryClass = first.identity.deliveryClass
        guard push.parts.allSatisfy({ $0.identity.deliveryClass == deliveryClass }) else {
            throw Fault(.frameMalformed, "a Push of two delivery classes")
        }
        var used = Array(repeating: false, count: push.parts.count)
        for item in push.items {
            guard used.indices.contains(item.part) else {
                throw Fault(.frameMalformed, "an entry of a feed that the Push does not name")
            }
            used[item.part] = true
        }
        guard used.allSatisfy(\.self) else {
            throw Fault(.frameMalformed, "a Push names a feed without entries")
        }
        return deliveryClass
    }

    /// A peer keeps to its window; twice as much is no misunderstanding.
    private func judgeWindow(
        _ deliveryClass: DeliveryClass,
        adding bytes: Int,
        on session: PeerSession
    ) throws(Fault) {
        let (sum, overflows) = session.outstandingBytes(deliveryClass)
            .addingReportingOverflow(bytes)
        let limit = 2 * settings.windowBytes(deliveryClass)
        guard !overflows, sum <= limit else {
            throw Fault(
                .limitExceeded,
                "more than \(limit) bytes of class \(deliveryClass.name) pushed and not acknowledged"
            )
        }
    }

    /// A peer that was told that no more is taken stops; its windows may be under way.
    private mutating func judgePause(adding bytes: Int, on link: LinkID) throws(Fault) {
        guard sessions[link]?.wasToldFull == true else { return }
        let (sum, overflows) = (sessions[link]?.bytesWhileFull ?? 0)
            .addingReportingOverflow(bytes)
        let limit = 2 * (settings.normalWindowBytes + settings.urgentWindowBytes)
        guard !overflows, sum <= limit else {
            throw Fault(.limitExceeded, "more than \(limit) bytes pushed to who takes no more")
        }
        sessions[link]?.bytesWhileFull = sum
    }

    private func judgeParts(
        of push: Push,
        from session: PeerSession
    ) throws(Fault)
        -> [Candidate]
    {
        var candidates: [Candidate] = []
        var named: Set<Digest> = []
        var begun: [MemberCode: Int] = [:]
        for part in push.parts {
            let feed = try judge(part, from: session)
            guard named.insert(feed).inserted else {
                throw Fault(.frameMalformed, "a Push names a feed twice")
            }
            let row = feeds[feed]
            if row == nil { begun[part.identity.member, default: 0] += 1 }
            candidates.append(
                Candidate(
                    part: part,
                    feed: feed,
                    frontier: row?.received ?? MerkleFrontier(),
                    isDropped: row?.isClosed == true || session.disputed.contains(feed),
                    fork: feeds.fork(of: feed),
                    next: part.first
                )
            )
        }
        for (author, count) in begun
        where feeds.count(of: author) + count > settings.feedsPerAuthorMaximum {
            throw Fault(
                .limitExceeded,
                "more than \(settings.feedsPerAuthorMaximum) feeds of one author"
            )
        }
        for item in push.items { candidates[item.part].count += 1 }
        for candidate in candidates { try judgeHead(candidate, from: session) }
        return candidates
    }

    /// Whose feed it is, for whom, and that the head is its.
    private func judge(_ part: Push.Part, from session: PeerSession) throws(Fault) -> Digest {
        let identity = part.identity
        let peer = session.peer
        let feed = identity.digest(hash: hash)
        guard identity.member == peer || session.wanting.contains(feed) else {
            throw Fault(.feedForeign, "a feed of \(identity.member) pushed by \(peer)")
        }
        guard identity.audience.includes(settings.member), identity.audience.includes(peer) else {
            throw Fault(.audienceExcludesReceiver, "a feed that is not for \(settings.member)")
        }
        guard identity.isCanonical else {
            throw Fault(.frameMalformed, "a feed whose audience cannot be")
        }
        guard identity.roster == settings.presentRoster || identity.roster == settings.firstRoster
        else {
            throw Fault(
                .rosterDiffers,
                "a feed begun under roster \(identity.roster.short), which is not known here"
            )
        }
        guard part.head.head.feed == feed else {
            throw Fault(.headNotCovering, "a head of another feed than \(feed.short)")
        }
        return feed
    }

    /// The head ends where the entries do, and is not behind what was known before.
    private func judgeHead(_ candidate: Candidate, from session: PeerSession) throws(Fault) {
        let size = candidate.part.head.head.size
        let (end, overflows) = candidate.part.first.addingReportingOverflow(candidate.count)
        guard candidate.part.first >= 1, !overflows, size <= MerkleFrontier.sizeMaximum,
            size == end - 1
        else {
            throw Fault(
                .headNotCovering,
                "a head of size \(size) over \(candidate.count) entries "
                    + "from \(candidate.part.first) on"
            )
        }
        let floor = session.floors[candidate.feed] ?? 0
        guard size >= floor || candidate.isDropped else {
            throw Fault(
                .headShrunken,
                "feed \(candidate.feed.short) had \(floor) entries, the head has \(size)"
            )
        }
    }

    /// If a feed goes on beyond what was received, asks once for all of the frame's feeds from where
    /// they stand; nothing of the frame is stored.
    private mutating func askAgain(
        after candidates: [Candidate],
        on link: LinkID
    )
        throws(Fault) -> Bool
    {
        let hasGap = candidates.contains {
            !$0.isDropped && $0.part.first - 1 > $0.frontier.size
        }
        guard hasGap else { return false }
        sessions[link]?.gappedFrames += 1
        guard sessions[link]?.gappedFrames ?? 0 <= 2 * settings.framesInFlightMaximum else {
            throw Fault(.sequenceGap, "the entries asked for do not come")
        }
        for candidate in candidates where !candidate.isDropped {
            askAgain(candidate.feed, from: candidate.frontier.size + 1, on: link)
        }
        return true
    }

    /// Once, until something of the feed comes.
    private mutating func askAgain(_ feed: Digest, from sequence: UInt64, on link: LinkID) {
        guard sessions[link]?.wanted.insert(feed).inserted == true else { return }
        // What is pushed again may end before the heads seen since.
        if sessions[link]?.floors[feed] != nil { sessions[link]?.floors[feed] = sequence - 1 }
        send(.want(Want(feed: feed, from: sequence)), on: link)
    }

    // MARK: Folding

    /// Appends the new entries to their feeds' frontiers; returns them, entries already received
    /// left out.
    private func fold(_ push: Push, into candidates: inout [Candidate]) -> [Push.Item] {
        var old: Set<Int> = []
        for place in push.items.indices {
            let index = push.items[place].part
            let sequence = candidates[index].next
            candidates[index].next += 1
            guard sequence > candidates[index].frontier.size, !candidates[index].isDropped else {
                old.insert(place)
                continue
            }
            candidates[index].frontier.append(push.items[place].leaf, hash: hash)
            candidates[index].newCount += 1
            if candidates[index].fork == sequence + 1 {
                candidates[index].prefix = candidates[index].frontier.root(hash: hash)
            }
        }
        // Nearly always all are new, and the frame's own array goes on to the store.
        guard !old.isEmpty else { return push.items }
        return push.items.indices.filter { !old.contains($0) }.map { push.items[$0] }
    }

    /// Roots must be the heads'; where one is not, nothing of the frame is stored, which is returned.
    ///
    /// A head that ends within what was received before covers nothing new and cannot be checked any
    /// more. If nothing of the feed is durable here, the frame is at fault; else its member may have
    /// signed another history than ours, and the paths will tell. The frame's other feeds are pushed
    /// again.
    private mutating func dispute(
        _ candidates: [Candidate],
        on link: LinkID
    )
        throws(Fault) -> Bool
    {
        let differing = candidates.filter { candidate in
            let head = candidate.part.head.head
            return !candidate.isDropped && head.size == candidate.frontier.size
                && candidate.frontier.root(hash: hash) != head.root
        }
        guard !differing.isEmpty else { return false }
        for candidate in differing {
            guard feeds[candidate.feed]?.frontier.size ?? 0 > 0 else {
                throw Fault(
                    .headNotCovering,
                    "the head of feed \(candidate.feed.short) "
                        + "at size \(candidate.part.head.head.size) is not over its entries"
                )
            }
            dispute(candidate.part.identity, candidate.feed, on: link)
        }
        let disputed = Set(differing.map(\.feed))
        for candidate in candidates
        where !candidate.isDropped && !disputed.contains(candidate.feed) {
            let received = feeds[candidate.feed]?.received.size ?? 0
            askAgain(candidate.feed, from: received + 1, on: link)
        }
        return true
    }

    /// True if something wanted of others is complete.
    private mutating func note(_ candidates: [Candidate], on link: LinkID) -> Bool {
        var isComplete = false
        for candidate in candidates where !candidate.isDropped {
            let size = candidate.part.head.head.size
            sessions[link]?.wanted.remove(candidate.feed)
            if candidate.part.identity.member == sessions[link]?.peer {
                sessions[link]?.floors[candidate.feed] = size
                sessions[link]?.noteAnnounced(candidate.feed, upTo: size)
            }
            if size > feeds[candidate.feed]?.frontier.size ?? 0 {
                let owed = sessions[link]?.owed[candidate.feed] ?? 0
                sessions[link]?.owed[candidate.feed] = max(size, owed)
            }
            guard candidate.newCount > 0 else { continue }
            sessions[link]?.gappedFrames = 0
            sessions[link]?.progressedAt = now
            feeds.setReceived(
                candidate.part.identity,
                candidate.feed,
                candidate.frontier,
                prefix: candidate.prefix
            )
            if noteReceived(candidate.feed, upTo: candidate.frontier.size) { isComplete = true }
        }
        return isComplete
    }

    private func batch(
        _ number: UInt64,
        _ candidates: [Candidate],
        _ items: [Push.Item]
    ) -> ReceivedBatch {
        var parts: [ReceivedBatch.Part] = []
        var places: [Int: Int] = [:]
        for (index, candidate) in candidates.enumerated() where candidate.newCount > 0 {
            places[index] = parts.count
            parts.append(
                ReceivedBatch.Part(
                    identity: candidate.part.identity,
                    feed: candidate.feed,
                    first: candidate.frontier.size - candidate.newCount + 1,
                    frontier: candidate.frontier,
                    head: candidate.part.head
                )
            )
        }
        guard places.count < candidates.count else {
            return ReceivedBatch(number: number, parts: parts, items: items)
        }
        let moved = items.map { item in
            var item = item
            item.part = places[item.part] ?? 0
            return item
        }
        return ReceivedBatch(number: number, parts: parts, items: moved)
    }

    // MARK: Acknowledging

    /// Nothing was new.
    ///
    /// What is durable is acknowledged again; what is on its way to the disk will be once it got
    /// there.
    private mutating func acknowledgeDurable(_ candidates: [Candidate], on link: LinkID) {
        guard let peer = sessions[link]?.peer else { return }
        let stored = candidates.compactMap { candidate in
            feeds[candidate.feed].flatMap { row in
                row.frontier.size > 0
                    ? Ack.Stored(feed: row.digest, upTo: row.frontier.size) : nil
            }
        }
        guard !stored.isEmpty else { return }
        acknowledge(stored, of: peer, on: link)
    }

    mutating func acknowledge(_ stored: [Ack.Stored], of peer: MemberCode, on link: LinkID) {
        let summary = held[peer] ?? .none
        let isFull = isSlowed(peer)
        sessions[link]?.wasToldFull = isFull
        sessions[link]?.toldHeld = summary
        if !isFull { sessions[link]?.bytesWhileFull = 0 }
        send(
            .ack(
                Ack(
                    stored: stored.sorted { $0.feed < $1.feed },
                    held: summary.count,
                    oldestHeld: summary.oldest,
                    isFull: isFull
                )
            ),
            on: link
        )
    }

    /// A batch is durable: only now is it acknowledged, to each feed's own member over whichever link
    /// it has by then, and to whoever else pushed it.
    ///
    /// `summary` is of the first feed's member.
    mutating func persisted(
        _ link: LinkID,
        _ batch: UInt64,
        _ tips: [FeedTip],
        _ summary: HeldSummary
    ) {
        sessions[link]?.finish(batch)
        let pusher = batchPeers.removeValue(forKey: batch)
        var stored: [LinkID: [Ack.Stored]] = [:]
        for tip in tips {
            feeds.setDurable(tip)
            if tip.identity.member == settings.member { regained(tip) }
            for (owing, session) in sessions {
                let isOwed = session.owed[tip.digest].map { $0 <= tip.size } ?? false
                // A restored member may not know of a feed of its own: it is told only of what it
                // pushed or has named.
                let isKnown =
                    pusher == tip.identity.member
                    || session.announced[tip.digest] ?? 0 >= tip.size
                guard isOwed || used[tip.identity.member] == owing && isKnown else { continue }
                sessions[owing]?.owed[tip.digest] = nil
                stored[owing, default: []].append(Ack.Stored(feed: tip.digest, upTo: tip.size))
            }
        }
        if let author = tips.first?.identity.member, author != settings.member {
            held[author] = summary
        }
        for owing in stored.keys.sorted() {
            guard let peer = sessions[owing]?.peer else { continue }
            acknowledge(stored[owing] ?? [], of: peer, on: owing)
        }
        // What somebody else pushed may have released what is held of an author.
        if let author = tips.first?.identity.member { tellHeld(author) }
    }

    /// A feed of an earlier incarnation of ours came back: as its member we push it to whoever lacks
    /// it.
    private mutating func regained(_ tip: FeedTip) {
        ownLatest = max(ownLatest, tip.latest)
        guard let row = feeds[tip.digest] else { return }
        for link in sessions.keys.sorted() {
            guard let session = sessions[link], session.state == .informed,
                used[session.peer] == link, row.identity.audience.includes(session.peer)
            else { continue }
            addPending(row, on: link, oldest: nil)
            pumpAll(link)
        }
    }

    /// Says what is held here of a peer's own if that is not what it was told last.
    mutating func tellHeld(_ peer: MemberCode) {
        guard let link = used[peer], let session = sessions[link],
            session.toldHeld != held[peer] ?? .none || session.wasToldFull != isSlowed(peer)
        else { return }
        acknowledge([], of: peer, on: link)
    }

    mutating func heldChanged(_ member: MemberCode, _ summary: HeldSummary) {
        guard held[member] ?? .none != summary else { return }
        let wasSlowed = isSlowed(member)
        held[member] = summary
        tellHeld(member)
        if wasSlowed, !isSlowed(member) { runErrands() }
    }
}
