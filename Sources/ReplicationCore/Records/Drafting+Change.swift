import AllianceModel

/// What a change is drafted on: the record as the node has it, as the client had seen it, and what
/// earlier writes of the same change make of it.
struct DraftGround {
    let view: RecordView
    private(set) var seen: RecordView
    let rights: Rights
    /// The turn that its writer stands on: the present one, or a claw-back in the same change.
    var turn: Dot?
    var holder: MemberCode?
    /// The parties as they are after the change.
    var parties: [MemberCode]

    init(_ view: RecordView, _ seen: RecordView) {
        self.view = view
        self.seen = seen
        rights = Rights(view.state)
        turn = view.custody.ground
        holder = view.holder
        parties = view.parties
    }

    /// A move goes by what the node has now, and so its context says: from which stage it began is
    /// judged by what it had seen.
    var present: DraftGround {
        var present = self
        present.seen = view
        return present
    }
}

extension Drafting {
    func change(
        _ request: ChangeRequest,
        _ view: RecordView,
        seen: RecordView
    )
        throws(Refusal) -> ChangeDraft
    {
        var ground = DraftGround(view, seen)
        if request.isDeletion { return try deletion(request, ground) }
        if view.isDeleted, definition.deletion == .final {
            throw Refusal(.unauthorised, "this record was deleted for good")
        }
        var writes: [Write] = []
        // Who is a party is settled first, then a move: whether the mover has the turn decides about
        // its fields too.
        if let given = request.fields.first(where: { $0.name == SystemField.parties }) {
            if let write = try partiesWrite(given, request, &ground) { writes.append(write) }
        }
        if request.stage != nil || request.holder != nil {
            writes += try move(request, &ground)
        }
        for given in request.fields where given.name != SystemField.parties {
            let write =
                given.name == SystemField.handling
                ? try handlingWrite(given, ground) : try fieldWrite(given, request, ground)
            if let write { writes.append(write) }
        }
        guard !writes.isEmpty else {
            throw Refusal(.malformed, "the change holds nothing to write")
        }
        return split(writes, parties: audience(of: writes, ground))
    }

    /// Whom a parties changeset goes to: the parties after the change, and a withdrawal in it also
    /// those whom it withdraws.
    private func audience(of writes: [Write], _ ground: DraftGround) -> [MemberCode] {
        let isInParties =
            definition.widestScope == .parties
            && writes.contains { $0.field == SystemField.parties }
        return isInParties ? ground.parties + ground.view.parties : ground.parties
    }

    // MARK: Fields

    private func fieldWrite(
        _ given: FieldRequest,
        _ request: ChangeRequest,
        _ ground: DraftGround
    )
        throws(Refusal) -> Write?
    {
        if given.name.utf8.first == UInt8(ascii: "@") {
            throw Refusal(.fieldUnknown, field: given.name, "this field is not written by itself")
        }
        let field = try definedField(given.name)
        if case .set(.set) = given.change {
            throw Refusal(
                .fieldInvalid,
                field: field.name,
                "a set is changed by the elements to add and to remove"
            )
        }
        let value = try value(given.change, for: field)
        let stand = try self.ground(of: field, value, ground)
        if value == .elements(add: [], remove: []) { return nil }
        if case .once = field.merge, case .single(let single) = value {
            guard try mayBeSet(field, single, ground.seen) else { return nil }
        }
        let isBlind = field.type == .counter && !request.isResolution
        return next(field.name, value, on: stand, ground, isBlind: isBlind)
    }

    /// What the write stands on; refused where its verdict would be void.
    private func ground(
        of field: FieldDefinition,
        _ value: WriteValue,
        _ ground: DraftGround
    )
        throws(Refusal) -> Dot?
    {
        if case .ruling = value {
            guard me.member == home else {
                throw Refusal(
                    .unauthorised,
                    field: field.name,
                    "only \(home), the record's home, rules on a field that is set once"
                )
            }
            return nil
        }
        switch field.authority {
        case .holder:
            guard me.member == ground.holder else {
                throw unauthorised(field.name, field.authority)
            }
            return ground.turn
        case .handling:
            guard me.member == ground.view.handler else {
                throw unauthorised(field.name, field.authority)
            }
            return ground.view.assignment
        case .any where field.scope == .parties && !ground.parties.contains(me.member):
            throw unauthorised(field.name, field.authority)
        case .any, .home, .accepting, .members:
            guard ground.rights.isAllowed(me.member, field.authority, field.scope) else {
                throw unauthorised(field.name, field.authority)
            }
            return nil
        }
    }

    /// False if there is nothing to write.
    private func mayBeSet(
        _ field: FieldDefinition,
        _ value: FieldValue,
        _ seen: RecordView
    )
        throws(Refusal) -> Bool
    {
        guard seen.state.field(field.name)?.standing.isEmpty ?? true else {
            throw Refusal(
                .alreadySet,
                field: field.name,
                "this field is set once; only a ruling of \(home), the record's home, changes it"
            )
        }
        return value != .cleared
    }

    // MARK: Parties and handling

    private func partiesWrite(
        _ given: FieldRequest,
        _ request: ChangeRequest,
        _ ground: inout DraftGround
    )
        throws(Refusal) -> Write?
    {
        let invalid = { (detail: String) in Refusal(.fieldInvalid, field: given.name, detail) }
        guard case .elements(let add, let remove) = given.change else {
            throw invalid("the parties are changed by the members to add and to remove")
        }
        guard definition.widestScope != .private else {
            throw invalid(
                "item \(definition.item) shares no field, so its records have no parties"
            )
        }
        guard ground.rights.mayChangeParties(me.member) else {
            throw Refusal(
                .unauthorised,
                field: given.name,
                "only home (\(home)) and accepting (\(origin)) change the parties"
            )
        }
        let removed = Set(FieldValue.members(remove))
        if let always = removed.intersection([home, origin]).min() {
            throw invalid("\(always) is always a party: it is home or accepting")
        }
        if let holder = ground.holder, removed.contains(holder), request.holder == nil {
            throw invalid("\(holder) holds the case now; it is handed on before it is withdrawn")
        }
        if removed.contains(ground.view.handler) {
            throw invalid("\(ground.view.handler) handles the case now")
        }
        let added = add.filter { $0 != .member(home) && $0 != .member(origin) }
        ground.parties = Set(ground.parties).subtracting(removed)
            .union(FieldValue.members(added)).sorted()
        guard !added.isEmpty || !remove.isEmpty else { return nil }
        let value = try elements(added, remove, of: .set(of: .member), given.name)
        return next(given.name, value, on: nil, ground)
    }

    private func handlingWrite(
        _ given: FieldRequest,
        _ ground: DraftGround
    )
        throws(Refusal) -> Write?
    {
        guard me.member == home else { throw unauthorised(given.name, .home) }
        let value: FieldValue
        switch given.change {
        case .set(.member(let member)):
            guard ground.parties.contains(member) || definition.widestScope == .private else {
                throw Refusal(
                    .fieldInvalid,
                    field: given.name,
                    "\(member) is not a party of this record"
                )
            }
            value = .member(member)
        case .set(nil), .set(.cleared): value = .cleared
        default:
            throw Refusal(.fieldInvalid, field: given.name, "a member handles it, or null: home")
        }
        return next(given.name, .single(value), on: nil, ground)
    }

    // MARK: Deletion

    private func deletion(
        _ request: ChangeRequest,
        _ ground: DraftGround
    )
        throws(Refusal) -> ChangeDraft
    {
        guard request.fields.isEmpty, request.stage == nil, request.holder == nil else {
            throw Refusal(.malformed, "a deletion changes nothing else")
        }
        guard me.member == home else {
            throw Refusal(
                .unauthorised,
                "only \(home), the record's home, deletes it"
            )
        }
        let widest = definition.widestScope
        let sights = ground.seen.state.fields.compactMap { field -> FieldSight? in
            guard field.name != SystemField.delete, definition.scope(of: field.name) == widest
            else { return nil }
            let seen = Sight(of: field, lost: []).context
            return seen.isEmpty ? nil : FieldSight(field: field.name, seen: seen)
        }
        let write = next(SystemField.delete, .deletion(sights), on: nil, ground)
        return split([write], parties: ground.parties)
    }

    // MARK: Writes

    /// The next write of this member to a field: its context and what it saw standing but not shown
    /// are those of what the client had seen.
    ///
    /// A blind one, an addition, says nothing of that: it counts whatever others added.
    func next(
        _ field: Text,
        _ value: WriteValue,
        on ground: Dot?,
        _ draft: DraftGround,
        isBlind: Bool = false
    ) -> Write {
        let applied = draft.view.state.field(field)?.applied ?? CausalContext()
        var sight = Sight()
        if !isBlind, let seenField = draft.seen.state.field(field) {
            sight = Sight(of: seenField, lost: lost(seenField, draft.seen))
        }
        return write(
            field,
            value,
            number: applied.number(of: me) + 1,
            context: sight.context,
            lost: sight.lost,
            ground: ground
        )
    }

    /// What stood without being shown; under review, and of sets and counters, all is shown.
    private func lost(_ field: FieldState, _ seen: RecordView) -> [Dot] {
        switch definition.field(field.name)?.merge {
        case .review, .union, .sum: return []
        case nil where field.name == SystemField.parties || field.name == SystemField.delete:
            return []
        default: break
        }
        guard field.standing.count > 1, let shown = seen.shown(field) else { return [] }
        return field.standing.map(\.dot).filter { $0 != shown.dot }
    }
}

extension FieldValue {
    static func members(_ values: [FieldValue]) -> [MemberCode] {
        values.compactMap { if case .member(let member) = $0 { member } else { nil } }
    }
}
