extension FieldDefinition {
    /// `isCase`: whether the definition has a workflow, hence a holder.
    func problems(isCase: Bool) -> [DefinitionProblem] {
        nameProblems() + typeProblems() + mergeProblems()
            + authority.problems(at: path("authority"), isCase: isCase) + requiredProblems()
    }

    private func path(_ key: String) -> String { "fields.\(name).\(key)" }

    private func nameProblems() -> [DefinitionProblem] {
        guard !Names.isIdentifier(name) else { return [] }
        return [
            DefinitionProblem(
                path: "fields.\(name)",
                reason: "is not a field's name",
                remedy: "use a letter, then up to 63 letters, digits or '_'"
            )
        ]
    }

    private func requiredProblems() -> [DefinitionProblem] {
        guard isRequired, !type.isSingle else { return [] }
        return [
            DefinitionProblem(
                path: path("required"),
                reason: "a \(type.name) cannot be required: it is never absent",
                remedy: "leave required out"
            )
        ]
    }

    // MARK: type

    private func typeProblems() -> [DefinitionProblem] {
        let element: FieldType = if case .set(let of) = type { FieldType(of) } else { type }
        switch element {
        case .text(let maximumBytes): return maximumProblems(maximumBytes)
        case .decimal(let scale, let unit): return decimalProblems(scale: scale, unit: unit)
        case .enumeration(let values): return valuesProblems(values)
        default: return []
        }
    }

    private func maximumProblems(_ maximumBytes: Int) -> [DefinitionProblem] {
        guard !(1...FieldType.textBytesMaximum).contains(maximumBytes) else { return [] }
        return [
            DefinitionProblem(
                path: path("maximum"),
                reason: "\(maximumBytes) is not a length in bytes",
                remedy: "use 1 to \(FieldType.textBytesMaximum)"
            )
        ]
    }

    private func decimalProblems(scale: Int, unit: Text?) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if !(0...FieldType.scaleMaximum).contains(scale) {
            problems.append(
                DefinitionProblem(
                    path: path("scale"),
                    reason: "\(scale) is not a number of digits after the point",
                    remedy: "use 0 to \(FieldType.scaleMaximum)"
                )
            )
        }
        if let unit, !Names.isLabel(unit, byteCountMaximum: 32) {
            problems.append(
                DefinitionProblem(
                    path: path("unit"),
                    reason: "is not a unit",
                    remedy: "use 1 to 32 bytes of text, such as CNY, or leave it out"
                )
            )
        }
        return problems
    }

    private func valuesProblems(_ values: [Text]) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if !(1...FieldType.enumerationCountMaximum).contains(values.count) {
            problems.append(
                DefinitionProblem(
                    path: path("values"),
                    reason: "lists \(values.count) values",
                    remedy: "list 1 to \(FieldType.enumerationCountMaximum)"
                )
            )
        }
        if Set(values).count != values.count {
            problems.append(
                DefinitionProblem(
                    path: path("values"),
                    reason: "lists a value twice",
                    remedy: "list each value once"
                )
            )
        }
        if !values.allSatisfy({ Names.isLabel($0) }) {
            problems.append(
                DefinitionProblem(
                    path: path("values"),
                    reason: "lists a value that is empty, too long or holds control characters",
                    remedy: "use 1 to \(LocalizedName.byteCountMaximum) bytes of text a value"
                )
            )
        }
        return problems
    }

    // MARK: merge

    private func mergeProblems() -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if let fitting = fittingMerges, !fitting.contains(merge.name) {
            problems.append(
                DefinitionProblem(
                    path: path("merge"),
                    reason: "\(merge.name) does not fit a \(type.name)",
                    remedy: "use \(fitting.joined(separator: ", "))"
                )
            )
        }
        if case .sum(let limit?) = merge, limit < 1 {
            problems.append(
                DefinitionProblem(
                    path: path("limit"),
                    reason: "\(limit) is not a limit",
                    remedy: "use a number from 1, or leave it out"
                )
            )
        }
        return problems
    }

    private var fittingMerges: [String]? {
        switch type {
        case .set: ["union"]
        case .counter: ["sum"]
        default:
            ["latest", "review", "once"] + (type.isOrdered ? ["maximum", "minimum"] : [])
        }
    }
}

extension Authority {
    func problems(at path: String, isCase: Bool) -> [DefinitionProblem] {
        switch self {
        case .holder where !isCase:
            return [
                DefinitionProblem(
                    path: path,
                    reason: "a record without a workflow has no holder: nobody could write this",
                    remedy: "use any, home, accepting, handling or a list of members"
                )
            ]
        case .members(let codes):
            guard codes.isEmpty || Set(codes).count != codes.count else { return [] }
            return [
                DefinitionProblem(
                    path: path,
                    reason: codes.isEmpty ? "lists no members" : "lists a member twice",
                    remedy: "list one or more members, each once"
                )
            ]
        default:
            return []
        }
    }
}
