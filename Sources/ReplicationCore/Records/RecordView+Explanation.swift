import AllianceModel

extension RecordView {
    /// Why the record looks as it does, line by line: who holds it and why, then field by field who
    /// wrote what is shown, by which rule, and what counts for nothing.
    ///
    /// `conflicts`: the record's, as `conflicts(_:)` or `JudgedHistory.conflicts(_:)` gives them.
    package func explanation(_ conflicts: [Conflict]) -> Explanation {
        var lines = [origin()]
        if isDeleted { lines.append(deletion()) }
        lines += custodyLines()
        if let handling = handlingLine() { lines.append(handling) }
        let byField = Dictionary(grouping: conflicts) { $0.field }
        for conflict in byField[nil] ?? [] where conflict.isOpen {
            lines.append(collision(conflict))
        }
        for field in state.fields where Self.isExplained(field.name) && shows(field.name) {
            lines += self.lines(of: field, byField[field.name] ?? [])
        }
        return Explanation(lines: lines.filter { shows($0.field) })
    }

    /// Turns and deletions are told of the record as a whole.
    private static func isExplained(_ field: Text) -> Bool {
        field != SystemField.turn && field != SystemField.delete
    }

    private func line(_ text: String) -> Explanation.Line { line(nil, nil, text) }

    private func line(
        _ field: Text?,
        _ value: WriteValue?,
        _ text: String,
        _ conflict: Text? = nil
    ) -> Explanation.Line {
        Explanation.Line(field: field, value: value, text: Text(text), conflict: conflict)
    }

    // MARK: The record

    private func origin() -> Explanation.Line {
        let what = definition.workflow == nil ? "record" : "case"
        let origin = state.key.origin
        let home = state.header.home
        let whose = home == origin ? "it is its own" : "its home is \(home)"
        let added = addedParties.map(\.string)
        let others = added.isEmpty ? "" : "; shared with \(added.joined(separator: ", "))"
        return line(
            "a \(what) of item \(definition.item), taken in by \(origin); \(whose)\(others)"
        )
    }

    private func deletion() -> Explanation.Line {
        let rule =
            definition.deletion == .final
            ? "for good"
            : "until somebody writes what the deletion had not seen"
        return line("\(state.header.home), its home, deleted it: \(rule)")
    }

    /// Records that collide, this one among them.
    private func collision(_ conflict: Conflict) -> Explanation.Line {
        let owner = conflict.owner?.string ?? "home"
        let others = conflict.values.count - 1
        let what =
            others == 1 ? "another record collides with it" : "\(others) records collide with it"
        return line(nil, nil, "\(what), until \(owner) closes one: \(conflict.rule)", conflict.id)
    }

    private func custodyLines() -> [Explanation.Line] {
        guard definition.workflow != nil else { return [] }
        guard let last = custody.chain.last else {
            return [line("\(custody.holder) holds it, who took it in; nobody handed it on")]
        }
        var lines = [
            line("\(last.holder) holds it: \(handOver(last)), turn \(custody.chain.count)")
        ]
        let voids = state.field(SystemField.turn)?.voids ?? []
        for void in voids {
            lines.append(
                line(
                    SystemField.turn,
                    ValueCoding.decode(void.value[...]),
                    "\(void.dot.writer.member) handed it over as well, which counts for nothing: "
                        + words(void.verdict, SystemField.turn)
                )
            )
        }
        return lines
    }

    private func handOver(_ turn: Turn) -> String {
        let writer = turn.dot.writer.member
        let before =
            custody.chain.dropLast().last?.holder ?? state.key.origin
        guard writer == before else { return "\(writer), its home, took it back from \(before)" }
        return "\(writer) handed it over"
    }

    private func handlingLine() -> Explanation.Line? {
        guard let assignment else { return nil }
        return line("\(handler) handles it: \(assignment.writer.member), its home, assigned it")
    }

    // MARK: Fields

    private func lines(of field: FieldState, _ conflicts: [Conflict]) -> [Explanation.Line] {
        var lines = shownLines(field, conflicts)
        for conflict in conflicts where conflict.kind.isVerdict {
            guard let void = conflict.values.first else { continue }
            let seen = conflict.isOpen ? "" : "; somebody wrote since, having seen it"
            lines.append(
                line(
                    field.name,
                    void.value,
                    "written by \(void.writer), counts for nothing: \(conflict.rule)\(seen)",
                    conflict.id
                )
            )
        }
        // What becomes of additions is told with their total.
        let kept = conflicts.filter { !$0.isOpen && !$0.kind.isVerdict && $0.kind != .overrun }
        for conflict in kept {
            lines.append(
                line(
                    field.name,
                    nil,
                    (conflict.values.count == 1
                        ? "a value that was replaced unseen is in the journal"
                        : "\(conflict.values.count) values that stood beside each other were decided "
                            + "by a later write; they are in the journal"),
                    conflict.id
                )
            )
        }
        return lines
    }

    private func shownLines(_ field: FieldState, _ conflicts: [Conflict]) -> [Explanation.Line] {
        switch definition.field(field.name)?.merge {
        case .sum(let limit): return [sumLine(field, limit, conflicts)]
        case .union: return [setLine(field)]
        case nil where field.name == SystemField.parties: return [setLine(field)]
        case .review:
            let open = conflicts.first { $0.kind == .review && $0.isOpen }
            if let open { return [reviewLine(field, open)] }
        default: break
        }
        guard let shown = shown(field) else { return [] }
        let open = conflicts.first { $0.kind == .concurrent && $0.isOpen }
        var text = "\(shown.dot.writer.member) wrote it\(standing(field.name, shown))"
        if shown.isRuling { text = "\(shown.dot.writer.member), its home, ruled it" }
        if let open {
            let others = open.values.count - 1
            text +=
                others == 1
                ? "; beside it stands another value" : "; beside it stand \(others) others"
            text += ": \(open.rule)"
        }
        return [line(field.name, ValueCoding.decode(shown.value[...]), text, open?.id)]
    }

    /// On which turn, where that decides.
    private func standing(_ field: Text, _ write: StandingWrite) -> String {
        let byTurn = field == SystemField.stage || definition.field(field)?.authority == .holder
        guard byTurn, definition.workflow != nil else { return "" }
        return ", on turn \(max(custody.position(of: write.ground), 0)) of the case"
    }

    private func reviewLine(_ field: FieldState, _ conflict: Conflict) -> Explanation.Line {
        let owner = conflict.owner?.string ?? "nobody"
        return line(
            field.name,
            nil,
            "\(conflict.values.count) values wait for a decision of \(owner): \(conflict.rule)",
            conflict.id
        )
    }

    private func setLine(_ field: FieldState) -> Explanation.Line {
        let writers = Set(field.standing.map(\.dot.writer.member)).sorted().map(\.string)
        return line(
            field.name,
            .elements(add: field.elements, remove: []),
            writers.isEmpty
                ? "nothing is left in it" : "added by \(writers.joined(separator: ", "))"
        )
    }

    private func sumLine(
        _ field: FieldState,
        _ limit: Int64?,
        _ conflicts: [Conflict]
    ) -> Explanation.Line {
        let additions = Additions(field)
        let again = field.standing.count - additions.counted.count
        let count = additions.counted.count
        var text = "the total of \(count == 1 ? "1 addition" : "\(count) additions")"
        if again > 0 { text += "; \(again) more are repetitions of these and count once" }
        let overrun = conflicts.first { $0.kind == .overrun }
        if let limit, let overrun {
            text += "; it is beyond the limit of \(limit)"
            text += overrun.isOpen ? ", which waits for a decision" : ", which was accepted"
        }
        return line(field.name, .single(.integer(additions.total)), text, overrun?.id)
    }

    private func words(_ verdict: Verdict, _ field: Text) -> String {
        ConflictKind(rawValue: verdict.rawValue).map { rule(of: $0, field).string }
            ?? verdict.rawValue
    }
}
