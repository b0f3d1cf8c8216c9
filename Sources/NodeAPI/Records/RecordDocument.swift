import AllianceModel
import NodeStore
import ReplicationCore

extension JSONWriter {
    /// A record as `member` may see it.
    ///
    /// `masks`: whether `sensitive` fields that hold something are written as `"***"`.
    mutating func record(_ snapshot: RecordSnapshot, for member: MemberCode, masks: Bool) {
        let state = snapshot.state
        let sight = Visibility(snapshot, for: member, masks: masks)
        let view = sight.view
        object { json in
            json.key("id")
            json.string(state.key.identifier)
            json.key("item")
            json.string(state.header.item)
            json.key("version")
            json.number(snapshot.definition.version)
            json.key("home")
            json.string(state.header.home.text)
            json.key("accepting")
            json.string(state.key.origin.text)
            json.key("parties")
            json.array { json in
                for party in view.addedParties { json.string(party.text) }
            }
            json.key("stage")
            json.string(view.stage?.string)
            json.key("holder")
            json.string(view.holder?.string)
            json.key("turn")
            if let turn = view.turn { json.number(turn) } else { json.null() }
            json.key("fields")
            json.object { json in json.fields(sight) }
            json.key("conflicts")
            json.array { json in
                for conflict in snapshot.conflicts { json.string(conflict) }
            }
            json.key("created")
            json.time(state.created.milliseconds)
            json.key("updated")
            json.time(state.updated.milliseconds)
            json.key("deleted")
            json.boolean(view.isDeleted)
        }
    }

    /// What this member may not see is left out; what was never written is null, [] or 0.
    private mutating func fields(_ sight: Visibility) {
        let view = sight.view
        for field in view.definition.fields where view.shows(field.scope) {
            key(named: field.name)
            if field.merge == .review {
                reviewed(view.values(of: field), of: field, sight)
            } else {
                value(view.value(of: field), of: field, sight)
            }
        }
    }

    /// Two or more values under review are `{"review": [...]}`, sorted.
    private mutating func reviewed(
        _ values: [FieldValue],
        of field: FieldDefinition,
        _ sight: Visibility
    ) {
        guard values.count > 1 else { return value(values.first, of: field, sight) }
        object { json in
            json.key("review")
            json.array { json in
                for value in values { json.value(value, of: field, sight) }
            }
        }
    }

    private mutating func value(
        _ value: FieldValue?,
        of field: FieldDefinition,
        _ sight: Visibility
    ) {
        guard let value else {
            switch field.type {
            case .counter: return number(0)
            case .set: return array { _ in }
            default: return null()
            }
        }
        if sight.masks, field.isSensitive, value.isSomething { return string("***") }
        single(value)
    }
}

extension FieldValue {
    /// Whether there is anything to hide.
    fileprivate var isSomething: Bool {
        switch self {
        case .cleared: false
        case .set(let elements): !elements.isEmpty
        default: true
        }
    }
}
