package import AllianceModel

extension JudgedHistory {
    /// Every conflict within the record that the viewer may see, open or not, sorted by id.
    ///
    /// A closed one keeps the id that it had while its values stood. `viewer`: as of `RecordView`.
    package func conflicts(_ hash: HashFunction, viewer: MemberCode? = nil) -> [Conflict] {
        let view = RecordView(state, definition, viewer: viewer)
        var found: [Text: Conflict] = [:]
        for field in fields where view.shows(field.name) {
            for conflict in closed(field, view, hash) { found[conflict.id] = conflict }
        }
        // What is open stays so: a write may have seen the same values and be void itself.
        for field in state.fields where view.shows(field.name) {
            let standing = view.standing(field, hash).map { [$0] } ?? []
            for conflict in standing + view.voidConflicts(field, hash) {
                found[conflict.id] = conflict
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// What a later write decided knowingly, and what was replaced of an incarnation that is lost.
    private func closed(
        _ field: JudgedField,
        _ view: RecordView,
        _ hash: HashFunction
    ) -> [Conflict] {
        guard let state = state.field(field.name) else { return [] }
        let valid = field.writes.filter { $0.verdict == nil }.map(\.copy)
        let isReview = field.rule.register == .review
        var conflicts: [Conflict] = []
        var listed: Set<Dot> = []
        for copy in valid where !copy.write.lost.isEmpty || isReview {
            let standing = field.rule.register.hasSiblings ? copy.standing(among: valid) : []
            let dots = Set(standing.map(\.dot)).union(copy.write.lost)
            listed.formUnion(copy.write.lost)
            let values = Conflict.Value.merging(dots.sorted().map { value($0, in: field) })
            guard values.count > 1 || !isReview else { continue }
            conflicts.append(
                view.conflict(
                    isReview ? .review : .concurrent,
                    field.name,
                    dots: Array(dots),
                    values,
                    isOpen: false,
                    hash
                )
            )
        }
        // Of an incarnation that is gone, or in a forked feed: who replaced it may not have seen it.
        for dot in state.lost where !listed.contains(dot) {
            conflicts.append(
                view.conflict(
                    .concurrent,
                    field.name,
                    dots: [dot],
                    [value(dot, in: field)],
                    isOpen: false,
                    hash
                )
            )
        }
        return conflicts
    }

    /// A dot that nobody has any more is shown as that: without a value.
    private func value(_ dot: Dot, in field: JudgedField) -> Conflict.Value {
        let judged = field.writes.first { $0.copy.dot == dot }
        return Conflict.Value(
            value: judged.flatMap { ValueCoding.decode($0.copy.write.value) },
            dot: dot,
            writer: dot.writer.member,
            timestamp: judged?.copy.timestamp,
            isShown: false,
            verdict: judged?.verdict
        )
    }

    // MARK: History

    /// Every write that was taken in and that the viewer may see, void ones included, oldest first.
    package func lines(viewer: MemberCode? = nil) -> [HistoryLine] {
        let view = RecordView(state, definition, viewer: viewer)
        return fields.filter { view.shows($0.name) }.flatMap { field in
            let places = Places(field, view)
            return field.writes.map { judged in
                let write = judged.copy.write
                let isValid = judged.verdict == nil
                return HistoryLine(
                    field: field.name,
                    value: ValueCoding.decode(write.value),
                    dot: write.dot,
                    timestamp: judged.copy.timestamp,
                    seen: write.context,
                    ground: write.ground,
                    verdict: judged.verdict,
                    isShown: isValid && places.shown.contains(write.dot),
                    isStanding: isValid && places.standing.contains(write.dot),
                    isRuling: write.value.isRuling
                )
            }
        }
        .sorted { ($0.timestamp, $0.field, $0.dot) < ($1.timestamp, $1.field, $1.dot) }
    }

    /// Which dots of a field stand, and which are shown.
    private struct Places {
        var standing: Set<Dot>
        var shown: Set<Dot>

        init(_ field: JudgedField, _ view: RecordView) {
            let state = view.state.field(field.name)
            standing = Set(state?.standing.map(\.dot) ?? [])
            switch field.rule.register {
            case .review, .union, .parties, .deletion: shown = standing
            case .sum:
                shown = Set(state.map { Additions($0).counted.map(\.write.dot) } ?? [])
            case .turn:
                shown = Set(view.custody.chain.map(\.dot))
                standing = shown
            default: shown = Set(state.flatMap { view.shown($0) }.map { [$0.dot] } ?? [])
            }
        }
    }
}

extension WriteCopy {
    /// The writes that stood for its writer: those it had seen, less those that one of these had seen.
    fileprivate func standing(among valid: [WriteCopy]) -> [WriteCopy] {
        let seen = valid.filter { write.context.contains($0.dot) }
        let covered = seen.reduce(into: CausalContext()) { $0.formUnion($1.write.context) }
        return seen.filter { !covered.contains($0.dot) }
    }
}
