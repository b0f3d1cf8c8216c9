import AllianceModel

// What each side has: Ping with the common digest, and Have from the members down to the feeds.
//
// The two members' own groups are always followed further down, third members' whenever these are not
// connected here, and else now and then: what they write is under way to both sides all the time.

extension Replica {
    mutating func ping(_ link: LinkID, wantsAnswer: Bool, wallMilliseconds: Int64) {
        guard let peer = sessions[link]?.peer else { return }
        sessions[link]?.comparedAt = now
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
        sessions[link]?.comparedAt = now
        if ping.common == feeds.commonDigest(with: peer) {
            // What it named before and has no more, for it was proven to be forked, is awaited no longer.
            sessions[link]?.announced = [:]
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

    /// Both sides have the same: nothing is offered.
    private mutating func becomeKnown(_ link: LinkID) {
        for member in settings.roster.members {
            sessions[link]?.changeSurvey(of: member.code) { $0 = .known }
            sessions[link]?.noteCompared(member.code, differing: [], now: now)
        }
        sessions[link]?.offers = [:]
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
        try self.count(1 + count, on: link)
        send(.have(have), on: link)
    }

    /// Counts what the peer makes this node look up.
    mutating func count(_ count: Int, on link: LinkID) throws(Fault) {
        if let since = sessions[link]?.listedSince, now.milliseconds(since: since) >= 10_000 {
            sessions[link]?.listedSince = now
            sessions[link]?.listed = 0
        }
        sessions[link]?.listed += count
        guard sessions[link]?.listed ?? 0 <= settings.listedMaximum else {
            throw Fault(
                .limitExceeded,
                "asked to name more than \(settings.listedMaximum) feeds within 10 s"
            )
        }
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
        runErrands()
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
            if !differs || theirs[member] == nil {
                sessions[link]?.noteCompared(member, differing: [], now: now)
            }
            note(member, on: link) {
                $0.heardMembers(differs: differs && theirs[member] != nil)
            }
            guard differs else { continue }
            let further = feeds.incarnationGroups(of: member, visibleTo: peer)
            try name(.incarnations(of: member, further), further.count, on: link)
        }
        for member in settings.roster.members.map(\.code)
        where member != settings.member && member != peer {
            try follow(member, theirs: theirs[member], ours: ours[member], on: link)
        }
    }

    /// What the peer has of a third member's feeds.
    private mutating func follow(
        _ member: MemberCode,
        theirs: Digest?,
        ours: Digest?,
        on link: LinkID
    ) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        let isOffered = theirs != nil && theirs != ours
        sessions[link]?.changeSurvey(of: member) { $0.heardMembers(differs: isOffered) }
        guard isOffered else {
            dropOffers(of: member, on: link) { _ in true }
            sessions[link]?.noteCompared(member, differing: [], now: now)
            return
        }
        if used[member] != nil, let followedAt = sessions[link]?.followedAt[member],
            now.milliseconds(since: followedAt) < settings.followingMilliseconds
        {
            return
        }
        sessions[link]?.followedAt[member] = now
        sessions[link]?.listsAwaited[member, default: 0] += 1
        let further = feeds.incarnationGroups(of: member, visibleTo: peer)
        try name(.incarnations(of: member, further), further.count, on: link)
    }

    private mutating func heard(
        incarnations groups: [Have.Group<Incarnation>],
        of member: MemberCode,
        on link: LinkID
    ) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        try Self.requireSorted(groups, atMost: settings.feedsPerAuthorMaximum)
        guard member == settings.member || member == peer else {
            try heard(third: member, groups, on: link)
            return
        }
        let theirs = Dictionary(groups.map { ($0.name, $0.digest) }) { first, _ in first }
        let ours = Dictionary(
            feeds.incarnationGroups(of: member, visibleTo: peer).map { ($0.name, $0.digest) }
        ) { first, _ in first }
        let names = Set(theirs.keys).union(ours.keys)
        let differing = names.filter { theirs[$0] != ours[$0] }
        noteEqualGroup(of: member, on: link) { !differing.contains($0) }
        try noteMissing(of: member, on: link) { theirs[$0] == nil }
        let listed = differing.filter { theirs[$0] != nil }
        note(member, on: link) { $0.heardIncarnations(differing: listed) }
        sessions[link]?.noteCompared(member, differing: listed, now: now)
        for incarnation in differing.sorted() {
            let writer = Writer(member: member, incarnation: incarnation)
            let further = feeds.feedSizes(of: writer, visibleTo: peer)
            try name(.feeds(of: writer, further), further.count, on: link)
        }
    }

    /// The incarnations of a third member: answered with their feeds where they differ, and with our
    /// own list unless the peer's is the answer to that.
    private mutating func heard(
        third member: MemberCode,
        _ groups: [Have.Group<Incarnation>],
        on link: LinkID
    ) throws(Fault) {
        guard let peer = sessions[link]?.peer, settings.roster.contains(member) else { return }
        let own = feeds.incarnationGroups(of: member, visibleTo: peer)
        if let awaited = sessions[link]?.listsAwaited[member], awaited > 0 {
            sessions[link]?.listsAwaited[member] = awaited - 1
        } else {
            try name(.incarnations(of: member, own), own.count, on: link)
        }
        let theirs = Dictionary(groups.map { ($0.name, $0.digest) }) { first, _ in first }
        let ours = Dictionary(own.map { ($0.name, $0.digest) }) { first, _ in first }
        let offered = theirs.keys.filter { theirs[$0] != ours[$0] }
        sessions[link]?.changeSurvey(of: member) { $0.heardIncarnations(differing: Set(offered)) }
        sessions[link]?.noteCompared(member, differing: Set(offered), now: now)
        dropOffers(of: member, on: link) { !offered.contains($0) }
        // In answer to ours the peer lists what it has; here, what we have of the same.
        for incarnation in ours.keys.sorted() where ours[incarnation] != theirs[incarnation] {
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
        for (feed, size) in listed { noteUnheard(feed, size) }
        guard writer.member == settings.member || writer.member == peer else {
            guard settings.roster.contains(writer.member) else { return }
            let known = Set(listed.map(\.feed))
            sessions[link]?.dropOffers { $1.identity.writer == writer && !known.contains($0) }
            for (feed, size) in listed { noteOffered(feed, size, on: link) }
            sessions[link]?.noteCompared(feedsOf: writer, now: now)
            sessions[link]?.changeSurvey(of: writer.member) {
                $0.heardFeeds(of: writer.incarnation)
            }
            return
        }
        for (feed, size) in listed { try note(feed, size, on: link) }
        let known = Set(listed.map(\.feed))
        for row in feeds.rows(of: writer.member, visibleTo: peer)
        where row.identity.writer == writer && row.size > 0 && !known.contains(row.digest) {
            try noteAbsent(row, on: link)
        }
        note(writer.member, on: link) { $0.heardFeeds(of: writer.incarnation) }
        sessions[link]?.noteCompared(feedsOf: writer, now: now)
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
        sessions[link]?.changeSurvey(of: member, change)
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
        let isPresent = isOwn && size.identity.writer.incarnation == settings.incarnation
        guard let row = feeds[feed] else {
            // Of ours, only a former incarnation's can be unknown here: a backup was put back.
            if isPresent {
                dispute(size.identity, feed, on: link)
            } else if isOwn {
                // It has all of that, whatever comes of it here.
                sessions[link]?.sent[feed] = size.size
                sessions[link]?.acknowledged[feed] = size.size
                noteOffered(feed, size, on: link)
            } else {
                sessions[link]?.announced[feed] = size.size
            }
            return
        }
        if row.size == size.size, feeds.root(of: feed) != size.root {
            dispute(size.identity, feed, on: link)
            return
        }
        guard isOwn else {
            try noteAnnounced(row, size.size, on: link)
            return
        }
        if size.size > row.size, !row.isClosed {
            if isPresent {
                dispute(size.identity, feed, on: link)
                return
            }
            noteOffered(feed, size, on: link)
        }
        try noteDelivered(row, isPresent ? min(size.size, row.size) : size.size, on: link)
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

    /// The peer says what it has of its own.
    ///
    /// Less of its present incarnation's than it said or pushed itself on this session is a lie; less
    /// than is known otherwise is another process's work, or a lie.
    private mutating func noteAnnounced(
        _ row: FeedTable.Row,
        _ size: UInt64,
        on link: LinkID
    ) throws(Fault) {
        if row.identity.writer.incarnation == sessions[link]?.incarnation {
            let former = sessions[link]?.announced[row.digest] ?? 0
            guard size >= former else {
                throw Fault(
                    .headShrunken,
                    "feed \(row.digest.short) had \(former) entries, now \(size)"
                )
            }
            // With nothing of it there is no path to ask for: our own list tells the peer what its key
            // signed here, and it begins anew.
            if size > 0, size < sessions[link]?.floors[row.digest] ?? 0, size < row.size {
                dispute(row.identity, row.digest, on: link)
                return
            }
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
        guard let session = sessions[link], session.state == .acquainted,
            session.survey(of: settings.member) == .known,
            session.survey(of: session.peer) == .known
        else { return }
        let peer = session.peer
        sessions[link]?.state = .informed
        sessions[link]?.surveyAt = nil
        guard used[peer] == link else { return }
        records[peer]?.reachedHeads = true
        sendAll(link)
    }
}
