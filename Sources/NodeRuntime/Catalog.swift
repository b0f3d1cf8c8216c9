package import ReplicationCore

/// The definitions of an alliance and how far each is agreed, and what bears on verdicts, as of one
/// commit: an immutable value that readers take whole.
package struct Catalog: Sendable {
    package var agreement: AgreementState
    package var facts: RecordFacts

    package init(agreement: AgreementState, facts: RecordFacts = .none) {
        self.agreement = agreement
        self.facts = facts
    }
}
