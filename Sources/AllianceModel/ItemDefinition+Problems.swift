extension ItemDefinition {
    /// Everything that keeps this from being a definition, in the order of the item file; empty
    /// when it is valid.
    package func problems() -> [DefinitionProblem] {
        headProblems() + referenceProblems() + workflowProblems() + fieldProblems()
    }

    private func headProblems() -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if !Names.isCode(item) {
            problems.append(
                DefinitionProblem(
                    path: "item",
                    reason: "is not an item's code",
                    remedy: "use 1 to 64 letters, digits, '.', '-' or '_', a letter or digit first"
                )
            )
        }
        if !(1...ItemDefinition.versionMaximum).contains(version) {
            problems.append(
                DefinitionProblem(
                    path: "version",
                    reason: "\(version) is not a version",
                    remedy: "use a number from 1 to \(ItemDefinition.versionMaximum)"
                )
            )
        }
        if let effective, !Timestamps.range.contains(effective) {
            problems.append(
                DefinitionProblem(
                    path: "effective",
                    reason: "is not between the years 0000 and 9999",
                    remedy: "give a time of RFC 3339, or leave it out"
                )
            )
        }
        return problems + name.problems(at: "name")
    }

    /// `subject` and `unique` name fields.
    private func referenceProblems() -> [DefinitionProblem] {
        var problems = subject.map { reference($0, at: "subject") } ?? []
        for name in unique { problems += reference(name, at: "unique") }
        for (name, next) in zip(unique, unique.dropFirst()) where name == next {
            problems.append(
                DefinitionProblem(
                    path: "unique",
                    reason: "\(name) is listed twice",
                    remedy: "list each field once"
                )
            )
        }
        return problems
    }

    private func reference(_ name: Text, at path: String) -> [DefinitionProblem] {
        guard let field = field(name) else {
            return [
                DefinitionProblem(
                    path: path,
                    reason: "\(name) is none of the fields",
                    remedy: "name a field that is defined under fields"
                )
            ]
        }
        guard !field.type.isSingle else { return [] }
        return [
            DefinitionProblem(
                path: path,
                reason: "\(name) is a \(field.type.name)",
                remedy: "name a field that holds a single value"
            )
        ]
    }

    private func fieldProblems() -> [DefinitionProblem] {
        guard (1...ItemDefinition.fieldCountMaximum).contains(fields.count) else {
            return [
                DefinitionProblem(
                    path: "fields",
                    reason: "defines \(fields.count) fields",
                    remedy: "define 1 to \(ItemDefinition.fieldCountMaximum)"
                )
            ]
        }
        var problems = fields.flatMap { $0.problems(isCase: workflow != nil) }
        for (field, next) in zip(fields, fields.dropFirst()) where field.name == next.name {
            problems.append(
                DefinitionProblem(
                    path: "fields.\(field.name)",
                    reason: "is defined twice",
                    remedy: "define each field once"
                )
            )
        }
        return problems
    }

    private func workflowProblems() -> [DefinitionProblem] {
        guard let workflow else { return [] }
        var problems = workflow.problems()
        if !fields.isEmpty, widestScope == .private {
            problems.append(
                DefinitionProblem(
                    path: "workflow",
                    reason: "is given, but every field is private: such records never leave home",
                    remedy: "leave the workflow out, or give a field the scope parties or alliance"
                )
            )
        }
        return problems
    }
}
