import AllianceModel

/// Moves of a case: from stage to stage, from holder to holder, and back to home by a claw-back.
extension Drafting {
    func move(_ request: ChangeRequest, _ ground: inout DraftGround) throws(Refusal) -> [Write] {
        guard let workflow = definition.workflow, let holder = ground.holder else {
            throw Refusal(
                .transitionRefused,
                "item \(definition.item) has no workflow: its records are no cases"
            )
        }
        guard let stage = ground.view.stage else {
            throw Refusal(.transitionRefused, "the stage of this case has not arrived here yet")
        }
        guard me.member != home || me.member == holder || !clawsBack(request, workflow, stage)
        else {
            return try clawBack(request, workflow, from: stage, &ground)
        }
        var writes: [Write] = []
        if let to = request.stage {
            let transition = try transition(workflow, from: stage, to: to, ground)
            if request.holder != nil, !transition.hand {
                throw Refusal(
                    .transitionRefused,
                    field: "holder",
                    "the move from \(stage) to \(to) does not hand the case over"
                )
            }
            let value = WriteValue.single(.text(to))
            writes.append(next(SystemField.stage, value, on: ground.turn, ground.present))
        }
        if let to = request.holder {
            try requireHandOver(workflow, from: stage, to: to, holder: holder, request, ground)
            let value = WriteValue.single(.member(to))
            writes.append(next(SystemField.turn, value, on: ground.turn, ground.present))
        }
        return writes
    }

    // MARK: Claw-back

    /// Whether home, which does not hold the case, takes it: it names a holder, or makes a move that
    /// is the holder's.
    private func clawsBack(_ request: ChangeRequest, _ workflow: Workflow, _ stage: Text) -> Bool {
        if request.holder != nil { return true }
        guard let to = request.stage else { return false }
        return workflow.transition(from: stage, to: to)?.by == .holder
    }

    /// Home's turn on the present one: what comes with it is judged on that new turn.
    private func clawBack(
        _ request: ChangeRequest,
        _ workflow: Workflow,
        from stage: Text,
        _ ground: inout DraftGround
    )
        throws(Refusal) -> [Write]
    {
        let holder = request.holder ?? home
        try requireParty(holder, ground)
        let turn = next(
            SystemField.turn,
            .single(.member(holder)),
            on: ground.turn,
            ground.present
        )
        ground.turn = turn.dot
        ground.holder = holder
        guard let to = request.stage else { return [turn] }
        _ = try transition(workflow, from: stage, to: to, ground)
        let value = WriteValue.single(.text(to))
        return [turn, next(SystemField.stage, value, on: turn.dot, ground.present)]
    }

    // MARK: Rules

    private func transition(
        _ workflow: Workflow,
        from stage: Text,
        to next: Text,
        _ ground: DraftGround
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
        switch transition.by {
        case .holder:
            guard me.member == ground.holder else { throw notHolder(ground.holder) }
        case .handling:
            guard ground.rights.handling.everNamed(me.member) else {
                throw unauthorised("to", transition.by)
            }
        case .any, .home, .accepting, .members:
            let scope = definition.widestScope
            guard ground.rights.isAllowed(me.member, transition.by, scope) else {
                throw unauthorised("to", transition.by)
            }
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
        _ ground: DraftGround
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
        try requireParty(next, ground)
    }

    private func requireParty(_ member: MemberCode, _ ground: DraftGround) throws(Refusal) {
        guard ground.parties.contains(member) else {
            throw Refusal(
                .transitionRefused,
                field: "holder",
                "\(member) is not a party of this case"
            )
        }
    }

    private func notHolder(_ holder: MemberCode?) -> Refusal {
        Refusal(
            .transitionRefused,
            "\(holder?.string ?? "nobody") holds this case now, not \(me.member)"
        )
    }
}
