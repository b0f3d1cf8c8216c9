extension Workflow {
    func problems() -> [DefinitionProblem] {
        guard (1...Workflow.stageCountMaximum).contains(stages.count) else {
            return [
                DefinitionProblem(
                    path: "workflow.stages",
                    reason: "lists \(stages.count) stages",
                    remedy: "list 1 to \(Workflow.stageCountMaximum)"
                )
            ]
        }
        guard transitions.count <= Workflow.transitionCountMaximum else {
            return [
                DefinitionProblem(
                    path: "workflow.transitions",
                    reason: "lists \(transitions.count) transitions",
                    remedy: "list at most \(Workflow.transitionCountMaximum)"
                )
            ]
        }
        return stageProblems() + transitions.flatMap(problems) + duplicateProblems()
            + unreachableProblems()
    }

    private func stageProblems() -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        for stage in stages where !Names.isIdentifier(stage) {
            problems.append(
                DefinitionProblem(
                    path: "workflow.stages",
                    reason: "\(stage) is not a stage's name",
                    remedy: "use a letter, then up to 63 letters, digits or '_'"
                )
            )
        }
        if Set(stages).count != stages.count {
            problems.append(
                DefinitionProblem(
                    path: "workflow.stages",
                    reason: "lists a stage twice",
                    remedy: "list each stage once"
                )
            )
        }
        return problems
    }

    private func problems(of transition: Transition) -> [DefinitionProblem] {
        let path = transition.path
        var problems = [("from", transition.from), ("to", transition.to)]
            .filter { !stages.contains($0.1) }
            .map { key, stage in
                DefinitionProblem(
                    path: "\(path).\(key)",
                    reason: "\(stage) is none of the stages",
                    remedy: "use one of \(stages.map(\.string).joined(separator: ", "))"
                )
            }
        if transition.from == transition.to {
            problems.append(
                DefinitionProblem(
                    path: path,
                    reason: "goes nowhere",
                    remedy:
                        "name two different stages"
                )
            )
        }
        return problems + transition.by.problems(at: "\(path).by", isCase: true)
    }

    private func duplicateProblems() -> [DefinitionProblem] {
        zip(transitions, transitions.dropFirst())
            .filter { ($0.from, $0.to) == ($1.from, $1.to) }
            .map { transition, _ in
                DefinitionProblem(
                    path: transition.path,
                    reason: "is listed twice",
                    remedy: "list each transition once"
                )
            }
    }

    /// A stage that no case can come to is a mistake in the file.
    private func unreachableProblems() -> [DefinitionProblem] {
        guard let first = stages.first else { return [] }
        var reached: Set<Text> = [first]
        var frontier = [first]
        while let stage = frontier.popLast() {
            for next in transitions(from: stage).map(\.to) where reached.insert(next).inserted {
                frontier.append(next)
            }
        }
        return stages.filter { !reached.contains($0) }.map { stage in
            DefinitionProblem(
                path: "workflow.stages",
                reason: "no case can come to \(stage)",
                remedy: "add a transition to it, or leave it out"
            )
        }
    }
}

extension Transition {
    /// How problems name it.
    package var path: String { "workflow.transitions[\(from)->\(to)]" }
}
