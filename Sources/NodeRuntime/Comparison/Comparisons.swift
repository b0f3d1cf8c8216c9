import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Synchronization

/// A running node's comparisons: the schedule, shared by whoever compares.
final class Comparisons: Sendable {
    let settings: ComparisonSettings
    private let schedule: Mutex<ComparisonSchedule>
    private let isEnding = Atomic(false)

    init(_ settings: ComparisonSettings) {
        self.settings = settings
        schedule = Mutex(ComparisonSchedule(settings))
    }

    /// No comparison is worth waiting for any more: the node stops.
    func end() { isEnding.store(true, ordering: .releasing) }

    var isEnded: Bool { isEnding.load(ordering: .acquiring) }

    func record(of member: MemberCode) -> ComparisonSchedule.Record {
        schedule.withLock { $0[member] }
    }

    func next(
        _ sights: [ComparisonSchedule.Sight],
        position: LogPosition,
        now: Monotonic
    ) -> MemberCode? {
        schedule.withLock {
            $0.look(at: sights, position: position, now: now, random: SecureRandom.word)
        }
    }

    /// Notes what came of a comparison; returns what was known before and is now.
    func note(
        _ verification: Verification,
        now: Monotonic
    ) -> (before: ComparisonSchedule.Record, after: ComparisonSchedule.Record) {
        schedule.withLock { schedule in
            let before = schedule[verification.member]
            schedule.compared(
                verification.member,
                verification.outcome,
                now: now,
                random: SecureRandom.word
            )
            return (before, schedule[verification.member])
        }
    }
}

extension Verification {
    var outcome: ComparisonSchedule.Outcome {
        switch equal {
        case nil: .unanswered
        case true?: .equal
        case false?: .differs(differing.map(\.record))
        }
    }
}
