import AllianceModel
import ReplicationCore

/// A short history told step by step, so that what a seed once found is kept in words that stay true
/// whatever the generator draws.
///
/// One step a line; members are `a`, `b`, `c` ..., records and items have names of their own. See
/// docs/simulation.md for the steps.
package struct Scenario: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        /// From 1.
        package let line: Int
        /// At least one.
        let words: [String]

        package var text: String { words.joined(separator: " ") }
    }

    package let memberCount: Int
    let items: [ItemDefinition]
    package let steps: [Step]

    /// Throws with the first line that says nothing known.
    package init(text: String) throws(ScenarioError) {
        var memberCount = 3
        var items: [ItemDefinition] = []
        var steps: [Step] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let words = line.split(separator: " ").map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            let step = Step(line: index + 1, words: words)
            switch first {
            case "members":
                guard words.count == 2, let count = Int(words[1]), (2...26).contains(count) else {
                    throw ScenarioError(step, "wants a number from 2 to 26")
                }
                memberCount = count
            case "item": items.append(try Scenario.item(step))
            default: steps.append(step)
            }
        }
        self.memberCount = memberCount
        self.items = items
        self.steps = steps
    }

    // MARK: Items

    /// Reads an item: `item NAME plain` or `case`, then `FIELD:MERGE:AUTHORITY:SCOPE` for each field.
    private static func item(_ step: Step) throws(ScenarioError) -> ItemDefinition {
        guard step.words.count > 3, ["plain", "case"].contains(step.words[2]) else {
            throw ScenarioError(step, "wants a name, plain or case, and fields")
        }
        var fields: [FieldDefinition] = []
        for word in step.words.dropFirst(3) { fields.append(try field(word, step)) }
        let definition = ItemDefinition(
            item: Text(step.words[1]),
            version: 1,
            name: LocalizedName(zh: "模拟", en: "Scenario"),
            workflow: step.words[2] == "case" ? workflow : nil,
            fields: fields
        )
        if let problem = definition.problems().first { throw ScenarioError(step, "\(problem)") }
        return definition
    }

    private static let workflow = Workflow(
        stages: ["accepted", "checked", "decided", "closed"],
        transitions: [
            Transition(from: "accepted", to: "checked", by: .holder, hand: true),
            Transition(from: "checked", to: "decided", by: .holder, hand: true),
            Transition(from: "decided", to: "closed", by: .home),
        ]
    )

    private static func field(_ word: String, _ step: Step) throws(ScenarioError) -> FieldDefinition
    {
        let parts = word.split(separator: ":").map(String.init)
        guard parts.count == 4, let (type, merge) = merge(parts[1]),
            let authority = authority(parts[2]),
            let scope = Scope.allCases.first(where: { $0.name == parts[3] })
        else { throw ScenarioError(step, "\(word) is no field:merge:authority:scope") }
        return FieldDefinition(
            name: Text(parts[0]),
            type: type,
            merge: merge,
            authority: authority,
            scope: scope
        )
    }

    /// `sum=10` has a limit.
    private static func merge(_ word: String) -> (FieldType, Merge)? {
        let text = FieldType.text(maximumBytes: 100)
        switch word {
        case "latest": return (text, .latest)
        case "review": return (text, .review)
        case "once": return (text, .once)
        case "union": return (.set(of: .text(maximumBytes: 100)), .union)
        case "maximum": return (.integer, .maximum)
        case "minimum": return (.integer, .minimum)
        case "sum": return (.counter, .sum(limit: nil))
        default:
            guard word.hasPrefix("sum="), let limit = Int64(word.dropFirst(4)) else { return nil }
            return (.counter, .sum(limit: limit))
        }
    }

    private static func authority(_ word: String) -> Authority? {
        switch word {
        case "any": .any
        case "home": .home
        case "accepting": .accepting
        case "handling": .handling
        case "holder": .holder
        default: nil
        }
    }
}

/// Why a scenario cannot be told, or how it went otherwise than it says.
package struct ScenarioError: Error, CustomStringConvertible {
    package let line: Int
    package let text: String

    init(_ step: Scenario.Step, _ reason: String) {
        line = step.line
        text = "\(step.text): \(reason)"
    }

    package var description: String { "line \(line): \(text)" }
}
