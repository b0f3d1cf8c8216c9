import AllianceModel

// What each side has: Ping with the common digest, and Have from the members down to the feeds.
//
// Only the two members' own groups are followed further down: nobody else's feeds are served here
// in this version, so a difference in them is their members' to settle.

extension Replica {
    mutating func ping(_ link: LinkID, wantsAnswer: Bool, wallMilliseconds: Int64) {
        guard let peer = sessions[link]?.peer else { return }
        let common = feeds.commonDigest(with: peer)
        if sessions[link]?.snapshot?.common != common {
            sessions[link]?.snapshot = PeerSession.Snapshot(
                common: common,
                sizes: [settings.member, peer].flatMap { member in
                    feeds.rows(of: member, visibleTo: peer).filter { $0.size > 0 }
                        .map { ($0.digest, $0.size) }
                }
            )
        }
        if wantsAnswer, sessions[link]?.answerAwaitedSince == nil {
            sessions[link]?.answerAwaitedSince = now
        }
        send(
            .ping(Ping(clock: wallMilliseconds, common: common, wantsAnswer: wantsAnswer)),
            on: link
        )
    }

    mutating func heard(_ ping: Ping, on link: LinkID, wallMilliseconds: Int64) {
        guard let peer = sessions[link]?.peer else { return }
        noteSkew(ping.clock, of: peer, wallMilliseconds: wallMilliseconds)
        if ping.common == feeds.commonDigest(with: peer) {
            for member in [settings.member, peer] {
                for row in feeds.rows(of: member, visibleTo: peer) where row.size > 0 {
                    noteEqual(row.digest, size: row.size, on: link)
                }
            }
            becomeKnown(link)
        } else if let snapshot = sessions[link]?.snapshot, ping.common == snapshot.common {
            for (feed, size) in snapshot.sizes { noteEqual(feed, size: size, on: link) }
            becomeKnown(link)
        } else {
            send(.have(.members(feeds.memberGroups(visibleTo: peer))), on: link)
        }
        releaseFrames(link)
        if ping.wantsAnswer {
            self.ping(link, wantsAnswer: false, wallMilliseconds: wallMilliseconds)
        }
    }

    private mutating func becomeKnown(_ link: LinkID) {
        sessions[link]?.deliveredSurvey = .known
        sessions[link]?.announcedSurvey = .known
        becomeInformedIfKnown(link)
    }

    /// Both sides have a feed of either at that size.
    private mutating func noteEqual(_ feed: Digest, size: UInt64, on link: LinkID) {
        guard let row = feeds[feed] else { return }
        if row.identity.member == settings.member {
            noteStored(feed, upTo: size, on: link)
        } else {
            sessions[link]?.noteAnnounced(feed, upTo: size)
        }
    }

    /// A whole group of feeds is equal.
    private mutating func noteEqualGroup(
        of member: MemberCode,
        on link: LinkID,
        where isIncluded: (Incarnation) -> Bool
    ) {
        guard let peer = sessions[link]?.peer else { return }
        for row in feeds.rows(of: member, visibleTo: peer)
        where row.size > 0 && isIncluded(row.identity.writer.incarnation) {
            noteEqual(row.digest, size: row.size, on: link)
        }
    }

    /// Names feeds to the peer, within reason: being asked over and over must not keep a node busy.
    private mutating func name(_ have: Have, _ count: Int, on link: LinkID) throws(Fault) {
        if let since = sessions[link]?.listedSince, now.milliseconds(since: since) >= 10_000 {
            sessions[link]?.listedSince = now
            sessions[link]?.listed = 0
        }
        sessions[link]?.listed += 1 + count
        guard sessions[link]?.listed ?? 0 <= settings.listedMaximum else {
            throw Fault(
                .limitExceeded,
                "asked to name more than \(settings.listedMaximum) feeds within 10 s"
            )
        }
        send(.have(have), on: link)
    }

    // MARK: Have

    mutating func heard(_ have: Have, on link: LinkID) throws(Fault) {
        switch have {
        case .members(let groups): try heard(members: groups, on: link)
        case .incarnations(let member, let groups):
            try heard(incarnations: groups, of: member, on: link)
        case .feeds(let writer, let sizes): try heard(feeds: sizes, of: writer, on: link)
        }
        releaseFrames(link)
        becomeInformedIfKnown(link)
    }

    private mutating func heard(
        members groups: [Have.Group<MemberCode>],
        on link: LinkID
    )
        throws(Fault)
    {
        guard let peer = sessions[link]?.peer else { return }
        try Self.requireSorted(groups, atMost: Roster.memberCountMaximum)
        let theirs = Dictionary(groups.map { ($0.name, $0.digest) }) { first, _ in first }
        let ours = Dictionary(
            feeds.memberGroups(visibleTo: peer).map { ($0.name, $0.digest) }
        ) { first, _ in first }
        for member in [settings.member, peer] {
            let differs = theirs[member] != ours[member]
            if !differs { noteEqualGroup(of: member, on: link) { _ in true } }
            if theirs[member] == nil { try noteMissing(of: member, on: link) { _ in true } }
            note(member, on: link) {
                $0.heardMembers(differs: differs && theirs[member] != nil)
            }
            guard differs else { continue }
            let further = feeds.incarnationGroups(of: member, visibleTo: peer)
            try name(.incarnations(of: member, further), further.count, on: link)
        }
    }

    private mutating func heard(
        incarnations groups: [Have.Group<Incarnation>],
        of member: MemberCode,
        on link: LinkID
    ) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        try Self.requireSorted(groups, atMost: settings.feedsPerAuthorMaximum)
        guard member == settings.member || member == peer else { return }
        let theirs = Dictionary(groups.map { ($0.name, $0.digest) }) { first, _ in first }
        let ours = Dictionary(
            feeds.incarnationGroups(of: member, visibleTo: peer).map { ($0.name, $0.digest) }
        ) { first, _ in first }
        let names = Set(theirs.keys).union(ours.keys)
        let differing = names.filter { theirs[$0] != ours[$0] }
        noteEqualGroup(of: member, on: link) { !differing.contains($0) }
        try noteMissing(of: member, on: link) { theirs[$0] == nil }
        note(member, on: link) {
            $0.heardIncarnations(differing: differing.filter { theirs[$0] != nil })
        }
        for incarnation in differing.sorted() {
            let writer = Writer(member: member, incarnation: incarnation)
            let further = feeds.feedSizes(of: writer, visibleTo: peer)
            try name(.feeds(of: writer, further), further.count, on: link)
        }
    }

    private mutating func heard(
        feeds sizes: [Have.FeedSize],
        of writer: Writer,
        on link: LinkID
    ) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        let listed = try judge(sizes, of: writer, from: peer)
        guard writer.member == settings.member || writer.member == peer else { return }
        for (feed, size) in listed { try note(feed, size, on: link) }
        let known = Set(listed.map(\.feed))
        for row in feeds.rows(of: writer.member, visibleTo: peer)
        where row.identity.writer == writer && row.size > 0 && !known.contains(row.digest) {
            try noteAbsent(row, on: link)
        }
        note(writer.member, on: link) { $0.heardFeeds(of: writer.incarnation) }
    }

    private func judge(
        _ sizes: [Have.FeedSize],
        of writer: Writer,
        from peer: MemberCode
    )
        throws(Fault) -> [(feed: Digest, size: Have.FeedSize)]
    {
        guard sizes.count <= settings.feedsPerAuthorMaximum else {
            throw Fault(.limitExceeded, "\(sizes.count) feeds of one author")
        }
        var listed: [(feed: Digest, size: Have.FeedSize)] = []
        listed.reserveCapacity(sizes.count)
        for size in sizes {
            let audience = size.identity.audience
            guard audience.includes(settings.member), audience.includes(peer) else {
                throw Fault(.audienceExcludesReceiver, "a feed is named that not both may see")
            }
            guard size.identity.isCanonical, size.identity.writer == writer,
                (1...MerkleFrontier.sizeMaximum).contains(size.size)
            else { throw Fault(.frameMalformed, "a Have names what cannot be") }
            let feed = size.identity.digest(hash: hash)
            guard listed.last.map({ $0.feed < feed }) ?? true else {
                throw Fault(.frameMalformed, "a Have is not sorted")
            }
            listed.append((feed, size))
        }
        return listed
    }

    private static func requireSorted<Name: Comparable>(
        _ groups: [Have.Group<Name>],
        atMost maximum: Int
    ) throws(Fault) {
        guard groups.count <= maximum else {
            throw Fault(.limitExceeded, "a Have of \(groups.count) groups")
        }
        for (group, next) in zip(groups, groups.dropFirst()) where group.name >= next.name {
            throw Fault(.frameMalformed, "a Have is not sorted")
        }
    }

    private mutating func note(
        _ member: MemberCode,
        on link: LinkID,
        _ change: (inout Survey) -> Void
    ) {
        if member == settings.member {
            sessions[link]?.changeDeliveredSurvey(change)
        } else {
            sessions[link]?.changeAnnouncedSurvey(change)
        }
    }

    // MARK: Sizes

    /// The peer has a feed of ours or of its own at that size.
    private mutating func note(
        _ feed: Digest,
        _ size: Have.FeedSize,
        on link: LinkID
    )
        throws(Fault)
    {
        let isOwn = size.identity.member == settings.member
        guard let row = feeds[feed] else {
            // Of ours, only a former incarnation's can be unknown here: a backup was put back.
            if isOwn, size.identity.writer.incarnation == settings.incarnation {
                throw Fault(.feedForked, "feed \(feed.short) was never begun by its member")
            }
            if !isOwn { sessions[link]?.announced[feed] = size.size }
            return
        }
        if row.size == size.size, feeds.root(of: feed) != size.root {
            throw Fault(
                isOwn ? .feedForked : .headNotCovering,
                "feed \(feed.short) differs at size \(size.size)"
            )
        }
        guard isOwn else {
            try noteAnnounced(row, size.size, on: link)
            return
        }
        if size.size > row.size, row.identity.writer.incarnation == settings.incarnation {
            throw Fault(.feedForked, "feed \(feed.short) ends at \(row.size), not \(size.size)")
        }
        try noteDelivered(row, min(size.size, row.size), on: link)
    }

    private mutating func noteDelivered(
        _ row: FeedTable.Row,
        _ size: UInt64,
        on link: LinkID
    )
        throws(Fault)
    {
        let former = sessions[link]?.acknowledged[row.digest] ?? 0
        guard size >= former else {
            throw Fault(
                .headShrunken,
                "feed \(row.digest.short) was stored up to \(former), now up to \(size)"
            )
        }
        noteStored(row.digest, upTo: size, on: link)
    }

    private mutating func noteAnnounced(
        _ row: FeedTable.Row,
        _ size: UInt64,
        on link: LinkID
    )
        throws(Fault)
    {
        let floor = sessions[link]?.floors[row.digest] ?? 0
        if size < floor, row.identity.writer.incarnation == sessions[link]?.incarnation {
            throw Fault(
                .headShrunken,
                "feed \(row.digest.short) had \(floor) entries, now \(size)"
            )
        }
        sessions[link]?.announced[row.digest] = size
    }

    /// The peer has nothing of a feed that is here.
    private mutating func noteAbsent(_ row: FeedTable.Row, on link: LinkID) throws(Fault) {
        if row.identity.member == settings.member {
            try noteDelivered(row, 0, on: link)
        } else {
            try noteAnnounced(row, 0, on: link)
        }
    }

    /// The same of all feeds in a group that the peer does not list.
    private mutating func noteMissing(
        of member: MemberCode,
        on link: LinkID,
        where isMissing: (Incarnation) -> Bool
    ) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        for row in feeds.rows(of: member, visibleTo: peer)
        where row.size > 0 && isMissing(row.identity.writer.incarnation) {
            try noteAbsent(row, on: link)
        }
    }

    private mutating func becomeInformedIfKnown(_ link: LinkID) {
        guard let peer = sessions[link]?.peer, sessions[link]?.state == .acquainted,
            sessions[link]?.deliveredSurvey == .known, sessions[link]?.announcedSurvey == .known
        else { return }
        sessions[link]?.state = .informed
        sessions[link]?.surveyAt = nil
        guard used[peer] == link else { return }
        records[peer]?.reachedHeads = true
        sendAll(link)
    }
}
