import AllianceModel

extension Drafting {
    func creation(_ request: ChangeRequest, parties: [MemberCode]) throws(Refusal) -> ChangeDraft {
        let added = Set(parties).subtracting([home, me.member]).sorted()
        try requireSharing(added)
        let all = Set(added + [home, me.member]).sorted()
        var writes: [Write] = []
        for given in request.fields {
            let field = try definedField(given.name)
            guard let change = Self.creating(given.change) else { continue }
            let value = try value(change, for: field)
            try authorise(
                field.authority,
                scope: field.scope,
                field: field.name,
                holder: definition.workflow == nil ? nil : me.member,
                parties: all
            )
            writes.append(write(field.name, value))
        }
        for field in definition.fields where field.isRequired {
            guard !writes.contains(where: { $0.field == field.name }) else { continue }
            throw Refusal(.fieldInvalid, field: field.name, "this field is required")
        }
        if let stage = definition.workflow?.initialStage {
            writes.append(write(SystemField.stage, .single(.text(stage))))
        }
        if !added.isEmpty {
            let elements = added.map { FieldValue.member($0) }
            writes.append(write(SystemField.parties, .elements(add: elements, remove: [])))
        }
        guard !writes.isEmpty else {
            throw Refusal(.malformed, "a record without a single field cannot be made")
        }
        return split(writes, parties: all)
    }

    /// A record with private fields only never leaves, so it has neither parties nor another home.
    private func requireSharing(_ added: [MemberCode]) throws(Refusal) {
        guard definition.widestScope == .private else { return }
        guard added.isEmpty else {
            throw Refusal(
                .fieldInvalid,
                field: SystemField.parties,
                "item \(definition.item) shares no field, so its records have no parties"
            )
        }
        guard home == me.member else {
            throw Refusal(
                .fieldInvalid,
                field: "home",
                "item \(definition.item) shares no field, so its records stay at \(me.member)"
            )
        }
    }

    /// The change that a given value means at a creation; nil if it means nothing.
    private static func creating(_ change: FieldChange) -> FieldChange? {
        switch change {
        case .set(nil), .set(.cleared): nil
        case .set(.set(let elements)):
            elements.isEmpty ? nil : .elements(add: elements, remove: [])
        case .elements(let add, _): add.isEmpty ? nil : .elements(add: add, remove: [])
        case .set: change
        }
    }
}
