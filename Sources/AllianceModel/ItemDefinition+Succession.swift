extension ItemDefinition {
    /// Why this may not follow that definition: every reason; empty when it may.
    ///
    /// Records keep the definition they were made under, but members, drivers and counters read the
    /// fields of all versions side by side: a type, merge or scope under one name stays what it was.
    /// Listed values, a text's maximum, a limit, authority, workflow, and fields new or left out are
    /// free to change.
    package func differencesRefused(against predecessor: ItemDefinition) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if item != predecessor.item {
            problems.append(
                DefinitionProblem(
                    path: "item",
                    reason: "is \(item), its predecessor is \(predecessor.item)",
                    remedy: "propose it without that predecessor"
                )
            )
        }
        if version <= predecessor.version {
            problems.append(
                DefinitionProblem(
                    path: "version",
                    reason: "\(version) does not follow \(predecessor.version)",
                    remedy: "use \(predecessor.version + 1)"
                )
            )
        }
        for field in fields {
            if let former = predecessor.field(field.name) {
                problems += field.differencesRefused(against: former)
            }
        }
        return problems
    }
}

extension FieldDefinition {
    fileprivate func differencesRefused(against former: FieldDefinition) -> [DefinitionProblem] {
        let rename = "keep it, or define a field of another name"
        var problems: [DefinitionProblem] = []
        if !type.isSame(as: former.type) {
            problems.append(
                DefinitionProblem(
                    path: "fields.\(name).type",
                    reason: "changes from \(former.type.label) to \(type.label)",
                    remedy: rename
                )
            )
        }
        if merge.name != former.merge.name {
            problems.append(
                DefinitionProblem(
                    path: "fields.\(name).merge",
                    reason: "changes from \(former.merge.name) to \(merge.name)",
                    remedy: rename
                )
            )
        }
        if scope != former.scope {
            problems.append(
                DefinitionProblem(
                    path: "fields.\(name).scope",
                    reason: "\(scope > former.scope ? "widens" : "narrows") from "
                        + "\(former.scope.name) to \(scope.name)",
                    remedy: rename
                )
            )
        }
        return problems
    }
}

extension FieldType {
    /// Whether values of both mean the same: limits and listed values may differ.
    fileprivate func isSame(as other: FieldType) -> Bool {
        switch (self, other) {
        case (.text, .text), (.enumeration, .enumeration): true
        case (.set(let left), .set(let right)):
            FieldType(left).isSame(as: FieldType(right))
        default: self == other
        }
    }

    fileprivate var label: String {
        switch self {
        case .set(let element): "set of \(FieldType(element).label)"
        case .decimal(let scale, let unit):
            "decimal with scale \(scale)" + (unit.map { " \($0)" } ?? "")
        default: name
        }
    }
}
