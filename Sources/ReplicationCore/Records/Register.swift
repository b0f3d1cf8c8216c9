import AllianceModel

/// How the writes of a field join.
enum Register {
    case latest
    case union
    case stage
    case turn
    /// Of a merge, an authority or a system field that this version does not build: other members may
    /// have agreed on it, and it must never be treated as another.
    case unsupported
}

/// What a definition says of fields, looked up by name.
///
/// A hot path: nothing is copied out of the definition, and fields that are asked for in their order
/// are found at once.
struct FieldRules {
    struct Rule {
        var register: Register
        var scope: Scope
        /// In the definition's fields; nil for a system field.
        fileprivate var index: Int?
    }

    private let definition: ItemDefinition
    private var expected = 0

    init(_ definition: ItemDefinition) {
        self.definition = definition
    }

    /// Nil for a field that the definition does not have.
    mutating func rule(of name: Text) -> Rule? {
        if name.utf8.first == UInt8(ascii: "@") { return systemRule(of: name) }
        guard let index = index(of: name) else { return nil }
        return Rule(
            register: register(at: index),
            scope: definition.fields[index].scope,
            index: index
        )
    }

    private func systemRule(of name: Text) -> Rule? {
        let scope = definition.widestScope
        switch name {
        case SystemField.parties:
            guard scope != .private else { return nil }
            return Rule(register: .union, scope: scope)
        case SystemField.turn:
            guard definition.workflow != nil else { return nil }
            return Rule(register: .turn, scope: scope)
        case SystemField.stage:
            guard definition.workflow != nil else { return nil }
            return Rule(register: .stage, scope: scope)
        default: return Rule(register: .unsupported, scope: scope)
        }
    }

    private mutating func index(of name: Text) -> Int? {
        if expected < definition.fields.count, definition.fields[expected].name == name {
            expected += 1
            return expected - 1
        }
        var low = 0
        var high = definition.fields.count
        while low < high {
            let middle = (low + high) / 2
            if definition.fields[middle].name < name { low = middle + 1 } else { high = middle }
        }
        guard low < definition.fields.count, definition.fields[low].name == name else { return nil }
        expected = low + 1
        return low
    }

    private func register(at index: Int) -> Register {
        switch (definition.fields[index].merge, definition.fields[index].authority) {
        case (_, .handling): .unsupported
        case (.latest, _): .latest
        case (.union, _): .union
        case (.review, _), (.sum, _), (.maximum, _), (.minimum, _), (.once, _): .unsupported
        }
    }

    /// Whether the bytes are a value that a write to the field may bring.
    func accepts(_ value: ArraySlice<UInt8>, _ rule: Rule) -> Bool {
        switch rule.register {
        case .latest:
            guard let index = rule.index else { return false }
            return FieldRules.accepts(value, definition.fields[index].type)
        case .union:
            guard case .elements(let add, let remove) = ValueCoding.decode(value) else {
                return false
            }
            let type = rule.index.map { definition.fields[$0].type } ?? .set(of: .member)
            return FieldValue.set(add).validate(type) == nil
                && FieldValue.set(remove).validate(type) == nil
        case .stage:
            guard case .text(let stage) = ValueCoding.decodeSingle(value) else { return false }
            return definition.workflow?.position(of: stage) != nil
        case .turn:
            guard case .member = ValueCoding.decodeSingle(value) else { return false }
            return true
        case .unsupported: return false
        }
    }

    /// A text is judged where it stands; only what must be looked at closer is made into a value.
    private static func accepts(_ value: ArraySlice<UInt8>, _ type: FieldType) -> Bool {
        if case .text(let maximumBytes) = type,
            ValueCoding.isText(value, maximumBytes: maximumBytes)
        {
            return true
        }
        guard let value = ValueCoding.decodeSingle(value) else { return false }
        return value.validate(type) == nil
    }
}
