package import AllianceModel

/// Drafts of local changes: every rule is asked here, before anything is stored.
extension RecordJudge {
    /// The writes that make a record, or why it cannot be made.
    ///
    /// A case begins in its workflow's first stage, which is a write of its own, held by this member,
    /// which is implied. A set is given by its elements; `null` is the same as nothing.
    package static func draft(
        creation request: ChangeRequest,
        parties: [MemberCode],
        header: RecordHeader,
        definition: ItemDefinition,
        me: Writer
    ) -> Result<ChangeDraft, Refusal> {
        let draft = Drafting(
            definition: definition,
            home: header.home,
            origin: me.member,
            me: me,
            requestID: request.requestID
        )
        return Result { () throws(Refusal) in
            try draft.creation(request, parties: parties)
        }
    }

    /// The writes that change a record, or why it cannot be changed.
    ///
    /// `state` is what the node has now, by which authority goes; `seen` is what the client had
    /// read, which makes the contexts.
    package static func draft(
        change request: ChangeRequest,
        on state: RecordState,
        seen: RecordState,
        definition: ItemDefinition,
        me: Writer
    ) -> Result<ChangeDraft, Refusal> {
        let draft = Drafting(
            definition: definition,
            home: state.header.home,
            origin: state.key.origin,
            me: me,
            requestID: request.requestID
        )
        return Result { () throws(Refusal) in
            try draft.change(
                request,
                RecordView(state, definition),
                seen: RecordView(seen, definition)
            )
        }
    }
}

/// What every draft of one request needs.
struct Drafting {
    let definition: ItemDefinition
    let home: MemberCode
    let origin: MemberCode
    let me: Writer
    let requestID: Bytes?

    // MARK: Values

    func definedField(_ name: Text) throws(Refusal) -> FieldDefinition {
        guard let field = definition.field(name) else {
            throw Refusal(
                .fieldUnknown,
                field: name,
                "item \(definition.item) version \(definition.version) has no such field"
            )
        }
        return field
    }

    /// The value that a change gives a field, judged by the field's type and merge.
    func value(_ change: FieldChange, for field: FieldDefinition) throws(Refusal) -> WriteValue {
        let invalid = { (detail: String) in Refusal(.fieldInvalid, field: field.name, detail) }
        switch change {
        case .set(let value):
            if case .counter = field.type {
                throw invalid("a counter is changed by what is added to it")
            }
            return .single(try valid(value ?? .cleared, for: field))
        case .add(let value):
            guard case .counter = field.type else { throw invalid("this field is no counter") }
            return .single(try valid(value, for: field))
        case .rule(let value):
            guard case .once = field.merge else {
                throw invalid("only a field that is set once is ruled on")
            }
            return .ruling(try valid(value ?? .cleared, for: field))
        case .elements(let add, let remove):
            guard case .set = field.type else { throw invalid("this field is no set") }
            return try elements(add, remove, of: field.type, field.name)
        }
    }

    private func valid(
        _ value: FieldValue,
        for field: FieldDefinition
    )
        throws(Refusal) -> FieldValue
    {
        if let problem = value.validate(field.type) {
            throw Refusal(.fieldInvalid, field: field.name, problem.description)
        }
        if field.isRequired, value == .cleared {
            throw Refusal(.fieldInvalid, field: field.name, "this field is required")
        }
        return value
    }

    func elements(
        _ add: [FieldValue],
        _ remove: [FieldValue],
        of type: FieldType,
        _ name: Text
    )
        throws(Refusal) -> WriteValue
    {
        for elements in [add, remove] {
            if let problem = FieldValue.set(elements).validate(type) {
                throw Refusal(.fieldInvalid, field: name, problem.description)
            }
        }
        guard WriteValue.areDisjoint(add, remove) else {
            throw Refusal(.fieldInvalid, field: name, "one element is both added and removed")
        }
        return .elements(add: add, remove: remove)
    }

    // MARK: Authority

    /// The refusal of a write whose verdict would be void, by the rule that judges what arrives.
    func unauthorised(_ field: Text, _ authority: Authority) -> Refusal {
        Refusal(
            .unauthorised,
            field: field,
            "\(me.member) may not write this field now: its authority is \(authority.name)"
        )
    }

    // MARK: Parts

    func write(
        _ field: Text,
        _ value: WriteValue,
        number: UInt64 = 1,
        context: CausalContext = CausalContext(),
        lost: [Dot] = [],
        ground: Dot? = nil
    ) -> Write {
        Write(
            field: field,
            dot: Dot(writer: me, number: number),
            context: context,
            lost: lost,
            ground: ground,
            requestID: requestID,
            value: ValueCoding.encode(value)[...]
        )
    }

    /// Splits writes over the audiences of their fields' scopes, the widest first.
    func split(_ writes: [Write], parties: [MemberCode]) -> ChangeDraft {
        let members = Set(parties + [me.member, home]).sorted()
        let audiences: [(Scope, Audience)] = [
            (.alliance, .alliance), (.parties, .members(members)), (.private, .private),
        ]
        let parts = audiences.compactMap { scope, audience -> ChangeDraft.Part? in
            let chosen = writes.filter { definition.scope(of: $0.field) == scope }
            guard !chosen.isEmpty else { return nil }
            return ChangeDraft.Part(
                audience: audience,
                writes: chosen.sorted { $0.field < $1.field }
            )
        }
        return ChangeDraft(parts: parts, deliveryClass: definition.deliveryClass)
    }
}
