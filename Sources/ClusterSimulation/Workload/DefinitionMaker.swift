import AllianceModel
import ReplicationCore

/// Makes the items of a run: every merge, authority and scope comes up in some.
enum DefinitionMaker {
    private static let merges: [(String, FieldType, Merge)] = [
        ("text", .text(maximumBytes: 200), .latest),
        ("number", .integer, .latest),
        ("amount", .decimal(scale: 2, unit: "CNY"), .latest),
        ("day", .date, .latest),
        ("flag", .boolean, .latest),
        ("names", .set(of: .text(maximumBytes: 200)), .union),
        ("numbers", .set(of: .integer), .union),
        ("opinion", .text(maximumBytes: 200), .review),
        ("seat", .member, .review),
        ("total", .counter, .sum(limit: nil)),
        ("quota", .counter, .sum(limit: 40)),
        ("highest", .integer, .maximum),
        ("lowest", .decimal(scale: 2, unit: nil), .minimum),
        ("sealed", .text(maximumBytes: 200), .once),
        ("first", .integer, .once),
    ]

    static func definitions(_ roster: Roster, _ random: inout SeededRandom) -> [ItemDefinition] {
        var definitions: [ItemDefinition] = []
        // A case with fields of every scope, a record of one scope, and one of whatever comes.
        let scopes: [[Scope]] = [
            [.parties, .parties, .alliance, .private],
            [.alliance],
            [.parties, .private],
            [[.parties], [.private], [.alliance, .parties]][random.below(3)],
        ]
        for (index, scopes) in scopes.enumerated() {
            definitions.append(
                definition(
                    Text("SIM-\(index + 1)"),
                    isCase: index.isMultiple(of: 2),
                    scopes,
                    roster,
                    &random
                )
            )
        }
        return definitions
    }

    private static func definition(
        _ item: Text,
        isCase: Bool,
        _ scopes: [Scope],
        _ roster: Roster,
        _ random: inout SeededRandom
    ) -> ItemDefinition {
        var fields: [FieldDefinition] = []
        for number in 0..<(5 + random.below(6)) {
            let (name, type, merge) = merges[random.below(merges.count)]
            let scope = scopes[number % scopes.count]
            fields.append(
                FieldDefinition(
                    name: Text("\(name)\(number)"),
                    type: type,
                    merge: merge,
                    authority: authority(isCase: isCase, roster, &random),
                    scope: scope
                )
            )
        }
        let hasOthers = fields.contains { $0.scope != .private }
        return ItemDefinition(
            item: item,
            version: 1,
            name: LocalizedName(zh: "模拟", en: "Simulation"),
            deliveryClass: random.chance(250) ? .urgent : .normal,
            unique: random.chance(500) ? unique(fields) : [],
            deletion: random.chance(700) ? .revive : .final,
            workflow: isCase && hasOthers ? workflow(&random) : nil,
            fields: fields
        )
    }

    /// A field of which values meet.
    private static func unique(_ fields: [FieldDefinition]) -> [Text] {
        fields.first { $0.type == .date || $0.type == .boolean }.map { [$0.name] } ?? []
    }

    private static func authority(
        isCase: Bool,
        _ roster: Roster,
        _ random: inout SeededRandom
    ) -> Authority {
        switch random.below(12) {
        case 0..<5: .any
        case 5, 6: .home
        case 7: .accepting
        case 8, 9: isCase ? .holder : .any
        case 10: .handling
        default:
            .members(roster.members.map(\.code).filter { _ in random.chance(700) }.orAll(roster))
        }
    }

    private static func workflow(_ random: inout SeededRandom) -> Workflow {
        let stages: [Text] = ["accepted", "checked", "decided", "closed"]
        let by: [Authority] = [.holder, .holder, .any, .home]
        var transitions: [Transition] = []
        for index in 0..<stages.count - 1 {
            transitions.append(
                Transition(
                    from: stages[index],
                    to: stages[index + 1],
                    by: by[random.below(by.count)],
                    hand: random.chance(600)
                )
            )
        }
        transitions.append(
            Transition(from: "checked", to: "accepted", by: .holder, hand: random.chance(500))
        )
        return Workflow(stages: stages, transitions: transitions)
    }

    /// The next version: one more field.
    static func successor(
        of definition: ItemDefinition,
        _ random: inout SeededRandom
    ) -> ItemDefinition {
        let (name, type, merge) = merges[random.below(merges.count)]
        let scope = definition.fields.map(\.scope).max() ?? .alliance
        let field = FieldDefinition(
            name: Text("\(name)v\(definition.version + 1)x\(random.below(3))"),
            type: type,
            merge: merge,
            authority: .any,
            scope: scope
        )
        return ItemDefinition(
            item: definition.item,
            version: definition.version + 1,
            name: definition.name,
            deliveryClass: definition.deliveryClass,
            unique: definition.unique,
            deletion: definition.deletion,
            workflow: definition.workflow,
            fields: definition.fields + [field]
        )
    }
}

extension [MemberCode] {
    fileprivate func orAll(_ roster: Roster) -> [MemberCode] {
        isEmpty ? roster.members.map(\.code) : self
    }
}
