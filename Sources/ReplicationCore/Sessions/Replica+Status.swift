package import AllianceModel

/// What is remembered of a peer beyond its sessions.
struct PeerRecord: Sendable {
    var heardAt: Monotonic?
    /// Its clock minus ours when it was told.
    var skewMilliseconds: Int64?
    var clock: ClockReading?
    var software: Text?
    var incarnation: Incarnation?
    var lastFault: Fault?
    var reachedHeads = false
    /// What the last informed session knew to be stored there.
    var delivery: Delivery?

    struct Delivery: Sendable {
        var acknowledged: [Digest: UInt64]
        var heldByPeer: HeldSummary?
        /// Of our entries not stored there, or one before it.
        var oldest: HybridTimestamp?

        /// Something older than what is appended now is not stored there, of unknown age.
        var isOldestUnknown: Bool

        mutating func noteAppended(_ timestamp: HybridTimestamp) {
            if oldest == nil, !isOldestUnknown { oldest = timestamp }
        }
    }

    /// What a peer said that its wall clock shows, and when it was heard here.
    struct ClockReading: Sendable {
        var wallMilliseconds: Int64
        var at: Monotonic

        /// By how much that clock is ahead of one that shows `wall` at `now`, whatever that one showed
        /// when this was read.
        func skew(to wall: Int64, _ now: Monotonic) -> Int64 {
            let (shows, isLate) = wallMilliseconds.addingReportingOverflow(
                now.milliseconds(since: at)
            )
            guard !isLate else { return .max }
            let (skew, overflows) = shows.subtractingReportingOverflow(wall)
            return overflows ? (shows < 0 ? .min : .max) : skew
        }
    }

    mutating func keepDelivery(of session: PeerSession) {
        delivery = Delivery(
            acknowledged: session.acknowledged,
            heldByPeer: session.heldByPeer,
            oldest: session.oldestUnacknowledged,
            isOldestUnknown: session.normal.isOldestUnknown || session.urgent.isOldestUnknown
        )
    }
}

extension Replica {
    /// Every other member of the roster, sorted.
    package var peers: [PeerStatus] {
        records.keys.sorted().compactMap { status(of: $0) }
    }

    /// Nil for who is not another member of the roster.
    package func status(of peer: MemberCode) -> PeerStatus? {
        guard let record = records[peer] else { return nil }
        var status = PeerStatus(member: peer)
        status.lastHeard = record.heardAt
        status.skewMilliseconds = record.skewMilliseconds
        status.software = record.software
        status.incarnation = record.incarnation
        status.lastFault = record.lastFault
        status.reachedHeads = record.reachedHeads
        status.isSlowed = isSlowed(peer)
        guard let session = used[peer].flatMap({ sessions[$0] }) else {
            // Out of reach: what it lacked when it was last heard, and what was written since.
            if let delivery = record.delivery {
                status.toSend = toSend(
                    peer,
                    delivery.acknowledged,
                    oldest: delivery.oldest,
                    heldThere: delivery.heldByPeer ?? .none
                )
            }
            return status
        }
        status.isConnected = true
        status.isSlowing = session.isPaused
        guard session.state == .informed, let heldThere = session.heldByPeer else {
            return status
        }
        status.toSend = toSend(
            peer,
            session.acknowledged,
            oldest: session.oldestUnacknowledged,
            heldThere: heldThere
        )
        status.toApply = toApply(peer, session.announced)
        return status
    }

    private func toSend(
        _ peer: MemberCode,
        _ acknowledged: [Digest: UInt64],
        oldest: HybridTimestamp?,
        heldThere: HeldSummary
    ) -> PeerStatus.Lag {
        let missing = feeds.rows(of: settings.member, visibleTo: peer).reduce(0 as UInt64) {
            $0 &+ ($1.size - min($1.size, acknowledged[$1.digest] ?? 0))
        }
        return lag(missing, oldest: oldest, heldThere)
    }

    private func toApply(_ peer: MemberCode, _ announced: [Digest: UInt64]) -> PeerStatus.Lag {
        let missing = announced.reduce(0 as UInt64) { sum, feed in
            let stored = feeds[feed.key]?.size ?? 0
            return feed.value > stored ? sum.addingSaturated(feed.value - stored) : sum
        }
        return lag(missing, oldest: nil, held[peer] ?? .none)
    }

    /// What is under way and what is held; the oldest of what is known of both.
    private func lag(
        _ missing: UInt64,
        oldest: HybridTimestamp?,
        _ held: HeldSummary
    )
        -> PeerStatus.Lag
    {
        let known = [missing > 0 ? oldest : nil, held.count > 0 ? held.oldest : nil]
        return PeerStatus.Lag(
            count: missing.addingSaturated(held.count),
            oldest: known.compactMap(\.self).min()
        )
    }
}

/// How this node's wall clock stands to the others', as their last Hello or Ping told it.
package struct ClockAgreement: Hashable, Sendable {
    /// Members of the roster, this one included.
    package var members: Int
    /// Connected, hence heard of late.
    package var heard: Int
    /// Of these, how many are more than the bound away from this clock.
    package var beyondBound: Int
    /// Of these, how many are within half the bound of it.
    package var withinHalf: Int

    /// Most of those heard disagree with this clock: it is most likely wrong.
    package var isDoubtful: Bool { 2 * beyondBound > heard }
    /// It agrees with most of the roster, itself included: it may judge what an earlier incarnation
    /// stamped.
    package var isConfirmed: Bool { 2 * (withinHalf + 1) > members }

    /// `members`: of the roster, this one included; `skewsMilliseconds`: of each that was heard of late,
    /// its clock minus ours.
    package init(members: Int, skewsMilliseconds: [Int64], boundMilliseconds: Int64) {
        let skews = skewsMilliseconds.map(\.magnitude)
        let bound = UInt64(max(boundMilliseconds, 0))
        self.members = members
        heard = skews.count
        beyondBound = skews.count { $0 > bound }
        withinHalf = skews.count { $0 <= bound / 2 }
    }
}

extension Replica {
    /// What the connected peers' clocks say of ours, as it is now: since they were heard it may have
    /// been set.
    package func clockAgreement(
        boundMilliseconds: Int64,
        wallMilliseconds: Int64,
        now: Monotonic
    ) -> ClockAgreement {
        ClockAgreement(
            members: settings.roster.members.count,
            skewsMilliseconds: records.filter { used[$0.key] != nil }
                .compactMap { $0.value.clock?.skew(to: wallMilliseconds, now) },
            boundMilliseconds: boundMilliseconds
        )
    }
}

extension UInt64 {
    /// Counts that a peer claims must not run over.
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}
