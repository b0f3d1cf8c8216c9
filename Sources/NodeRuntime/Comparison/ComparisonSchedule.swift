package import AllianceModel
package import NodeStore
package import ReplicationCore

/// Decides with whom a node compares its records next, and remembers what came of it.
///
/// Pure: it is told of every moment, every peer and every result.
package struct ComparisonSchedule: Sendable {
    /// What is seen of a peer at one moment.
    package struct Sight: Hashable, Sendable {
        package var member: MemberCode
        package var isConnected: Bool
        /// Changesets under way or held, in either direction; nil: not known yet.
        package var toSend: UInt64?
        package var toApply: UInt64?

        package init(member: MemberCode, isConnected: Bool, toSend: UInt64?, toApply: UInt64?) {
            self.member = member
            self.isConnected = isConnected
            self.toSend = toSend
            self.toApply = toApply
        }

        package init(_ status: PeerStatus) {
            self.init(
                member: status.member,
                isConnected: status.isConnected,
                toSend: status.toSend?.count,
                toApply: status.toApply?.count
            )
        }

        /// Nothing is on its way: all is applied, or what is left has not moved (it is held).
        fileprivate func isCalm(after last: Sight?) -> Bool {
            guard isConnected, let toSend, let toApply else { return false }
            return toSend == 0 && toApply == 0 || self == last
        }
    }

    package enum Outcome: Hashable, Sendable {
        case equal
        /// Records that differ, as many as were looked at.
        case differs([RecordIdentifier])
        /// The peer could not be asked, or did not answer.
        case unanswered
    }

    /// What came of the comparisons with one peer.
    package struct Record: Hashable, Sendable {
        package var equal: UInt64 = 0
        package var differing: UInt64 = 0
        package var unanswered: UInt64 = 0
        /// When the peer answered last.
        package var answeredAt: Monotonic?
        /// Records that differed in each answer since then.
        package var differs: [RecordIdentifier: Monotonic] = [:]
        /// Of these, those that no change on its way explains any more; sorted.
        package var standing: [RecordIdentifier] = []

        package init() {}

        /// Since when the eldest of the standing differences is known.
        package var standsSince: Monotonic? { standing.compactMap { differs[$0] }.min() }
    }

    private struct Peer {
        var record = Record()
        var due: Monotonic?
        var sight: Sight?
        /// The log's end before the present session was first seen; nil: it is of the node's start.
        var beginning: LogPosition?
        /// Was calm on the present session.
        var isSettled = false
        var comparedAt: Monotonic?
    }

    private let settings: ComparisonSettings
    private var peers: [MemberCode: Peer] = [:]
    private var position: LogPosition?

    package init(_ settings: ComparisonSettings = .standard) {
        self.settings = settings
    }

    package subscript(member: MemberCode) -> Record { peers[member]?.record ?? Record() }

    /// Looks at every peer; returns the one to compare with now, if there is one.
    ///
    /// `position` is the end of the local log, `random` gives any word, for the jitter.
    package mutating func look(
        at sights: [Sight],
        position: LogPosition,
        now: Monotonic,
        random: () -> UInt64
    ) -> MemberCode? {
        let before = self.position
        self.position = position
        var calm: [MemberCode] = []
        for sight in sights {
            var peer = peers[sight.member] ?? Peer()
            let last = peer.sight
            peer.sight = sight
            if !sight.isConnected {
                peer.isSettled = false
            } else if last?.isConnected != true {
                peer.beginning = before
            }
            if sight.isCalm(after: last) {
                calm.append(sight.member)
                settle(&peer, position, now, random)
            }
            peers[sight.member] = peer
        }
        let isBusy = before.map { position - $0 > settings.busyEntries } ?? true
        let connected = sights.count(where: \.isConnected)
        guard !isBusy, calm.count == connected else { return nil }
        return calm.filter { member in peers[member]?.due.map { $0 <= now } ?? false }
            .min { (peers[$0]?.due ?? now, $0) < (peers[$1]?.due ?? now, $1) }
    }

    /// A peer is caught up: the first time on a session that brought something, a comparison is due
    /// soon.
    private func settle(
        _ peer: inout Peer,
        _ position: LogPosition,
        _ now: Monotonic,
        _ random: () -> UInt64
    ) {
        if peer.due == nil { peer.due = later(settings.everyMilliseconds, than: now, random) }
        guard !peer.isSettled else { return }
        peer.isSettled = true
        guard peer.beginning.map({ position > $0 }) ?? true else { return }
        var soon = later(settings.afterNewsMilliseconds, than: now, random)
        if let comparedAt = peer.comparedAt {
            soon = max(soon, comparedAt.advanced(byMilliseconds: settings.restMilliseconds))
        }
        peer.due = peer.due.map { min($0, soon) } ?? soon
    }

    /// A comparison with a peer ended, whoever had asked for it.
    package mutating func compared(
        _ member: MemberCode,
        _ outcome: Outcome,
        now: Monotonic,
        random: () -> UInt64
    ) {
        var peer = peers[member] ?? Peer()
        var rest = settings.everyMilliseconds
        switch outcome {
        case .equal:
            peer.record.equal += 1
            peer.record.differs = [:]
        case .differs(let records):
            peer.record.differing += 1
            let before = peer.record.differs
            peer.record.differs = Dictionary(records.map { ($0, before[$0] ?? now) }) { $1 }
            rest = settings.againMilliseconds
        case .unanswered:
            peer.record.unanswered += 1
            rest = settings.againMilliseconds
        }
        if outcome != .unanswered {
            peer.record.answeredAt = now
            peer.record.standing = peer.record.differs.filter {
                now.milliseconds(since: $0.value) >= settings.standsMilliseconds
            }.keys.sorted()
        }
        peer.comparedAt = now
        peer.due = later(rest, than: now, random)
        peers[member] = peer
    }

    private func later(
        _ milliseconds: Int64,
        than now: Monotonic,
        _ random: () -> UInt64
    ) -> Monotonic {
        let most = UInt64(max(0, milliseconds)) / 100 * settings.jitterPercent
        let jitter = most == 0 ? 0 : Int64(random() % most)
        return now.advanced(byMilliseconds: milliseconds + jitter)
    }
}
