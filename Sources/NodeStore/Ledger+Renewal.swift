import AllianceModel
package import ReplicationCore

/// A new incarnation, at a start or in a running node, and what it has to say of earlier ones.
extension Ledger {
    /// Goes on under another incarnation: what was begun under the former one is closed.
    ///
    /// For a node that is shown what it never wrote (a clone of it runs), or whose clock was set
    /// back. A transaction of its own.
    package mutating func renew(
        _ incarnation: Incarnation,
        wallMilliseconds: Int64
    ) throws(StoreError) {
        try store.begin()
        try store.start(incarnation)
        try store.commit()
        settings.incarnation = incarnation
        saidForks = []
        carriedStatements = [:]
        spans = try store.incarnations()
        clock = HybridClock(
            latest: ownLatest,
            boundMilliseconds: settings.clockBoundMilliseconds
        )
    }

    /// The greatest timestamp in this member's feeds, as it counts: under the ceilings.
    ///
    /// Only what was said by this member: a peer ahead of its time must not pull the clock.
    var ownLatest: HybridTimestamp {
        var latest = HybridTimestamp.zero
        for feed in feeds.values where feed.tip.identity.member == settings.member {
            latest = max(latest, counted(feed.tip))
        }
        return latest
    }

    /// A feed's last timestamp as it counts for what is to be stamped next.
    ///
    /// Of the present incarnation no ceiling counts: time may not stand still in its feeds. (Only the
    /// other half of a copied machine says one.)
    private func counted(_ tip: FeedTip) -> HybridTimestamp {
        let writer = tip.identity.writer
        guard writer.incarnation != settings.incarnation, let ceiling = facts.ceilings[writer]
        else {
            return tip.latest
        }
        return min(ceiling, tip.latest)
    }

    /// Whether nothing can be written now because an earlier time ran ahead of this one.
    package func isBeyondBound(wallMilliseconds: Int64) -> Bool {
        clock.isBeyondBound(wallMilliseconds: wallMilliseconds)
    }

    /// Whether the present incarnation itself has written ahead of the time: before a ceiling can be
    /// said, the node has to go on under another.
    package func hasPresentRunAhead(wallMilliseconds: Int64) -> Bool {
        runAhead(wallMilliseconds).contains(settings.incarnation)
    }

    /// Incarnations of this member whose last timestamp, as it counts, is beyond the bound.
    private func runAhead(_ wallMilliseconds: Int64) -> Set<Incarnation> {
        var ahead: Set<Incarnation> = []
        for feed in feeds.values where feed.tip.identity.member == settings.member {
            let due = counted(feed.tip).milliseconds - settings.clockBoundMilliseconds
            if due > wallMilliseconds { ahead.insert(feed.tip.identity.writer.incarnation) }
        }
        return ahead
    }

    /// Sets the clock back to what counts, where what pulled it beyond the bound has a ceiling by now.
    ///
    /// After a restore an incarnation that ran ahead may come back before its own ceiling does.
    mutating func settleClock(wallMilliseconds: Int64) {
        guard isBeyondBound(wallMilliseconds: wallMilliseconds), runAhead(wallMilliseconds).isEmpty
        else { return }
        clock = HybridClock(
            latest: ownLatest,
            boundMilliseconds: settings.clockBoundMilliseconds
        )
    }

    /// Says of every earlier incarnation that ran ahead of the time that its timestamps count as at
    /// most the present one; true if there was one.
    ///
    /// To be called only while the wall clock agrees with most of the alliance's, or by an operator's
    /// word: a clock that is in the past would demote all that this member ever wrote.
    package mutating func declareCeilings(wallMilliseconds: Int64) throws(StoreError) -> Bool {
        let ahead = runAhead(wallMilliseconds)
        guard !ahead.isEmpty, !ahead.contains(settings.incarnation) else { return false }
        let ceiling = HybridTimestamp(milliseconds: UInt64(max(wallMilliseconds, 0)), counter: 0)
        // What is said of them must itself be believed: the clock begins anew at the ceiling, or behind
        // what the present incarnation has stamped, where it had begun to write before they came back.
        let present = feeds.values.filter { feed in
            feed.tip.identity.writer.member == settings.member
                && feed.tip.identity.writer.incarnation == settings.incarnation
        }
        clock = HybridClock(
            latest: present.map(\.tip.latest).reduce(ceiling, max),
            boundMilliseconds: settings.clockBoundMilliseconds
        )
        for incarnation in ahead.sorted() {
            let writer = Writer(member: settings.member, incarnation: incarnation)
            _ = try say(.ceiling(writer, ceiling), wallMilliseconds)
        }
        return true
    }
}
