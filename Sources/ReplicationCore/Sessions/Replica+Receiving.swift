import AllianceModel

// The peer's feeds: every frame is verified against its heads before a byte of it is stored.

extension Replica {
    /// A part of a frame while it is being verified.
    private struct Candidate {
        let part: Push.Part
        let feed: Digest
        /// What was received of the feed, then with the entries of this frame folded in.
        var frontier: MerkleFrontier
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
        var candidates = try judgeParts(of: push, from: session)
        if try askAgain(after: candidates, on: link) { return }
        let items = fold(push, into: &candidates)
        try verify(candidates)
        note(candidates, on: link)
        guard !items.isEmpty else {
            acknowledgeDurable(candidates, on: link)
            return
        }
        batchNumber &+= 1
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

    private func judgeParts(
        of push: Push,
        from session: PeerSession
    ) throws(Fault)
        -> [Candidate]
    {
        var candidates: [Candidate] = []
        var named: Set<Digest> = []
        var begun = 0
        for part in push.parts {
            let feed = try judge(part, from: session.peer)
            guard named.insert(feed).inserted else {
                throw Fault(.frameMalformed, "a Push names a feed twice")
            }
            let received = feeds[feed]?.received
            if received == nil { begun += 1 }
            candidates.append(
                Candidate(
                    part: part,
                    feed: feed,
                    frontier: received ?? MerkleFrontier(),
                    next: part.first
                )
            )
        }
        guard feeds.count(of: session.peer) + begun <= settings.feedsPerAuthorMaximum else {
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
    private func judge(_ part: Push.Part, from peer: MemberCode) throws(Fault) -> Digest {
        let identity = part.identity
        guard identity.member == peer else {
            throw Fault(.feedForeign, "a feed of \(identity.member) pushed by \(peer)")
        }
        guard identity.audience.includes(settings.member) else {
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
        let feed = identity.digest(hash: hash)
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
        guard size >= floor else {
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
        let hasGap = candidates.contains { $0.part.first - 1 > $0.frontier.size }
        guard hasGap else { return false }
        sessions[link]?.gappedFrames += 1
        guard sessions[link]?.gappedFrames ?? 0 <= 2 * settings.framesInFlightMaximum else {
            throw Fault(.sequenceGap, "the entries asked for do not come")
        }
        for candidate in candidates
        where sessions[link]?.wanted.insert(candidate.feed).inserted == true {
            // What is pushed again may end before the heads seen since.
            sessions[link]?.floors[candidate.feed] = candidate.frontier.size
            send(
                .want(Want(feed: candidate.feed, from: candidate.frontier.size + 1)),
                on: link
            )
        }
        return true
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
            guard sequence > candidates[index].frontier.size else {
                old.insert(place)
                continue
            }
            candidates[index].frontier.append(push.items[place].leaf, hash: hash)
            candidates[index].newCount += 1
        }
        // Nearly always all are new, and the frame's own array goes on to the store.
        guard !old.isEmpty else { return push.items }
        return push.items.indices.filter { !old.contains($0) }.map { push.items[$0] }
    }

    /// Roots must be the heads'.
    ///
    /// A head that ends within what was received before covers nothing new and cannot be checked
    /// any more.
    private func verify(_ candidates: [Candidate]) throws(Fault) {
        for candidate in candidates {
            let head = candidate.part.head.head
            guard head.size == candidate.frontier.size else { continue }
            guard candidate.frontier.root(hash: hash) == head.root else {
                throw Fault(
                    .headNotCovering,
                    "the head of feed \(candidate.feed.short) at size \(head.size) "
                        + "is not over its entries"
                )
            }
        }
    }

    private mutating func note(_ candidates: [Candidate], on link: LinkID) {
        for candidate in candidates {
            let size = candidate.part.head.head.size
            sessions[link]?.wanted.remove(candidate.feed)
            sessions[link]?.floors[candidate.feed] = size
            sessions[link]?.noteAnnounced(candidate.feed, upTo: size)
            guard candidate.newCount > 0 else { continue }
            sessions[link]?.gappedFrames = 0
            feeds.setReceived(candidate.part.identity, candidate.feed, candidate.frontier)
        }
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
                row.size > 0 ? Ack.Stored(feed: row.digest, upTo: row.size) : nil
            }
        }
        guard !stored.isEmpty else { return }
        acknowledge(stored, of: peer, on: link)
    }

    mutating func acknowledge(_ stored: [Ack.Stored], of peer: MemberCode, on link: LinkID) {
        let summary = held[peer] ?? .none
        send(
            .ack(
                Ack(
                    stored: stored.sorted { $0.feed < $1.feed },
                    held: summary.count,
                    oldestHeld: summary.oldest
                )
            ),
            on: link
        )
    }

    /// A batch is durable: only now is it acknowledged, over whichever link the peer has by then.
    mutating func persisted(
        _ link: LinkID,
        _ batch: UInt64,
        _ tips: [FeedTip],
        _ summary: HeldSummary
    ) {
        sessions[link]?.finish(batch)
        for tip in tips { feeds.setDurable(tip) }
        guard let peer = sessions[link]?.peer ?? tips.first?.identity.member else { return }
        held[peer] = summary
        guard let current = used[peer] else { return }
        acknowledge(
            tips.map { Ack.Stored(feed: $0.digest, upTo: $0.size) },
            of: peer,
            on: current
        )
    }

    mutating func heldChanged(_ member: MemberCode, _ summary: HeldSummary) {
        guard held[member] ?? .none != summary else { return }
        held[member] = summary
        if let link = used[member] { acknowledge([], of: member, on: link) }
    }
}
