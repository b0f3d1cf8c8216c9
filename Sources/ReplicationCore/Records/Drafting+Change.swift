import AllianceModel

extension Drafting {
    func change(
        _ request: ChangeRequest,
        _ view: RecordView,
        seen: RecordView
    )
        throws(Refusal) -> ChangeDraft
    {
        var writes: [Write] = []
        // A move is judged first: whether the mover has the turn decides about its fields too.
        if request.stage != nil || request.holder != nil {
            writes += try move(request, view, seen)
        }
        for given in request.fields {
            if let write = try fieldWrite(given, view, seen) { writes.append(write) }
        }
        guard !writes.isEmpty else {
            throw Refusal(.malformed, "the change holds nothing to write")
        }
        return split(writes, parties: view.parties)
    }

    private func fieldWrite(
        _ given: FieldRequest,
        _ view: RecordView,
        _ seen: RecordView
    )
        throws(Refusal) -> Write?
    {
        if given.name == SystemField.parties || given.name == SystemField.handling {
            throw Refusal(
                .fieldUnknown,
                field: given.name,
                "this version sets it at creation only"
            )
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
        if field.isRequired, value == .single(.cleared) {
            throw Refusal(.fieldInvalid, field: field.name, "this field is required")
        }
        try authorise(
            field.authority,
            scope: field.scope,
            field: field.name,
            holder: view.holder,
            parties: view.parties
        )
        if value == .elements(add: [], remove: []) { return nil }
        let ground = field.authority == .holder ? view.custody.ground : nil
        return next(field.name, value, ground: ground, view, seen)
    }

    // MARK: Moves

    private func move(
        _ request: ChangeRequest,
        _ view: RecordView,
        _ seen: RecordView
    )
        throws(Refusal) -> [Write]
    {
        guard let workflow = definition.workflow, let holder = view.holder else {
            throw Refusal(
                .transitionRefused,
                "item \(definition.item) has no workflow: its records are no cases"
            )
        }
        guard let stage = view.stage else {
            throw Refusal(.transitionRefused, "the stage of this case has not arrived here yet")
        }
        var writes: [Write] = []
        let ground = view.custody.ground
        if let to = request.stage {
            let transition = try transition(workflow, from: stage, to: to, holder: holder, view)
            if request.holder != nil, !transition.hand {
                throw Refusal(
                    .transitionRefused,
                    field: "holder",
                    "the move from \(stage) to \(to) does not hand the case over"
                )
            }
            let value = WriteValue.single(.text(to))
            writes.append(next(SystemField.stage, value, ground: ground, view, seen))
        }
        if let to = request.holder {
            try requireHandOver(workflow, from: stage, to: to, holder: holder, request, view)
            let value = WriteValue.single(.member(to))
            writes.append(next(SystemField.turn, value, ground: ground, view, seen))
        }
        return writes
    }

    private func transition(
        _ workflow: Workflow,
        from stage: Text,
        to next: Text,
        holder: MemberCode,
        _ view: RecordView
    ) throws(Refusal) -> Transition {
        guard let transition = workflow.transition(from: stage, to: next) else {
            let possible = workflow.transitions(from: stage).map(\.to.string)
            throw Refusal(
                .transitionRefused,
                field: "to",
                possible.isEmpty
                    ? "the case is at \(stage), from which there is no move"
                    : "the case is at \(stage), from which it moves to "
                        + possible.joined(separator: " or ")
            )
        }
        do {
            try authorise(
                transition.by,
                scope: definition.widestScope,
                field: "to",
                holder: holder,
                parties: view.parties
            )
        } catch {
            guard transition.by == .holder else { throw error }
            throw notHolder(holder)
        }
        return transition
    }

    /// Handing over is the present holder's; without a move it needs one from here that hands over,
    /// which home does not need.
    private func requireHandOver(
        _ workflow: Workflow,
        from stage: Text,
        to next: MemberCode,
        holder: MemberCode,
        _ request: ChangeRequest,
        _ view: RecordView
    ) throws(Refusal) {
        guard me.member == holder else { throw notHolder(holder) }
        if request.stage == nil, me.member != home,
            !workflow.transitions(from: stage).contains(where: \.hand)
        {
            throw Refusal(
                .transitionRefused,
                field: "holder",
                "no move from \(stage) hands the case over"
            )
        }
        guard view.parties.contains(next) else {
            throw Refusal(
                .transitionRefused,
                field: "holder",
                "\(next) is not a party of this case"
            )
        }
    }

    private func notHolder(_ holder: MemberCode) -> Refusal {
        Refusal(.transitionRefused, "\(holder) holds this case now, not \(me.member)")
    }

    // MARK: Writes

    /// The next write of this member to a field: its context and what it saw standing but not shown
    /// are those of what the client had seen.
    private func next(
        _ field: Text,
        _ value: WriteValue,
        ground: Dot?,
        _ view: RecordView,
        _ seen: RecordView
    ) -> Write {
        let applied = view.state.field(field)?.applied ?? CausalContext()
        var sight = Sight()
        if let seenField = seen.state.field(field) {
            var lost: [Dot] = []
            if case .single = value, let shown = seen.shown(seenField) {
                lost = seenField.standing.map(\.dot).filter { $0 != shown.dot }
            }
            sight = Sight(of: seenField, lost: lost)
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
}
