import AllianceModel
import NodeStore
import ReplicationCore

extension JSONWriter {
    /// A record as `member` may see it.
    ///
    /// `masks`: whether `sensitive` fields that hold something are written as `"***"`.
    mutating func record(_ snapshot: RecordSnapshot, for member: MemberCode, masks: Bool) {
        let state = snapshot.state
        let view = RecordView(state, snapshot.definition)
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
            json.object { json in json.fields(view, for: member, masks: masks) }
            // Nothing that this version merges waits for a decision.
            json.key("conflicts")
            json.array { _ in }
            json.key("created")
            json.time(state.created.milliseconds)
            json.key("updated")
            json.time(state.updated.milliseconds)
            json.key("deleted")
            json.boolean(false)
        }
    }

    /// What this member may not see is left out; what was never written is null, [] or 0.
    private mutating func fields(_ view: RecordView, for member: MemberCode, masks: Bool) {
        let isParty = view.parties.contains(member)
        for field in view.definition.fields where field.scope != .parties || isParty {
            key(named: field.name)
            let value = view.value(of: field)
            if masks, field.isSensitive, value?.isSomething == true {
                string("***")
            } else {
                self.value(value, of: field.type)
            }
        }
    }

    private mutating func value(_ value: FieldValue?, of type: FieldType) {
        switch (value, type) {
        case (nil, .counter): number(0)
        case (nil, .set): array { _ in }
        case (nil, _), (.cleared, _): null()
        case (.text(let text), _): string(text)
        case (.integer(let integer), _): number(integer)
        case (.boolean(let flag), _): boolean(flag)
        case (.decimal(let decimal), _): string(decimal.description)
        case (.date(let date), _): string(date.description)
        case (.time(let milliseconds), _): time(milliseconds)
        case (.member(let code), _): string(code.text)
        case (.set(let elements), .set(let element)):
            array { json in
                for value in elements { json.value(value, of: FieldType(element)) }
            }
        case (.set, _): array { _ in }
        }
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
