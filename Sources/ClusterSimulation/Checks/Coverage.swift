/// How often each thing happened that a simulation is there to meet.
package struct Coverage: Hashable, Sendable {
    package enum Group: String, Hashable, Sendable, CaseIterable, Comparable {
        case operation, refusal, fault, clock, held, verdict, merge

        package static func < (left: Group, right: Group) -> Bool { left.rawValue < right.rawValue }
    }

    package private(set) var counts: [Group: [String: Int]] = [:]

    package init() {}

    package subscript(group: Group, name: String) -> Int { counts[group]?[name] ?? 0 }

    package mutating func count(_ group: Group, _ name: String, _ number: Int = 1) {
        counts[group, default: [:]][name, default: 0] += number
    }

    package mutating func merge(_ other: Coverage) {
        for (group, names) in other.counts {
            for (name, number) in names { count(group, name, number) }
        }
    }
}

extension Coverage {
    /// What two hundred seeds must have met.
    package static let expected: [(group: Group, names: [String])] = [
        (
            .operation,
            PlannedAction.operations.map(\.rawValue) + ["addition sent again after a restore"]
        ),
        (.refusal, ["unauthorised", "transition_refused", "token_unknown", "clock_beyond_bound"]),
        (.clock, ["ceiling", "renewed for a clock", "renewed for a clone"]),
        (
            .fault,
            SimulationPlan.faultsDrawn.map(\.rawValue) + Lie.allCases.map { "lie \($0.rawValue)" }
        ),
        (
            .held,
            [
                "record_unknown", "predecessor_missing", "ground_missing", "party_unknown",
                "definition_unknown", "definition_not_agreed", "clock_ahead", "audience_refused",
                "malformed", "feature_unknown",
            ]
        ),
        (
            .verdict,
            [
                "unauthorised", "overruled", "number_used_twice", "already_set", "forked",
                "ground_gone",
            ]
        ),
        (
            .merge,
            [
                "concurrent latest", "concurrent maximum", "concurrent minimum", "concurrent once",
                "concurrent @handling", "concurrent @stage", "review review", "overrun sum",
                "deleted",
            ]
        ),
    ]
}
