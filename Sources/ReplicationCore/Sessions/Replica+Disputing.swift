import AllianceModel

// Two histories of one feed. That a peer's differs from ours may be a lie of the peer, or its member
// has signed both: only paths to signed heads tell, and only they are believed.
//
// Until it is known, nothing of the feed is taken from that peer. Where the paths show one history,
// the peer has lied, and the session ends.

extension Replica {
    /// Begins to look where our history of a feed and the peer's part.
    mutating func dispute(_ identity: FeedIdentity, _ feed: Digest, on link: LinkID) {
        guard let session = sessions[link] else { return }
        sessions[link]?.disputed.insert(feed)
        sessions[link]?.offers[feed] = nil
        if errands[feed]?.link == link { errands[feed] = nil }
        // Of a forked feed that ends here before the proof, another branch is nothing new; only
        // histories that part before that are.
        let isNews = feeds[feed].map { !$0.isClosed || $0.prefix != nil } ?? true
        guard isNews, !found.contains(feed), session.searches[feed] == nil,
            session.searches.count < settings.searchesMaximum
        else { return }
        sessions[link]?.searches[feed] = PeerSession.Search(
            identity: identity,
            sequence: 1,
            since: now
        )
        send(.prove(Prove(feed: feed, sequence: 1)), on: link)
    }

    /// Asked for a path: answered if the peer may see the feed, and ours has that entry.
    mutating func heard(_ prove: Prove, on link: LinkID) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        guard let row = feeds[prove.feed], row.frontier.size > 0,
            row.identity.audience.includes(peer)
        else {
            throw Fault(.feedForeign, "no feed \(prove.feed.short) is served to \(peer)")
        }
        guard prove.sequence >= 1 else {
            throw Fault(.frameMalformed, "a path of sequence 0 is asked for")
        }
        // Who asks for many paths is bounded as who has many feeds named is: a path costs about as
        // much as a thousand of these.
        try count(1_000, on: link)
        guard prove.sequence <= row.frontier.size else { return }
        emit(.prove(link, prove, .answer))
    }

    mutating func heard(_ proved: Proved, on link: LinkID) throws(Fault) {
        guard let search = sessions[link]?.searches[proved.feed],
            proved.sequence == search.sequence, search.theirs == nil
        else { return }
        guard proved.member == search.identity.member, proved.isSound(hash: hash) else {
            throw Fault(
                .headNotCovering,
                "a path of feed \(proved.feed.short) that leads to no head of its member"
            )
        }
        sessions[link]?.searches[proved.feed]?.theirs = proved
        sessions[link]?.searches[proved.feed]?.since = now
        suspect(proved, search.identity)
        let durable = feeds[proved.feed]?.frontier.size ?? 0
        guard proved.sequence <= durable else {
            try settle(proved.feed, on: link)
            return
        }
        emit(.prove(link, Prove(feed: proved.feed, sequence: proved.sequence), .search))
    }

    /// A head that our key signed of a feed of our present incarnation, and that we did not make.
    private mutating func suspect(_ proved: Proved, _ identity: FeedIdentity) {
        guard identity.member == settings.member,
            identity.writer.incarnation == settings.incarnation
        else { return }
        let size = feeds[proved.feed]?.frontier.size ?? 0
        let isStrange =
            proved.head.head.size > size
            || proved.head.head.size == size && feeds.root(of: proved.feed) != proved.head.head.root
        guard isStrange, suspected.insert(proved.feed).inserted else { return }
        emit(.forkSuspected(feed: proved.feed, theirs: proved.head))
    }

    mutating func proven(
        _ link: LinkID,
        _ prove: Prove,
        _ proved: Proved?,
        _ purpose: ProofPurpose
    ) {
        switch purpose {
        case .answer:
            if let proved, sessions[link] != nil { send(.proved(proved), on: link) }
        case .search:
            do throws(Fault) {
                try compare(prove, proved, on: link)
            } catch {
                close(link, error)
            }
        }
    }

    /// Our path of the sequence at which the peer's was asked for.
    private mutating func compare(
        _ prove: Prove,
        _ ours: Proved?,
        on link: LinkID
    ) throws(Fault) {
        guard let search = sessions[link]?.searches[prove.feed], let theirs = search.theirs,
            search.sequence == prove.sequence
        else { return }
        guard let ours else {
            try settle(prove.feed, on: link)
            return
        }
        switch ForkSearch.step(ours, theirs) {
        case .ask(let sequence):
            guard search.steps < ForkSearch.stepsMaximum else {
                throw Fault(
                    .headNotCovering,
                    "paths of feed \(prove.feed.short) that never meet"
                )
            }
            sessions[link]?.searches[prove.feed]?.steps += 1
            sessions[link]?.searches[prove.feed]?.sequence = sequence
            sessions[link]?.searches[prove.feed]?.theirs = nil
            sessions[link]?.searches[prove.feed]?.since = now
            send(.prove(Prove(feed: prove.feed, sequence: sequence)), on: link)
        case .forked:
            sessions[link]?.searches[prove.feed] = nil
            let proof = ForkProof(
                of: search.identity.member,
                feed: prove.feed,
                sequence: prove.sequence,
                ours.branch,
                theirs.branch,
                hash: hash
            )
            found.insert(prove.feed)
            if let proof { emit(.forkFound(proof)) }
        case .same: try settle(prove.feed, on: link)
        }
    }

    /// As far as both go there is one history.
    ///
    /// Of our present incarnation's feed a head beyond it was suspected already, and is no lie of the
    /// peer; otherwise what it said of the feed is not so.
    ///
    /// That a peer has only the beginning of what its present incarnation signed may be true: a copy of
    /// its machine wrote the rest. It is about to ask us for that; the session stays, so that it hears.
    private mutating func settle(_ feed: Digest, on link: LinkID) throws(Fault) {
        guard let search = sessions[link]?.searches.removeValue(forKey: feed),
            !suspected.contains(feed)
        else { return }
        let isItsPresent =
            search.identity.member == sessions[link]?.peer
            && search.identity.writer.incarnation == sessions[link]?.incarnation
        if isItsPresent, let theirs = search.theirs?.head.head.size,
            theirs < feeds[feed]?.frontier.size ?? 0
        {
            return
        }
        throw Fault(
            code(of: search),
            "what is said of feed \(feed.short) is not what its member signed"
        )
    }

    /// A feed is proven to be forked: it ends before that, for whatever is said and compared.
    mutating func setForked(_ forked: ForkedFeed) {
        feeds.setForked(forked)
        found.remove(forked.feed)
        guard let row = feeds[forked.feed] else { return }
        for link in sessions.keys.sorted() {
            sessions[link]?.searches[forked.feed] = nil
            sessions[link]?.disputed.remove(forked.feed)
            guard row.isClosed else { continue }
            sessions[link]?.offers[forked.feed] = nil
            sessions[link]?.forget(forked.feed, of: row.identity.deliveryClass, beyond: row.size)
        }
        if row.isClosed { errands[forked.feed] = nil }
    }

    /// Whoever names more of a feed than stands before its fork has not heard of the proof.
    ///
    /// It may be under way. Else it was said where not all hear it, as in one branch of a feed that is
    /// forked itself.
    mutating func noteUnheard(_ feed: Digest, _ size: Have.FeedSize) {
        guard let row = feeds[feed], row.isClosed, size.size > row.size else { return }
        guard let since = unheard[feed] else {
            unheard[feed] = now
            return
        }
        guard now.milliseconds(since: since) >= settings.proofMilliseconds else { return }
        unheard[feed] = now
        emit(.forkUnheard(feed: feed))
    }

    /// A search that the peer does not answer.
    func faultUnanswered(_ session: PeerSession) -> Fault? {
        guard let deadline = searchDeadline(session), deadline <= now else { return nil }
        let isOurs = session.searches.values.contains { code(of: $0) == .feedForked }
        return Fault(
            isOurs ? .feedForked : .headNotCovering,
            "no path within \(settings.proofMilliseconds) ms for a feed that differs"
        )
    }

    /// What the peer has said without proof.
    private func code(of search: PeerSession.Search) -> FaultCode {
        let present = Writer(member: settings.member, incarnation: settings.incarnation)
        return search.identity.writer == present ? .feedForked : .headNotCovering
    }

    func searchDeadline(_ session: PeerSession) -> Monotonic? {
        session.searches.values.map(\.since).min()?
            .advanced(byMilliseconds: settings.proofMilliseconds)
    }
}

extension PeerSession {
    /// Nothing of a feed beyond that size is pushed or awaited any more.
    fileprivate mutating func forget(
        _ feed: Digest,
        of deliveryClass: DeliveryClass,
        beyond size: UInt64
    ) {
        if let announced = announced[feed] { self.announced[feed] = min(announced, size) }
        if let floor = floors[feed] { floors[feed] = min(floor, size) }
        let sent = min(sent[feed] ?? 0, size)
        self.sent[feed] = sent
        if let stored = acknowledged[feed] { acknowledged[feed] = min(stored, size) }
        withLane(deliveryClass) { lane in
            lane.forget(feed, beyond: size)
            if sent >= size {
                lane.pending.remove(feed)
                lane.relayed.remove(feed)
            }
        }
    }
}
