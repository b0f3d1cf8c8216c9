/// How often each thing happened that a simulation is there to meet.
package struct Coverage: Hashable, Sendable {
    package enum Group: String, Hashable, Sendable, CaseIterable, Comparable {
        case operation, refusal, fault, held, verdict, merge

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
        (.operation, PlannedAction.operations.map(\.rawValue)),
        (.fault, SimulationPlan.faultsDrawn.map(\.rawValue)),
    ]
}
