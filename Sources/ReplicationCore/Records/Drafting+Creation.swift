import AllianceModel

extension Drafting {
    func creation(_ request: ChangeRequest, parties: [MemberCode]) throws(Refusal) -> ChangeDraft {
        let added = Set(parties).subtracting([home, me.member]).sorted()
        try requireSharing(added)
        let rights = Rights(home: home, accepting: me.member, everParties: added)
        var writes: [Write] = []
        for given in request.fields {
            let field = try definedField(given.name)
            guard let change = try Self.creating(given) else { continue }
            let value = try value(change, for: field)
            guard value != .elements(add: [], remove: []) else { continue }
            guard rights.mayWriteFirst(field, me.member) else {
                throw unauthorised(field.name, field.authority)
            }
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
        // Whoever may see the record hears of it with its creation, whatever was written of it: what
        // is seen by the parties, or by this member, alone would leave others without the header.
        let widest = definition.widestScope
        if widest != .private, !writes.contains(where: { definition.scope(of: $0.field) == widest })
        {
            let itself = WriteValue.elements(add: [.member(me.member)], remove: [])
            writes.append(write(SystemField.parties, itself))
        }
        return split(writes, parties: added + [home, me.member])
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
    private static func creating(_ given: FieldRequest) throws(Refusal) -> FieldChange? {
        switch given.change {
        case .set(nil), .set(.cleared): return nil
        case .set(.set(let elements)): return .elements(add: elements, remove: [])
        case .elements(_, let remove):
            guard remove.isEmpty else {
                throw Refusal(
                    .fieldInvalid,
                    field: given.name,
                    "a new record holds nothing to remove: a set is given by its elements"
                )
            }
            return given.change
        case .rule:
            throw Refusal(
                .fieldInvalid,
                field: given.name,
                "a new record holds nothing to rule on: the field is given by its value"
            )
        case .set, .add: return given.change
        }
    }
}
