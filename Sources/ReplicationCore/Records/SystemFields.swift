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
    case latest(FieldType)
    case union(FieldType)
    case stage(Workflow)
    case turn
    /// Of a merge, an authority or a system field that this version does not build: other members may
    /// have agreed on it, and it must never be treated as another.
    case unsupported

    /// Nil for a field that the definition does not have.
    init?(_ field: Text, _ definition: ItemDefinition) {
        guard field.utf8.first == UInt8(ascii: "@") else {
            guard let field = definition.field(field) else { return nil }
            self.init(field)
            return
        }
        switch field {
        case SystemField.parties where definition.widestScope != .private:
            self = .union(.set(of: .member))
        case SystemField.turn where definition.workflow != nil: self = .turn
        case SystemField.stage:
            guard let workflow = definition.workflow else { return nil }
            self = .stage(workflow)
        case SystemField.parties, SystemField.turn: return nil
        default: self = .unsupported
        }
    }

    private init(_ field: FieldDefinition) {
        switch (field.merge, field.authority) {
        case (_, .handling): self = .unsupported
        case (.latest, _): self = .latest(field.type)
        case (.union, _): self = .union(field.type)
        case (.review, _), (.sum, _), (.maximum, _), (.minimum, _), (.once, _):
            self = .unsupported
        }
    }

    /// Whether the bytes are a value that a write to this register may bring.
    func accepts(_ value: ArraySlice<UInt8>) -> Bool {
        switch (self, ValueCoding.decode(value)) {
        case (.latest(let type), .single(let value)): value.validate(type) == nil
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
