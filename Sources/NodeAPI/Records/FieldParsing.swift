import AllianceModel
import ReplicationCore

/// Values as the API writes them: integers as numbers, decimals, dates and times as strings, sets as
/// arrays.
enum FieldParsing {
    /// The values of a new record: a set is an array, a counter `{add}`.
    ///
    /// `null`, and an empty set, write nothing.
    static func creation(
        _ fields: JSON,
        _ definition: ItemDefinition
    ) throws(Problem) -> [FieldRequest] {
        try requests(fields, definition) { json, field throws(Problem) in
            if case .set(let element) = field.type {
                let elements = try elements(json, of: element, field.name)
                return elements.isEmpty ? nil : .elements(add: elements, remove: [])
            }
            if field.type == .counter { return try addition(json, field.name) }
            if json == .null { return nil }
            return .set(try value(json, field.type, field.name))
        }
    }

    /// Changes of a record that exists: `null` clears, a set takes `{add, remove}`, a counter `{add}`,
    /// a field that is set once also a ruling, `{rule}`.
    ///
    /// `@parties` is changed like a set, `@handling` like a field that holds a member.
    ///
    /// `isResolution`: then an addition of nothing says that what stands is right.
    static func change(
        _ fields: JSON,
        _ definition: ItemDefinition,
        isResolution: Bool = false
    ) throws(Problem) -> [FieldRequest] {
        try requests(fields, definition, system: patched) { json, field throws(Problem) in
            if case .set(let element) = field.type {
                return try setChange(json, of: element, field.name)
            }
            if field.type == .counter {
                return try addition(json, field.name, mayBeZero: isResolution)
            }
            if field.merge == .once, let ruling = try ruling(json, field) { return ruling }
            if json == .null { return .set(nil) }
            return .set(try value(json, field.type, field.name))
        }
    }

    /// The system fields that a change may name, as if the definition had them.
    private static func patched(_ name: Text) -> FieldDefinition? {
        let type: FieldType
        let merge: Merge
        switch name {
        case SystemField.parties: (type, merge) = (.set(of: .member), .union)
        case SystemField.handling: (type, merge) = (.member, .latest)
        default: return nil
        }
        return FieldDefinition(
            name: name,
            type: type,
            merge: merge,
            authority: .home,
            scope: .alliance
        )
    }

    private static func requests(
        _ fields: JSON,
        _ definition: ItemDefinition,
        system: (Text) -> FieldDefinition? = { _ in nil },
        _ change: (JSON, FieldDefinition) throws(Problem) -> FieldChange?
    ) throws(Problem) -> [FieldRequest] {
        guard let members = fields.members else { throw .invalid("fields", "is not an object") }
        let unknown = members.map(\.key).filter {
            definition.field($0) == nil && system($0) == nil
        }
        guard unknown.isEmpty else {
            throw .unknown(unknown, "\(definition.item) version \(definition.version)")
        }
        var requests: [FieldRequest] = []
        for member in members {
            guard let field = definition.field(member.key) ?? system(member.key),
                let change = try change(member.value, field)
            else { continue }
            requests.append(FieldRequest(name: field.name, change: change))
        }
        return requests.sorted { $0.name < $1.name }
    }

    // MARK: Sets

    private static func elements(
        _ json: JSON,
        of element: ElementType,
        _ name: Text
    ) throws(Problem) -> [FieldValue] {
        guard let list = json.elements else { throw .invalid(name, "is not an array") }
        guard list.count <= FieldType.setCountMaximum else {
            throw .invalid(
                name,
                InvalidValue.tooMany(maximum: FieldType.setCountMaximum).description
            )
        }
        var values: [FieldValue] = []
        for json in list { values.append(try value(json, FieldType(element), name)) }
        guard case .set(let sorted) = FieldValue.set(sorting: values) else { return [] }
        return sorted
    }

    private static func setChange(
        _ json: JSON,
        of element: ElementType,
        _ name: Text
    ) throws(Problem) -> FieldChange {
        guard let members = json.members, !members.isEmpty,
            members.allSatisfy({ $0.key == "add" || $0.key == "remove" })
        else { throw .invalid(name, "is a set: it is changed with {\"add\": [], \"remove\": []}") }
        let add = try json["add"].map { json throws(Problem) in
            try elements(json, of: element, name)
        }
        let remove = try json["remove"].map { json throws(Problem) in
            try elements(json, of: element, name)
        }
        guard Set(add ?? []).isDisjoint(with: remove ?? []) else {
            throw .invalid(name, "adds and removes one element")
        }
        guard !(add ?? []).isEmpty || !(remove ?? []).isEmpty else {
            throw .invalid(name, "adds and removes nothing")
        }
        return .elements(add: add ?? [], remove: remove ?? [])
    }

    // MARK: Counters and rulings

    private static func addition(
        _ json: JSON,
        _ name: Text,
        mayBeZero: Bool = false
    ) throws(Problem) -> FieldChange {
        guard let members = json.members, members.count == 1, let add = json["add"] else {
            throw .invalid(name, "is a counter: it is changed with {\"add\": n}")
        }
        guard let number = add.integer else {
            throw .invalid(name, InvalidValue.notInteger.description)
        }
        guard number != 0 || mayBeZero else { throw .invalid(name, "adds nothing") }
        return .add(.integer(number))
    }

    /// Nil if the value is a plain one.
    private static func ruling(
        _ json: JSON,
        _ field: FieldDefinition
    ) throws(Problem) -> FieldChange? {
        guard let members = json.members else { return nil }
        guard members.count == 1, let ruled = json["rule"] else {
            throw .invalid(field.name, "is ruled on with {\"rule\": value}")
        }
        return .rule(ruled == .null ? nil : try value(ruled, field.type, field.name))
    }

    // MARK: Single values

    private static func value(
        _ json: JSON,
        _ type: FieldType,
        _ name: Text
    ) throws(Problem) -> FieldValue {
        let value: FieldValue
        do {
            value = try parse(json, type)
        } catch {
            throw .invalid(name, error.description)
        }
        if json == .unusableString { throw .invalid(name, "holds a NUL or a lone surrogate") }
        if let invalid = value.validate(type) { throw .invalid(name, invalid.description) }
        return value
    }

    private static func parse(_ json: JSON, _ type: FieldType) throws(InvalidValue) -> FieldValue {
        switch (type, json) {
        case (_, .unusableString): return .cleared
        case (.integer, .number):
            guard let integer = json.integer else { throw .notInteger }
            return .integer(integer)
        case (.boolean, .boolean(let boolean)): return .boolean(boolean)
        case (.text, .string(let text)), (.enumeration, .string(let text)),
            (.identity, .string(let text)), (.organization, .string(let text)),
            (.reference, .string(let text)):
            return .text(text)
        case (.decimal(let scale, _), .string(let text)):
            guard let decimal = ScaledDecimal(utf8: text.utf8, scale: UInt8(clamping: scale)) else {
                throw .notDecimal(scale: scale)
            }
            return .decimal(decimal)
        case (.date, .string(let text)), (.time, .string(let text)), (.member, .string(let text)):
            return try type.parse(text: text.string)
        default: throw .typeDiffers(expected: expected(type))
        }
    }

    /// The type, and the form in which JSON has it.
    private static func expected(_ type: FieldType) -> String {
        switch type {
        case .integer: "integer (a JSON number)"
        case .boolean: "boolean (true or false)"
        case .set, .counter: type.name
        default: "\(type.name) (a JSON string)"
        }
    }
}

extension Problem {
    private static let namesShown = 8

    /// `field_unknown` with the names, the first one as the field.
    static func unknown(_ names: [Text], _ whole: String) -> Problem {
        let shown = names.prefix(namesShown).map { String($0.string.prefix(64)) }
        let more = names.count > namesShown ? " and \(names.count - namesShown) more" : ""
        return Problem(
            .fieldUnknown,
            field: names.first.map { Text(String($0.string.prefix(64))) },
            "\(whole) has no \(shown.joined(separator: ", "))\(more)."
        )
    }
}
