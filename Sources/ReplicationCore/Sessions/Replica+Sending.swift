import AllianceModel

// Feeds on their way to a peer, our own and those that it has asked for: what is read, what is under
// way, what is acknowledged.

extension Replica {
    /// Own feeds have grown, durably.
    mutating func appended(_ tips: [FeedTip]) {
        let former = ownLatest
        var grown: [(row: FeedTable.Row, from: UInt64)] = []
        for tip in tips where tip.identity.member == settings.member {
            let size = feeds[tip.digest]?.size ?? 0
            feeds.setDurable(tip)
            ownLatest = max(ownLatest, tip.latest)
            if let row = feeds[tip.digest], row.size > size { grown.append((row, size)) }
        }
        for peer in records.keys.sorted() {
            let visible = grown.filter { $0.row.identity.audience.includes(peer) }
            guard !visible.isEmpty else { continue }
            let oldest = oldest(of: visible, after: former)
            guard let link = used[peer], sessions[link]?.state == .informed else {
                records[peer]?.delivery?.noteAppended(oldest)
                continue
            }
            for (row, _) in visible { addPending(row, on: link, oldest: oldest) }
            pumpAll(link)
        }
    }

    /// The timestamp of the oldest entry of an append, or one before it.
    ///
    /// Exact for a single entry. Of several, all stamped since the last append, none is older than a
    /// commit can take.
    private func oldest(
        of grown: [(row: FeedTable.Row, from: UInt64)],
        after former: HybridTimestamp
    ) -> HybridTimestamp {
        let commit: Int64 = 10_000
        return grown.map { row, from in
            guard row.size - from > 1 else { return row.latest }
            let earliest = HybridTimestamp.wall(row.latest.milliseconds - commit)
            return max(former, min(earliest, row.latest))
        }.min() ?? former
    }

    /// Puts a feed on its lane if the peer lacks something of it.
    mutating func addPending(_ row: FeedTable.Row, on link: LinkID, oldest: HybridTimestamp?) {
        guard row.size > sessions[link]?.sent[row.digest] ?? 0 else { return }
        sessions[link]?.withLane(row.identity.deliveryClass) { lane in
            if lane.pending.isEmpty { lane.unreadOldest = oldest }
            lane.pending.insert(row.digest)
            lane.isStalled = false
        }
    }

    /// Puts everything that the peer lacks on its lanes and begins.
    mutating func sendAll(_ link: LinkID) {
        guard let peer = sessions[link]?.peer, sessions[link]?.state == .informed else { return }
        for row in feeds.rows(of: settings.member, visibleTo: peer) {
            addPending(row, on: link, oldest: nil)
        }
        pumpAll(link)
    }

    /// Urgent first: asks the store for what may be pushed.
    mutating func pumpAll(_ link: LinkID) {
        pump(link, .urgent)
        pump(link, .normal)
    }

    private mutating func pump(_ link: LinkID, _ deliveryClass: DeliveryClass) {
        guard let session = sessions[link], session.state == .informed, used[session.peer] == link
        else { return }
        let lane = session.lane(deliveryClass)
        // Own feeds and asked-for ones take turns where there are both.
        let hasOwn = !lane.isStalled && !lane.pending.isEmpty && !session.isPaused
        let isRelay = !lane.relayed.isEmpty && (!hasOwn || lane.readingRelayed.isEmpty)
        guard !lane.isReading, hasOwn || isRelay,
            lane.inFlightBytes < settings.windowBytes(deliveryClass),
            lane.inFlight.count < settings.framesInFlightMaximum
        else { return }
        var rows = (isRelay ? lane.relayed : lane.pending).compactMap { feeds[$0] }
        if rows.count > settings.rangesMaximum {
            // What was closed first stands first in the local order.
            rows.sort { ($0.latest, $0.digest) < ($1.latest, $1.digest) }
            rows.removeLast(rows.count - settings.rangesMaximum)
        }
        let ranges = rows.map { row in
            FeedRange(
                feed: row.digest,
                from: (session.sent[row.digest] ?? 0) + 1,
                endsAtHead: isRelay
            )
        }
        sessions[link]?.withLane(deliveryClass) { lane in
            lane.isReading = true
            lane.readingRelayed = isRelay ? Set(ranges.map(\.feed)) : []
        }
        emit(
            .read(
                link,
                deliveryClass,
                ranges.sorted { $0.feed < $1.feed },
                bytesMaximum: settings.frameBytes
            )
        )
    }

    /// The store has answered.
    mutating func read(_ link: LinkID, _ entries: ReadEntries) {
        guard let sent = sessions[link]?.sent else { return }
        let deliveryClass = entries.deliveryClass
        sessions[link]?.withLane(deliveryClass) { $0.isReading = false }
        guard !entries.items.isEmpty, !entries.parts.isEmpty else {
            sessions[link]?.withLane(deliveryClass) { lane in
                if lane.readingRelayed.isEmpty { lane.isStalled = true }
                lane.relayed.subtract(lane.readingRelayed)
            }
            pump(link, deliveryClass)
            return
        }
        // An answer from before the peer asked again, or told of more: it is read once more.
        if entries.parts.allSatisfy({ $0.first == (sent[$0.feed] ?? 0) + 1 }) {
            push(entries, on: link)
        }
        pump(link, deliveryClass)
    }

    private mutating func push(_ entries: ReadEntries, on link: LinkID) {
        let wasIdle = sessions[link].map(\.isIdle) ?? true
        if wasIdle { sessions[link]?.progressAt = now }
        for part in entries.parts {
            sessions[link]?.sent[part.feed] = part.last
        }
        let done = entries.parts.map(\.feed).filter { isSent($0, on: link) }
        let newest = entries.items.map(\.timestamp).max()
        sessions[link]?.withLane(entries.deliveryClass) { lane in
            lane.push(entries)
            lane.pending.subtract(done)
            lane.relayed.subtract(done)
            if lane.pending.isEmpty {
                lane.unreadOldest = nil
            } else if lane.readingRelayed.isEmpty {
                lane.unreadOldest = newest
            }
        }
        emit(.push(link, entries))
    }

    private func isSent(_ feed: Digest, on link: LinkID) -> Bool {
        (sessions[link]?.sent[feed] ?? 0) >= (feeds[feed]?.size ?? 0)
    }

    // MARK: What the peer says of it

    mutating func heard(_ ack: Ack, on link: LinkID) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        guard ack.stored.count <= settings.partsMaximum else {
            throw Fault(.limitExceeded, "an Ack of \(ack.stored.count) feeds")
        }
        var isProgress = false
        for stored in ack.stored {
            let row = try servedRow(stored.feed, visibleTo: peer)
            let isOwn = row.identity.member == settings.member
            if stored.upTo > row.size, isOwn,
                row.identity.writer.incarnation == settings.incarnation, !row.isClosed
            {
                dispute(row.identity, row.digest, on: link)
            }
            // Another's feed is acknowledged to its own member, too, whoever pushed it.
            guard isOwn || sessions[link]?.sent[stored.feed] != nil else { continue }
            if noteStored(stored.feed, upTo: min(stored.upTo, row.size), on: link) {
                isProgress = true
            }
        }
        sessions[link]?.heldByPeer = HeldSummary(count: ack.held, oldest: ack.oldestHeld)
        if sessions[link]?.isPaused == true, !ack.isFull { isProgress = true }
        sessions[link]?.isPaused = ack.isFull
        if isProgress {
            sessions[link]?.progressAt = now
            sessions[link]?.wantsWithoutProgress = 0
        }
        releaseFrames(link)
        pumpAll(link)
    }

    /// Frees the window of the frames that are acknowledged in every part.
    mutating func releaseFrames(_ link: LinkID) {
        guard let acknowledged = sessions[link]?.acknowledged else { return }
        for deliveryClass in [DeliveryClass.urgent, .normal] {
            sessions[link]?.withLane(deliveryClass) { lane in
                lane.release { acknowledged[$0.feed] ?? 0 >= $0.last }
            }
        }
    }

    /// The peer has a feed of ours up to that sequence; true if that is news.
    @discardableResult
    mutating func noteStored(_ feed: Digest, upTo size: UInt64, on link: LinkID) -> Bool {
        guard sessions[link] != nil, let row = feeds[feed] else { return false }
        if size > sessions[link]?.sent[feed] ?? 0 { sessions[link]?.sent[feed] = size }
        if isSent(feed, on: link) {
            sessions[link]?.withLane(row.identity.deliveryClass) { lane in
                lane.pending.remove(feed)
                lane.relayed.remove(feed)
                if lane.pending.isEmpty { lane.unreadOldest = nil }
            }
        }
        guard size > sessions[link]?.acknowledged[feed] ?? 0 else { return false }
        sessions[link]?.acknowledged[feed] = size
        return true
    }

    mutating func heard(_ want: Want, on link: LinkID) throws(Fault) {
        guard let peer = sessions[link]?.peer else { return }
        let row = try servedRow(want.feed, visibleTo: peer)
        let isOwn = row.identity.member == settings.member
        // Of another's feed it may have got more since.
        guard want.from >= 1, want.from <= row.size + 1 || !isOwn else {
            throw Fault(
                .frameMalformed,
                "feed \(row.digest.short) wanted from \(want.from), it ends at \(row.size)"
            )
        }
        guard sessions[link]?.wantsWithoutProgress ?? 0 < settings.wantsMaximum else {
            throw Fault(
                .limitExceeded,
                "\(settings.wantsMaximum) Wants and nothing acknowledged"
            )
        }
        sessions[link]?.wantsWithoutProgress += 1
        sessions[link]?.sent[want.feed] = want.from - 1
        sessions[link]?.withLane(row.identity.deliveryClass) { lane in
            lane.rewind(want.feed, to: want.from, isOwn: isOwn)
            if row.size < want.from {
                lane.pending.remove(want.feed)
                lane.relayed.remove(want.feed)
            }
        }
        releaseFrames(link)
        pumpAll(link)
    }

    /// A feed that the peer may have of this node: its own, or another's.
    private func servedRow(
        _ feed: Digest,
        visibleTo peer: MemberCode
    ) throws(Fault)
        -> FeedTable.Row
    {
        guard let row = feeds[feed], row.frontier.size > 0, row.identity.audience.includes(peer)
        else { throw Fault(.feedForeign, "no feed \(feed.short) is served to \(peer)") }
        return row
    }
}

extension PeerSession {
    /// Nothing is pushed and not acknowledged.
    var isIdle: Bool { normal.inFlight.isEmpty && urgent.inFlight.isEmpty }
}
