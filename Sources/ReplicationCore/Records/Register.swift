import AllianceModel

/// How the writes of a field join.
enum Register {
    case latest
    case review
    case union
    case sum
    case maximum
    case minimum
    case once
    case stage
    case turn
    case parties
    case handling
    case deletion
    /// Of a system field that this version does not know: a later one's.
    case unsupported

    /// Whether its writes are siblings, of which one that had seen them takes the place.
    var hasSiblings: Bool {
        switch self {
        case .latest, .review, .maximum, .minimum, .once, .stage, .handling, .deletion: true
        case .union, .sum, .turn, .parties, .unsupported: false
        }
    }
}

/// What a definition says of fields, looked up by name.
///
/// A hot path: nothing is copied out of the definition, and fields that are asked for in their order
/// are found at once.
struct FieldRules {
    struct Rule {
        var register: Register
        var scope: Scope
        /// Of a field of the definition; nil for a system field.
        var authority: Authority?
        /// In the definition's fields; nil for a system field.
        fileprivate var index: Int?
    }

    let definition: ItemDefinition
    private var widestScope: Scope { definition.widestScope }
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
            authority: definition.fields[index].authority,
            index: index
        )
    }

    private func systemRule(of name: Text) -> Rule? {
        switch name {
        case SystemField.parties:
            guard widestScope != .private else { return nil }
            return Rule(register: .parties, scope: widestScope)
        case SystemField.turn:
            guard definition.workflow != nil else { return nil }
            return Rule(register: .turn, scope: widestScope)
        case SystemField.stage:
            guard definition.workflow != nil else { return nil }
            return Rule(register: .stage, scope: widestScope)
        case SystemField.handling: return Rule(register: .handling, scope: widestScope)
        case SystemField.delete: return Rule(register: .deletion, scope: widestScope)
        default: return Rule(register: .unsupported, scope: widestScope)
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
        switch definition.fields[index].merge {
        case .latest: .latest
        case .review: .review
        case .union: .union
        case .sum: .sum
        case .maximum: .maximum
        case .minimum: .minimum
        case .once: .once
        }
    }

    /// Whether the bytes are a value that a write to the field may bring.
    func accepts(_ value: ArraySlice<UInt8>, _ rule: Rule) -> Bool {
        switch rule.register {
        case .latest, .review, .maximum, .minimum, .sum:
            guard let index = rule.index else { return false }
            return FieldRules.accepts(value, definition.fields[index].type)
        case .once:
            guard let index = rule.index else { return false }
            if FieldRules.accepts(value, definition.fields[index].type) { return true }
            guard case .ruling(let value) = ValueCoding.decode(value) else { return false }
            return value.validate(definition.fields[index].type) == nil
        case .union, .parties:
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
        case .handling:
            switch ValueCoding.decodeSingle(value) {
            case .member, .cleared: return true
            default: return false
            }
        case .deletion:
            guard case .deletion = ValueCoding.decode(value) else { return false }
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
