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

    /// The value that a change gives a field, judged by the field's type.
    func value(_ change: FieldChange, for field: FieldDefinition) throws(Refusal) -> WriteValue {
        switch change {
        case .set(let value):
            let value = value ?? .cleared
            if let problem = value.validate(field.type) {
                throw Refusal(.fieldInvalid, field: field.name, problem.description)
            }
            return .single(value)
        case .elements(let add, let remove):
            guard case .set = field.type else {
                throw Refusal(.fieldInvalid, field: field.name, "this field is no set")
            }
            for elements in [add, remove] {
                if let problem = FieldValue.set(elements).validate(field.type) {
                    throw Refusal(.fieldInvalid, field: field.name, problem.description)
                }
            }
            guard WriteValue.areDisjoint(add, remove) else {
                throw Refusal(
                    .fieldInvalid,
                    field: field.name,
                    "one element is both added and removed"
                )
            }
            return .elements(add: add, remove: remove)
        }
    }

    // MARK: Authority

    /// Refuses unless this member may write a field of that authority now.
    func authorise(
        _ authority: Authority,
        scope: Scope,
        field: Text,
        holder: MemberCode?,
        parties: [MemberCode]
    ) throws(Refusal) {
        let mine = me.member
        let isAllowed =
            switch authority {
            case .any: scope != .parties || parties.contains(mine)
            case .home: mine == home
            case .accepting: mine == origin
            case .holder: mine == holder
            case .members(let members): members.contains(mine)
            // No definition that names it is agreed by this version.
            case .handling: false
            }
        guard isAllowed else {
            throw Refusal(
                .unauthorised,
                field: field,
                "\(mine) may not write this field now: its authority is \(authority.name)"
            )
        }
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
        let members = Set(parties + [me.member]).sorted()
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
