import AllianceModel

extension RecordView {
    /// The change that decides a conflict for one of its values, or restores one from the journal: a
    /// new write that is to be drafted as having seen everything.
    ///
    /// `index`: into `Conflict.values`. Of an overrun any index lets the additions stand.
    package func request(
        choosing index: Int,
        of conflict: Conflict
    ) throws(Refusal) -> ChangeRequest {
        guard let field = conflict.field, conflict.values.indices.contains(index) else {
            throw Refusal(
                .fieldInvalid,
                field: "choose",
                "this conflict has no value of that index"
            )
        }
        guard let value = conflict.values[index].value else {
            throw Refusal(
                .fieldInvalid,
                field: "choose",
                "nobody has this value any more; write one"
            )
        }
        switch field {
        case SystemField.turn:
            if case .single(.member(let holder)) = value { return resolution(holder: holder) }
        case SystemField.stage:
            if case .single(.text(let stage)) = value { return resolution(stage: stage) }
        case SystemField.delete: return ChangeRequest(fields: [], isDeletion: true)
        default: break
        }
        return resolution([
            FieldRequest(name: field, change: try change(field, to: value, conflict.kind))
        ])
    }

    /// The change that decides a conflict by a new value.
    package func request(
        writing change: FieldChange,
        for conflict: Conflict
    ) throws(Refusal) -> ChangeRequest {
        guard let field = conflict.field else {
            throw Refusal(.fieldInvalid, field: "write", "records are not decided by a value")
        }
        switch (field, change) {
        case (SystemField.turn, .set(.member(let holder))): return resolution(holder: holder)
        case (SystemField.stage, .set(.text(let stage))): return resolution(stage: stage)
        default: break
        }
        var change = change
        // Only home has a say in a field that is set once, and says it as a ruling.
        if case .once = definition.field(field)?.merge, case .set(let value) = change {
            change = .rule(value)
        }
        return resolution([FieldRequest(name: field, change: change)])
    }

    private func change(
        _ field: Text,
        to value: WriteValue,
        _ kind: ConflictKind
    )
        throws(Refusal) -> FieldChange
    {
        let merge = definition.field(field)?.merge
        switch (merge, value) {
        case (.sum, .single(let amount)):
            // What overruns the limit stays as it is; what was void is added anew.
            return .add(kind == .overrun ? .integer(0) : amount)
        case (.once, .single(let value)), (.once, .ruling(let value)): return .rule(value)
        case (_, .elements(let add, let remove)): return .elements(add: add, remove: remove)
        case (_, .single(let value)), (_, .ruling(let value)): return .set(value)
        case (_, .deletion):
            throw Refusal(.fieldInvalid, field: "choose", "this field is not written by itself")
        }
    }

    private func resolution(
        _ fields: [FieldRequest] = [],
        stage: Text? = nil,
        holder: MemberCode? = nil
    ) -> ChangeRequest {
        ChangeRequest(fields: fields, stage: stage, holder: holder, isResolution: true)
    }
}
