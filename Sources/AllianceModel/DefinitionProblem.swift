/// One thing wrong with a definition or roster, and what to do about it.
package struct DefinitionProblem: Hashable, Sendable, CustomStringConvertible {
    /// Where, in the words of the file: `fields.monthlyRent.merge`; a transition is named by its
    /// ends, `workflow.transitions[accepted->checked].by`, a member by its code.
    package let path: String
    package let reason: String
    package let remedy: String

    package init(path: String, reason: String, remedy: String) {
        self.path = path
        self.reason = reason
        self.remedy = remedy
    }

    package var description: String { "\(path): \(reason); \(remedy)" }
}
