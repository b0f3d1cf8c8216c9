package import AllianceModel
import Logging
package import NodeStore
import ReplicationCore
import SecureTransport

/// Two members compare what both may see: for `verify`, and by themselves.
extension Node {
    private static let answerSeconds = 60
    private static let differencesMaximum = 1_000
    /// Each costs a reading of all records on both sides; what differs everywhere is seen in these.
    private static let bucketsMaximum = 16
    /// A difference may be a change on its way: it counts when it is still there on a second look.
    private static let looks = 3
    private static let pauseMilliseconds: Int64 = 300

    package func verify(with member: MemberCode?) async throws(StoreError) -> [Verification] {
        let others = roster.members.map(\.code).filter { $0 != self.member }
        var verifications: [Verification] = []
        for other in member.map({ [$0] }) ?? others {
            verifications.append(try await verify(with: other))
        }
        return verifications
    }

    /// How soon a comparison is wanted.
    enum Pace: Sendable {
        /// Somebody waits for it.
        case prompt
        /// Nobody does: everything else goes first.
        case unhurried
    }

    func verify(
        with peer: MemberCode,
        pace: Pace = .prompt
    ) async throws(StoreError) -> Verification {
        var verification = try await look(at: peer, pace)
        for _ in 1..<Self.looks where verification.equal == false {
            try? await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
            verification = try await look(at: peer, pace)
        }
        note(verification)
        return verification
    }

    /// One comparison: the buckets, then the records of those that differ.
    private func look(
        at peer: MemberCode,
        _ pace: Pace
    ) async throws(StoreError) -> Verification {
        let ours = try await compare(with: peer, pace) { comparison throws(StoreError) in
            try comparison.buckets()
        }
        var verification = Verification(
            member: peer,
            equal: nil,
            records: ours.records,
            digest: ours.digest,
            differing: [],
            problem: nil
        )
        guard let link = hub.link(to: peer) else {
            verification.problem = "unreachable"
            return verification
        }
        guard case .buckets(let theirs, _) = await ask(nil, over: link),
            let differing = RecordComparison.differingBuckets(ours.digests, theirs)
        else {
            verification.problem = "no_answer"
            return verification
        }
        for number in differing.prefix(Self.bucketsMaximum) {
            let here = try await compare(with: peer, pace) { comparison throws(StoreError) in
                try comparison.records(inBucket: number)
            }
            guard case .records(let there) = await ask(number, over: link) else {
                verification.problem = "no_answer"
                return verification
            }
            let differences = RecordComparison.differences(here, there)
            verification.differing += differences.map { difference in
                Verification.Difference(
                    record: difference.key.identifier,
                    reason: difference.reason.rawValue
                )
            }
            askFor(differences, peer)
            if verification.differing.count >= Self.differencesMaximum { break }
        }
        verification.differing = Array(verification.differing.prefix(Self.differencesMaximum))
        // Buckets that were not looked into may hold more.
        verification.equal =
            verification.differing.isEmpty && differing.count <= Self.bucketsMaximum
        return verification
    }

    /// What the peer has and this node lacks, it is asked to carry here, if it may be seen here.
    private func askFor(_ differences: [RecordComparison.Difference], _ peer: MemberCode) {
        let keys = differences.filter(\.isWanted).map(\.key)
        guard !keys.isEmpty else { return }
        hub.queue.put { $0.inputs.append(.ask(keys, of: peer)) }
    }

    /// Answers what a peer asks.
    func answer(_ check: Check, on link: PeerLink) async {
        let peer = link.peer.member
        let isAcquainted = await hub.inspect()?.peers.contains {
            $0.member == peer && $0.isConnected
        }
        guard isAcquainted == true else { return }
        do {
            let content = try await compare(with: peer) { comparison throws(StoreError) in
                if let bucket = check.bucket {
                    return Checked.Content.records(try comparison.records(inBucket: bucket))
                }
                let buckets = try comparison.buckets()
                return .buckets(buckets.digests, records: UInt64(buckets.records))
            }
            link.send(.checked(Checked(number: check.number, content: content)))
        } catch {
            logger.error("cannot answer a check of \(peer): \(error.explanation)")
        }
    }

    private func ask(_ bucket: UInt8?, over link: PeerLink) async -> Checked.Content? {
        await hub.checks.ask(bucket: bucket, over: link, seconds: Self.answerSeconds)
    }

    private func compare<Answer: Sendable>(
        with peer: MemberCode,
        _ pace: Pace = .prompt,
        _ body: @escaping @Sendable (RecordComparison) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        let me = member
        let comparisons = comparisons
        let work: NodeReads.Reading<Answer> = { reader, folding throws(StoreError) in
            try body(
                RecordComparison(
                    reader: reader,
                    folding: folding,
                    me: me,
                    peer: peer,
                    hash: SHA256.function,
                    isStopped: { comparisons.isEnded }
                )
            )
        }
        switch pace {
        case .prompt: return try await reads.read(work)
        case .unhurried: return try await reads.readUnhurried(work)
        }
    }
}
