import AllianceModel
import NodeStore
import ReplicationCore

/// How much of a record's fields whoever asks is shown.
struct Visibility: Sendable {
    /// The record as the node's member may see it.
    let view: RecordView
    /// Whether `sensitive` fields that hold something are written as `"***"`.
    let masks: Bool

    private var definition: ItemDefinition { view.definition }

    init(_ snapshot: RecordSnapshot, for member: MemberCode, masks: Bool) {
        view = RecordView(snapshot.state, snapshot.definition, viewer: member)
        self.masks = masks
    }

    /// False for fields that the node's member may not see; nil is the record as a whole.
    func shows(_ field: Text?) -> Bool { view.shows(field) }

    func hides(_ field: Text?) -> Bool {
        guard masks, let field else { return false }
        return definition.field(field)?.isSensitive == true
    }

    func type(of field: Text?) -> FieldType? {
        field.flatMap { definition.field($0)?.type }
    }
}

extension JSONWriter {
    /// What was written to a field, in the form in which `PATCH` takes it: a value, `{add, remove}`,
    /// of a counter `{add}`, of a ruling `{rule}`; of a deletion true.
    mutating func written(_ value: WriteValue?, to field: Text?, _ sight: Visibility) {
        guard let value else { return null() }
        if sight.hides(field), value != .single(.cleared) { return string("***") }
        switch value {
        case .elements(let add, let remove):
            object { json in
                json.key("add")
                json.elements(add)
                json.key("remove")
                json.elements(remove)
            }
        case .single(let addition) where sight.type(of: field) == .counter:
            object { json in
                json.key("add")
                json.single(addition)
            }
        case .single(let value): single(value)
        case .ruling(let value):
            object { json in
                json.key("rule")
                json.single(value)
            }
        case .deletion: boolean(true)
        }
    }

    /// What a field shows, in the form in which a record has it.
    mutating func shown(_ value: WriteValue?, of field: Text?, _ sight: Visibility) {
        guard let value else { return null() }
        if sight.hides(field), value != .single(.cleared) { return string("***") }
        switch value {
        case .single(let value), .ruling(let value): single(value)
        case .elements(let add, _): elements(add)
        case .deletion: boolean(true)
        }
    }

    mutating func elements(_ values: [FieldValue]) {
        array { json in
            for value in values { json.single(value) }
        }
    }

    /// A value as it stands, whatever field it is of.
    mutating func single(_ value: FieldValue) {
        switch value {
        case .cleared: null()
        case .text(let text): string(text)
        case .integer(let integer): number(integer)
        case .boolean(let flag): boolean(flag)
        case .decimal(let decimal): string(decimal.description)
        case .date(let date): string(date.description)
        case .time(let milliseconds): time(milliseconds)
        case .member(let code): string(code.text)
        case .set(let values): elements(values)
        }
    }

    /// A write's dot as text: `350100/0000000000000007/3`, the third of that member's incarnation.
    mutating func dot(_ dot: Dot?) {
        if let dot { string(JSONWriter.text(dot.writer, dot.number)) } else { null() }
    }

    /// The writes seen: of each writer all up to the number.
    mutating func context(_ context: CausalContext) {
        array { json in
            for entry in context.entries {
                json.string(JSONWriter.text(entry.writer, entry.number))
            }
        }
    }

    private static func text(_ writer: Writer, _ number: UInt64) -> String {
        "\(writer.member)/\(writer.incarnation)/\(number)"
    }
}
