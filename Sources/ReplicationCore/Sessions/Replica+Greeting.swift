import AllianceModel

// Who is there: connections, Hello, and which of two connections stays.

extension Replica {
    mutating func connected(
        _ link: LinkID,
        _ peer: MemberCode,
        dialled: Bool,
        wallMilliseconds: Int64
    ) {
        guard sessions[link] == nil else { return }
        if let fault = faultConnecting(peer) {
            emit(.close(link, fault))
            return
        }
        var floors: [Digest: UInt64] = [:]
        for row in feeds.rows(of: peer, visibleTo: peer) where row.size > 0 {
            floors[row.digest] = row.size
        }
        sessions[link] = PeerSession(peer: peer, isDialled: dialled, now: now, floors: floors)
        // Else a peer that ends every session before its Hello would pass for the last one's success.
        if used[peer] == nil { records[peer]?.reachedHeads = false }
        send(.hello(hello(wallMilliseconds)), on: link)
        ping(link, wantsAnswer: false, wallMilliseconds: wallMilliseconds)
        acknowledge([], of: peer, on: link)
    }

    private func faultConnecting(_ peer: MemberCode) -> Fault? {
        if isStopping { return Fault(.shuttingDown, "this node stops") }
        if peer == settings.member { return Fault(.memberDiffers, "a connection to itself") }
        guard settings.roster.contains(peer) else {
            return Fault(.memberDiffers, "\(peer) is not in the roster")
        }
        guard links(to: peer).count < settings.sessionsPerPeerMaximum else {
            return Fault(
                .limitExceeded,
                "more than \(settings.sessionsPerPeerMaximum) connections of one member"
            )
        }
        return nil
    }

    private func hello(_ wallMilliseconds: Int64) -> Hello {
        Hello(
            alliance: settings.roster.alliance,
            firstRoster: settings.firstRoster,
            presentRoster: settings.presentRoster,
            member: settings.member,
            incarnation: settings.incarnation,
            versions: settings.versions,
            features: settings.features,
            clock: wallMilliseconds,
            certificates: certificates,
            software: settings.software
        )
    }

    mutating func heard(_ hello: Hello, on link: LinkID, wallMilliseconds: Int64) throws(Fault) {
        guard let session = sessions[link] else { return }
        guard session.state == .unacquainted else {
            throw Fault(.frameOutOfOrder, "a second Hello")
        }
        try judge(hello, from: session.peer)
        sessions[link]?.state = .acquainted
        sessions[link]?.incarnation = hello.incarnation
        sessions[link]?.surveyAt = now.advanced(byMilliseconds: settings.surveyRetryMilliseconds)
        records[session.peer]?.software = hello.software
        records[session.peer]?.incarnation = hello.incarnation
        noteSkew(hello.clock, of: session.peer, wallMilliseconds: wallMilliseconds)
        settle(link)
    }

    private func judge(_ hello: Hello, from peer: MemberCode) throws(Fault) {
        guard hello.alliance == settings.roster.alliance else {
            throw Fault(.allianceDiffers, "the alliance is \(settings.roster.alliance)")
        }
        guard hello.firstRoster == settings.firstRoster else {
            throw Fault(
                .rosterDiffers,
                "the first roster is \(settings.firstRoster.short) here, "
                    + "\(hello.firstRoster.short) there"
            )
        }
        guard hello.member == peer else {
            throw Fault(.memberDiffers, "the certificate is \(peer)'s, the Hello \(hello.member)'s")
        }
        guard hello.versions.overlaps(settings.versions) else {
            throw Fault(
                .versionUnsupported,
                "versions \(settings.versions.lowerBound) to \(settings.versions.upperBound) here, "
                    + "\(hello.versions.lowerBound) to \(hello.versions.upperBound) there"
            )
        }
        if let missing = Self.missing(hello.features, in: settings.features) {
            throw Fault(.featureMissing, "\(missing) is required there and not known here")
        }
        if let missing = Self.missing(settings.features, in: hello.features) {
            throw Fault(.featureMissing, "\(missing) is required here and not known there")
        }
    }

    /// The first name that is required by `!` and not among the others' names.
    private static func missing(_ required: [Text], in known: [Text]) -> Text? {
        let mark = UInt8(ascii: "!")
        let names = Set(known.map { $0.utf8.drop { $0 == mark } })
        return required.first {
            $0.utf8.first == mark && !names.contains($0.utf8.drop { $0 == mark })
        }
    }

    mutating func noteSkew(_ clock: Int64, of peer: MemberCode, wallMilliseconds: Int64) {
        let reading = PeerRecord.ClockReading(wallMilliseconds: clock, at: now)
        records[peer]?.skewMilliseconds = reading.skew(to: wallMilliseconds, now)
        records[peer]?.clock = reading
    }

    /// A session has become acquainted: keeps it or the one there was before.
    ///
    /// Of two connections the one dialled by the lower code stays, so that both sides close the same
    /// one. Of two dialled by the same side the newer stays: nobody dials again over a link that
    /// works.
    private mutating func settle(_ link: LinkID) {
        guard let session = sessions[link] else { return }
        let others = links(to: session.peer).filter { $0 != link }
        guard isDialledByLower(link) else {
            let better = others.first {
                isDialledByLower($0) && sessions[$0]?.isAcquainted == true
            }
            if better != nil {
                close(link, Fault(.duplicateConnection, "the other connection stays"))
                return
            }
            replace(others.filter { !isDialledByLower($0) }, by: link)
            return
        }
        replace(others, by: link)
    }

    /// Uses a link and closes those that it replaces; those still unacquainted judge themselves.
    private mutating func replace(_ others: [LinkID], by link: LinkID) {
        use(link)
        for other in others where isOlder(other, than: link) {
            close(other, Fault(.duplicateConnection, "the other connection stays"))
        }
    }

    /// A connection of the same direction that is newer than the kept one is left alone: it will be
    /// kept in its turn.
    private func isOlder(_ other: LinkID, than link: LinkID) -> Bool {
        guard isDialledByLower(other) == isDialledByLower(link) else { return true }
        return other < link
    }

    private func isDialledByLower(_ link: LinkID) -> Bool {
        guard let session = sessions[link] else { return false }
        return session.isDialled == (settings.member < session.peer)
    }

    /// From now on this session is the peer's one.
    mutating func use(_ link: LinkID) {
        guard let session = sessions[link] else { return }
        if let former = used[session.peer] {
            if let session = sessions[former], session.state == .informed {
                records[session.peer]?.keepDelivery(of: session)
            }
            if former != link { dropErrands(on: former) }
        }
        used[session.peer] = link
        records[session.peer]?.reachedHeads = false
        // Changes were told on the session used until now; this one heard only what was so at its
        // beginning.
        tellHeld(session.peer)
    }
}
