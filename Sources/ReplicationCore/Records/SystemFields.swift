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

/// How the writes of a field join.
enum Register {
    case latest(FieldType, Authority)
    case union(FieldType)
    case stage(Workflow)
    case turn

    /// Nil for a field that the definition does not have, and for a merge that is not built yet:
    /// a definition that names one is not agreed by this version.
    init?(_ field: Text, _ definition: ItemDefinition) {
        switch field {
        case SystemField.parties where definition.widestScope != .private:
            self = .union(.set(of: .member))
        case SystemField.turn where definition.workflow != nil: self = .turn
        case SystemField.stage:
            guard let workflow = definition.workflow else { return nil }
            self = .stage(workflow)
        default:
            guard let field = definition.field(field) else { return nil }
            switch field.merge {
            case .latest: self = .latest(field.type, field.authority)
            case .union: self = .union(field.type)
            case .review, .sum, .maximum, .minimum, .once: return nil
            }
        }
    }

    /// Whether the bytes are a value that a write to this register may bring.
    func accepts(_ value: ArraySlice<UInt8>) -> Bool {
        switch (self, ValueCoding.decode(value)) {
        case (.latest(let type, _), .single(let value)): value.validate(type) == nil
        case (.union(let type), .elements(let add, let remove)):
            FieldValue.set(add).validate(type) == nil
                && FieldValue.set(remove).validate(type) == nil
        case (.stage(let workflow), .single(.text(let stage))):
            workflow.position(of: stage) != nil
        case (.turn, .single(.member)): true
        default: false
        }
    }
}

extension ItemDefinition {
    /// The scope of a field of the definition, or of a system field: the widest one used.
    package func scope(of field: Text) -> Scope? {
        if field.utf8.first == UInt8(ascii: "@") { return widestScope }
        return self.field(field)?.scope
    }
}
