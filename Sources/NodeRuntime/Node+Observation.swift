import AllianceFiles
import AllianceModel
import Glibc
import Logging
import NodeStore
import ReplicationCore
import SecureTransport

extension Node {
    /// Everything that `status` and `metrics` are made from, at one moment.
    package func observe() async -> NodeObservation {
        let view = await hub.inspect()
        let now = clocks.wallMilliseconds()
        let credentials = hub.credentials
        let (peers, strangers) = hub.peers.snapshot
        let stored = await stored()
        var observation = NodeObservation(
            member: member,
            roster: roster,
            rosterDigest: rosterDigest,
            incarnation: incarnation,
            upMilliseconds: clocks.monotonic().milliseconds(since: startedAt),
            now: now,
            links: links(view?.peers ?? [], peers, stored.held),
            strangers: strangers,
            certificateEnds: credentials.notAfterUnixSeconds * 1_000,
            revocationsNextUpdate: credentials.revocationsNextUpdateUnixSeconds.map { $0 * 1_000 },
            storeProblem: hub.problem.map { Refusal(.storeStopped, $0.explanation) },
            disk: Self.disk(configuration.data),
            clockAheadMilliseconds: max(0, (view?.clockLatest.milliseconds ?? 0) - now),
            clockBoundMilliseconds: Int64(configuration.limits.clockAheadSeconds) * 1_000,
            itemsEffective: catalog.agreement.itemsEffective(at: now),
            lastPosition: stored.lastPosition,
            commits: view?.commits,
            writes: view?.writes,
            residentBytes: Self.residentBytes()
        )
        observation.disputes = stored.disputes
        observation.forks = stored.forks
        observation.regained = stored.regained
        let facts = catalog.facts
        observation.gone = facts.gone.subtracting(facts.forkedWriters)
        observation.repeatedVotes = catalog.agreement.repeatedVotes
        return observation
    }

    private func links(
        _ sessions: [PeerStatus],
        _ peers: [MemberCode: PeerTable.Peer],
        _ held: [MemberCode: Held]
    ) -> [NodeObservation.Link] {
        let (monotonic, wall) = (clocks.monotonic(), clocks.wallMilliseconds())
        let byMember = Dictionary(sessions.map { ($0.member, $0) }) { first, _ in first }
        return peers.keys.sorted().compactMap { member in
            guard let peer = peers[member] else { return nil }
            var link = NodeObservation.Link(
                member: member,
                session: byMember[member] ?? PeerStatus(member: member),
                address: peer.address
            )
            // Over a session that stands, what was before it is over.
            let isConnected = link.session.isConnected
            let problem = isConnected ? nil : peer.problem
            link.reason = problem?.code
            link.detail = problem?.detail
            link.isRefusal = problem?.isRefusal ?? false
            link.nextTryMilliseconds = peer.nextDial.map {
                max(0, $0.milliseconds(since: monotonic))
            }
            link.lastHeard = peer.lastHeard.map { wall - monotonic.milliseconds(since: $0) }
            link.unreachableSince =
                isConnected ? nil : wall - monotonic.milliseconds(since: peer.unreachableSince)
            link.isOpen = !peer.links.isEmpty
            link.certificateEnds = peer.certificateEnds
            link.bytesSent = peer.bytesSent
            link.bytesReceived = peer.bytesReceived
            link.held = held[member]?.counts ?? [:]
            link.heldResting = held[member]?.summary.resting ?? 0
            link.heldOldest = held[member]?.summary.oldest
            link.comparison = NodeObservation.Comparison(comparisons.record(of: member), monotonic)
            return link
        }
    }

    /// What this node holds of one member.
    private struct Held {
        var counts: [HeldReason: UInt64]
        var summary: HeldSummary
    }

    /// What the last commit left; nothing, and no position, if that cannot be read.
    private struct Stored {
        var held: [MemberCode: Held] = [:]
        var lastPosition: LogPosition?
        var disputes = DisputeSummary.none
        var forks: [Fork] = []
        var regained: [Regained] = []
    }

    private func stored() async -> Stored {
        do {
            return try await reads.read { reader, _ throws(StoreError) in
                var stored = Stored(lastPosition: try reader.lastPosition())
                stored.disputes = try reader.disputeSummary()
                stored.forks = try reader.forks()
                stored.regained = try reader.regained()
                let counts = try reader.heldCounts()
                stored.held = try reader.heldSummaries().reduce(into: [:]) { held, entry in
                    held[entry.key] = Held(counts: counts[entry.key] ?? [:], summary: entry.value)
                }
                return stored
            }
        } catch {
            logger.error("cannot read the log's end and what is held: \(error)")
            return Stored()
        }
    }

    private static func disk(_ path: String) -> (free: UInt64, total: UInt64)? {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        let unit = UInt64(info.f_frsize)
        return (UInt64(info.f_bavail) * unit, UInt64(info.f_blocks) * unit)
    }

    /// Resident memory of this process, from /proc/self/statm.
    private static func residentBytes() -> UInt64? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return nil }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }
}

extension NodeObservation.Comparison {
    init(_ record: ComparisonSchedule.Record, _ now: Monotonic) {
        equal = record.equal
        differing = record.differing
        unanswered = record.unanswered
        answeredMilliseconds = record.answeredAt.map { now.milliseconds(since: $0) }
        standing = record.standing.count
        example = record.standing.first
        standsMilliseconds = record.standsSince.map { now.milliseconds(since: $0) }
    }
}
