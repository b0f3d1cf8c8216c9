package import ReplicationCore

/// The definitions of an alliance and how far each is agreed, as of one commit: an immutable value
/// that readers take whole.
package struct Catalog: Sendable {
    package var agreement: AgreementState

    package init(agreement: AgreementState) {
        self.agreement = agreement
    }
}
