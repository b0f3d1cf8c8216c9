package import AllianceModel

// Feeds had of others than their member: what is offered, what is wanted of whom, and since when.
//
// A feed's member pushes it. What a peer has named and the member has not delivered within some
// seconds, or cannot, is wanted of that peer; so is what a peer has of our own earlier incarnations.
// Each feed is wanted of one peer at a time.

/// A feed wanted of somebody else than its member.
struct Errand: Sendable {
    var link: LinkID
    var writer: Writer
    /// The size that was offered.
    var size: UInt64
    /// When something of it last came, or it was asked for.
    var since: Monotonic
}

extension PeerSession {
    mutating func dropOffers(where isDropped: (Digest, Offer) -> Bool) {
        guard !offers.isEmpty else { return }
        let kept = offers.filter { !isDropped($0.key, $0.value) }
        offers = kept
    }
}

extension Replica {
    /// The peer has a feed of a third member, or of an earlier incarnation of ours, at that size.
    mutating func noteOffered(_ feed: Digest, _ size: Have.FeedSize, on link: LinkID) {
        let row = feeds[feed]
        if let row, row.size == size.size, row.size > 0, feeds.root(of: feed) != size.root {
            dispute(size.identity, feed, on: link)
            return
        }
        guard size.size > row?.received.size ?? 0, row?.isClosed != true,
            sessions[link]?.disputed.contains(feed) != true
        else {
            sessions[link]?.offers[feed] = nil
            return
        }
        let since = sessions[link]?.offers[feed]?.since ?? now
        sessions[link]?.offers[feed] = PeerSession.Offer(
            identity: size.identity,
            size: size.size,
            since: since
        )
    }

    /// The peer has, or names, no more of those of a member's incarnations.
    mutating func dropOffers(
        of member: MemberCode,
        on link: LinkID,
        where isDropped: (Incarnation) -> Bool
    ) {
        sessions[link]?.dropOffers { _, offer in
            let writer = offer.identity.writer
            return writer.member == member && isDropped(writer.incarnation)
        }
    }

    // MARK: Wanting

    /// Wants what is due of whoever offers it, and notes when to look again.
    mutating func runErrands() {
        relayAt = nil
        guard !isStopping else { return }
        giveUpErrands()
        for link in sessions.keys.sorted() {
            guard let session = sessions[link], session.isAcquainted, used[session.peer] == link,
                !session.offers.isEmpty
            else { continue }
            var free = settings.asksMaximum - errands.values.count { $0.link == link }
            for (feed, offer) in due(session) {
                guard free > 0 else { break }
                want(feed, offer, on: link)
                free -= 1
            }
        }
    }

    /// What is due of a peer's offers and wanted of nobody, the longest offered first; the others'
    /// moments are noted.
    private mutating func due(
        _ session: PeerSession
    ) -> [(feed: Digest, offer: PeerSession.Offer)] {
        var due: [(feed: Digest, offer: PeerSession.Offer)] = []
        for (feed, offer) in session.offers where errands[feed] == nil && !offer.isVain {
            let moment = dueAt(offer, feed)
            if moment > now {
                lookAgain(at: moment)
            } else if mayTake(feed, of: offer.identity.member) {
                due.append((feed, offer))
            }
        }
        return due.sorted { ($0.offer.since, $0.feed) < ($1.offer.since, $1.feed) }
    }

    private mutating func lookAgain(at moment: Monotonic) {
        relayAt = min(relayAt ?? moment, moment)
    }

    /// When the feed's own member has had its time.
    private func dueAt(_ offer: PeerSession.Offer, _ feed: Digest) -> Monotonic {
        let member = offer.identity.member
        guard member != settings.member else { return offer.since }
        guard let origin = used[member].flatMap({ sessions[$0] }) else {
            // At a start the others are about to connect.
            let start = startedAt ?? now
            return max(offer.since, start.advanced(byMilliseconds: settings.relayMilliseconds))
        }
        // While entries come of it, it may just not have got there.
        var since = offer.since
        if origin.announced[feed] ?? 0 >= offer.size, let progressedAt = origin.progressedAt {
            since = max(since, progressedAt)
        }
        return since.advanced(byMilliseconds: settings.relayMilliseconds)
    }

    private mutating func want(_ feed: Digest, _ offer: PeerSession.Offer, on link: LinkID) {
        errands[feed] = Errand(
            link: link,
            writer: offer.identity.writer,
            size: offer.size,
            since: now
        )
        sessions[link]?.wanting.insert(feed)
        lookAgain(at: now.advanced(byMilliseconds: settings.acknowledgementTimeoutMilliseconds))
        send(.want(Want(feed: feed, from: (feeds[feed]?.received.size ?? 0) + 1)), on: link)
    }

    /// Forgets what does not come, so that others' offers are taken.
    private mutating func giveUpErrands() {
        for (feed, errand) in errands {
            let since = max(errand.since, sessions[errand.link]?.progressedAt ?? errand.since)
            let deadline = since.advanced(
                byMilliseconds: settings.acknowledgementTimeoutMilliseconds
            )
            guard deadline <= now else {
                lookAgain(at: deadline)
                continue
            }
            errands[feed] = nil
            sessions[errand.link]?.offers[feed]?.isVain = true
        }
    }

    mutating func dropErrands(on link: LinkID) {
        errands = errands.filter { $0.value.link != link }
    }

    /// A feed was received up to that size, of whomever: what is offered no longer is more.
    ///
    /// True if something wanted is complete, and more may be wanted.
    mutating func noteReceived(_ feed: Digest, upTo size: UInt64) -> Bool {
        for link in sessions.keys {
            guard let offer = sessions[link]?.offers[feed], offer.size <= size else { continue }
            sessions[link]?.offers[feed] = nil
        }
        guard let errand = errands[feed] else { return false }
        if errand.size <= size {
            errands[feed] = nil
            return true
        }
        errands[feed]?.since = now
        return false
    }

    // MARK: What nobody has

    /// Where an incarnation's feeds can still be had.
    package struct Availability: Hashable, Sendable {
        /// Connected, and compared to the last feed of it, since that moment.
        package var asked: [MemberCode] = []
        /// Connected, and not that far.
        package var awaited: [MemberCode] = []
        /// Not connected.
        package var unreached: [MemberCode] = []
        /// Has more of it than is here.
        package var offering: [MemberCode] = []
    }

    /// What each other member of the roster has to give of an incarnation, sorted, as it was found
    /// since a moment.
    package func availability(
        of writer: Writer,
        since moment: Monotonic = Monotonic(milliseconds: .min)
    ) -> Availability {
        var availability = Availability()
        for peer in records.keys.sorted() {
            guard let session = used[peer].flatMap({ sessions[$0] }) else {
                availability.unreached.append(peer)
                continue
            }
            let hasMore =
                session.offers.values.contains { $0.identity.writer == writer }
                || peer == writer.member && lacks(writer, session.announced)
            if hasMore { availability.offering.append(peer) }
            if session.state == .informed,
                session.comparedAt(writer).map({ $0 >= moment }) ?? false
            {
                availability.asked.append(peer)
            } else {
                availability.awaited.append(peer)
            }
        }
        return availability
    }

    private func lacks(_ writer: Writer, _ announced: [Digest: UInt64]) -> Bool {
        feeds.feeds(of: writer).contains {
            announced[$0] ?? 0 > feeds[$0]?.received.size ?? 0
        }
    }

    /// Whether everybody who can be reached was asked for an incarnation's feeds since a moment, at
    /// least one was, and nobody has more than is stored here.
    package func isUnavailable(
        _ writer: Writer,
        since moment: Monotonic = Monotonic(milliseconds: .min)
    ) -> Bool {
        let availability = availability(of: writer, since: moment)
        return !availability.asked.isEmpty && availability.awaited.isEmpty
            && availability.offering.isEmpty
            && !errands.values.contains { $0.writer == writer }
            && feeds.feeds(of: writer).allSatisfy { feeds[$0]?.pending == nil }
    }

    // MARK: Who is slowed

    /// Whether so much of an author waits here that no more of it is taken.
    func isSlowed(_ author: MemberCode) -> Bool {
        let held = held[author] ?? .none
        return held.count.addingSaturated(held.resting) >= settings.heldPerAuthorMaximum
            || held.bytes >= settings.heldBytesPerAuthorMaximum
    }

    /// Whether more of a feed may be wanted: its author has no more feeds here than it may, either.
    private func mayTake(_ feed: Digest, of author: MemberCode) -> Bool {
        !isSlowed(author)
            && (feeds[feed] != nil || feeds.count(of: author) < settings.feedsPerAuthorMaximum)
    }
}
