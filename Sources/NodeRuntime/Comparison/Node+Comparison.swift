import AllianceModel
import Logging
import NodeStore
import ReplicationCore

/// The comparison that nobody asks for: what another member holds of a record and this node lacks is
/// found, and asked for, also where nothing waits for it.
extension Node {
    /// Compares with one peer after another, for as long as the node serves.
    func compareInBackground() async {
        let step = Duration.milliseconds(comparisons.settings.stepMilliseconds)
        while !Task.isCancelled {
            do { try await Task.sleep(for: step) } catch { return }
            await compareWhereDue()
        }
    }

    /// One look: compares with the peer whose turn it is, if there is one.
    private func compareWhereDue() async {
        guard let view = await hub.inspect(), view.problem == nil else { return }
        let due = comparisons.next(
            view.peers.map(ComparisonSchedule.Sight.init),
            position: hub.signal.position,
            now: clocks.monotonic()
        )
        guard let peer = due else { return }
        do {
            _ = try await verify(with: peer, pace: .unhurried)
        } catch {
            guard !comparisons.isEnded else { return }
            logger.error("cannot compare with \(peer): \(error.explanation)")
        }
    }

    /// What came of a comparison, for status, metrics and the log; no record is named in the log.
    func note(_ verification: Verification) {
        let (before, after) = comparisons.note(verification, now: clocks.monotonic())
        let peer = verification.member
        switch verification.equal {
        case nil:
            logger.info("not compared with \(peer): \(verification.problem ?? "no answer")")
        case true?:
            if before.standing.isEmpty {
                logger.info("compared with \(peer): \(verification.records) records, equal")
            } else {
                logger.notice("compared with \(peer): equal again")
            }
        case false?:
            let count = verification.differing.count
            let asked = verification.differing.count { $0.reason != "missing_there" }
            if after.standing.isEmpty {
                logger.notice("compared with \(peer): \(count) records differ, \(asked) asked for")
            } else {
                logger.warning(
                    """
                    compared with \(peer): \(count) records differ, \(after.standing.count) of \
                    them since an earlier comparison; \(asked) asked for
                    """
                )
            }
        }
    }
}
