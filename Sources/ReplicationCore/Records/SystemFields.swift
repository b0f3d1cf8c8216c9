package import AllianceModel

/// The fields that every record has beside its definition's.
package enum SystemField {
    package static let parties: Text = "@parties"
    package static let turn: Text = "@turn"
    package static let stage: Text = "@stage"
    package static let handling: Text = "@handling"
    package static let delete: Text = "@delete"

    package static let all = [parties, turn, stage, handling, delete]
}

extension ItemDefinition {
    /// The scope of a field of the definition, or of a system field: the widest one used.
    package func scope(of field: Text) -> Scope? {
        if field.utf8.first == UInt8(ascii: "@") { return widestScope }
        return self.field(field)?.scope
    }
}
