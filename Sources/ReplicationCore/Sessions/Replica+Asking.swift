package import AllianceModel

// Records asked for: what a peer holds of them it carries in its own feed.

extension Replica {
    mutating func ask(_ records: [RecordKey], of peer: MemberCode) {
        guard isAcquainted(with: peer), let link = used[peer] else { return }
        let sorted = Set(records).sorted()
        for start in stride(from: 0, to: sorted.count, by: Ask.countMaximum) {
            let end = min(start + Ask.countMaximum, sorted.count)
            send(.ask(Ask(records: Array(sorted[start..<end]))), on: link)
        }
    }

    /// Whether a peer can be asked for something now.
    package func isAcquainted(with peer: MemberCode) -> Bool {
        used[peer].flatMap { sessions[$0] }?.isAcquainted ?? false
    }

    /// Whether the session with a peer has stood since a moment and was heard on later: what it was
    /// asked for then it has taken.
    package func stands(_ peer: MemberCode, since moment: Monotonic) -> Bool {
        guard let session = used[peer].flatMap({ sessions[$0] }) else { return false }
        return session.state == .informed && session.connectedAt <= moment
            && session.heardAt > moment
    }

    mutating func heard(_ ask: Ask, on link: LinkID) throws(Fault) {
        guard let session = sessions[link] else { return }
        guard (1...Ask.countMaximum).contains(ask.records.count),
            zip(ask.records, ask.records.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw Fault(.frameMalformed, "records asked for are not sorted, or too many") }
        if now.milliseconds(since: session.askedSince) >= 10_000 {
            sessions[link]?.askedSince = now
            sessions[link]?.asked = 0
        }
        sessions[link]?.asked += ask.records.count
        guard sessions[link]?.asked ?? 0 <= settings.askedMaximum else {
            throw Fault(
                .limitExceeded,
                "more than \(settings.askedMaximum) records asked for within 10 s"
            )
        }
        emit(.asked(link, session.peer, ask.records))
    }
}
