import AllianceModel

/// Every applied write with its verdict.
struct Judged {
    let given: Given
    let genuine: Genuine
    let custody: Custody
    private(set) var verdicts: [ModelWriteID: ModelVerdict]

    init(given: Given, genuine: Genuine, custody: Custody) {
        self.given = given
        self.genuine = genuine
        self.custody = custody
        verdicts = genuine.nothing
        for field in Set(genuine.writes.keys.map(\.field)) { decide(genuine.of(field)) }
    }

    func valid(_ field: Text) -> [ModelWrite] {
        genuine.of(field).filter { verdicts[$0.id] == .valid }
    }

    /// The siblings: "the writes of a field that no valid write's context covers".
    func siblings(_ field: Text) -> [ModelWrite] {
        let valid = valid(field)
        return valid.filter { write in !valid.contains { $0.covers(write) } }
    }

    /// One field's writes, each after those that it had seen.
    ///
    /// Where lies of a gone incarnation have seen each other in a circle, the earliest goes first as
    /// if it had seen none of them.
    private mutating func decide(_ writes: [ModelWrite]) {
        var undecided = writes.sorted { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
        while let first = undecided.first {
            let next = undecided.first { write in !undecided.contains(where: write.covers) }
            let write = next ?? first
            verdicts[write.id] = verdict(write)
            undecided.removeAll { $0.id == write.id }
        }
    }

    /// What it had seen and is decided, and valid.
    private func seen(_ write: ModelWrite) -> [ModelWrite] {
        genuine.of(write.field).filter { verdicts[$0.id] == .valid && write.covers($0) }
    }

    private func verdict(_ write: ModelWrite) -> ModelVerdict {
        switch write.field {
        case ModelField.turn: return turnVerdict(write)
        case ModelField.stage: return stageVerdict(write)
        case ModelField.parties:
            return isHome(write) || write.dot.member == given.accepting ? .valid : .unauthorised
        case ModelField.handling, ModelField.deletion:
            return isHome(write) ? .valid : .unauthorised
        default: break
        }
        guard let field = given.record.definition.field(write.field) else { return .unauthorised }
        if case .ruling = write.value { return isHome(write) ? .valid : .unauthorised }
        let verdict = verdict(write, under: field.authority)
        guard verdict == .valid else { return verdict }
        return field.merge == .once && !seen(write).isEmpty ? .alreadySet : .valid
    }

    private func isHome(_ write: ModelWrite) -> Bool { write.dot.member == given.home }

    // MARK: authority

    private func verdict(_ write: ModelWrite, under authority: Authority) -> ModelVerdict {
        let writer = write.dot.member
        switch authority {
        case .any:
            let isOpen = given.scope(of: write.field) != .parties
            if isOpen || custody.everParties.contains(writer) { return .valid }
            return given.isAdditionDoubtful ? .groundGone : .unauthorised
        case .home: return writer == given.home ? .valid : .unauthorised
        case .accepting: return writer == given.accepting ? .valid : .unauthorised
        case .members(let codes): return codes.contains(writer) ? .valid : .unauthorised
        case .holder: return grounded(write, in: ModelField.turn, custody.position(ofTurn:))
        case .handling:
            return grounded(write, in: ModelField.handling, custody.position(ofAssignment:))
        }
    }

    /// Judged by the turn or assignment that the writer stood on.
    private func grounded(
        _ write: ModelWrite,
        in field: Text,
        _ position: (ModelDot?) -> Int?
    ) -> ModelVerdict {
        if let ground = write.ground, !genuine.isApplied(field, ground) { return .groundGone }
        guard let named = custody.named(by: write.ground, in: field),
            let own = position(write.ground)
        else { return .overruled }
        guard named == write.dot.member else { return .unauthorised }
        // "a write whose context names another's write made on a later turn (or assignment)"
        let hasSeenLater = seen(write).contains {
            $0.dot.member != write.dot.member && (position($0.ground) ?? 0) > own
        }
        return hasSeenLater ? .unauthorised : .valid
    }

    // MARK: turns and stages

    private func turnVerdict(_ write: ModelWrite) -> ModelVerdict {
        if custody.chain.contains(where: { $0.dot == write.dot }) { return .valid }
        if let ground = write.ground, !genuine.isApplied(ModelField.turn, ground) {
            return .groundGone
        }
        guard !isHome(write), let named = custody.named(by: write.ground, in: ModelField.turn)
        else { return .overruled }
        return named == write.dot.member ? .overruled : .unauthorised
    }

    private func stageVerdict(_ write: ModelWrite) -> ModelVerdict {
        guard let workflow = given.workflow, case .stage(let to) = write.value else {
            return .unauthorised
        }
        if let ground = write.ground, !genuine.isApplied(ModelField.turn, ground) {
            return .groundGone
        }
        guard custody.position(ofTurn: write.ground) != nil else { return .overruled }
        if isBeginningUnknown(write) {
            let moves = workflow.transitions.filter { $0.to == to }
            return moves.contains { verdict(write, moving: $0) == .valid } ? .valid : .unauthorised
        }
        // The move began where the case stood for the one who made it.
        let before = shownStage(among: uncovered(seen(write)))?.stage
        if before == nil, to == workflow.initialStage {
            // The creation says where the case begins.
            return write.dot.member == given.accepting ? .valid : .unauthorised
        }
        guard let from = before ?? workflow.initialStage,
            let move = workflow.transition(from: from, to: to)
        else { return .unauthorised }
        return verdict(write, moving: move)
    }

    private func verdict(_ write: ModelWrite, moving move: Transition) -> ModelVerdict {
        if move.by == .holder { return verdict(write, under: .holder) }
        return mayMove(write, by: move.by) ? .valid : .unauthorised
    }

    /// Whether a move was made on one that is lost, or nothing to anybody: where it began cannot be
    /// told, and its writer need not have lied.
    private func isBeginningUnknown(_ write: ModelWrite) -> Bool {
        write.context.contains { writer, number in
            let known = genuine.of(write.field).filter {
                $0.dot.writer == writer && $0.dot.number <= number
            }
            return UInt64(known.count) < number
        }
    }

    /// The ground of a move is a turn, so of `handling` it cannot name the assignment: who ever
    /// validly handled may move.
    private func mayMove(_ write: ModelWrite, by authority: Authority) -> Bool {
        guard authority == .handling else { return verdict(write, under: authority) == .valid }
        return isHome(write)
            || custody.assignments.contains { $0.value == .member(write.dot.member) }
    }

    private func uncovered(_ writes: [ModelWrite]) -> [ModelWrite] {
        writes.filter { write in !writes.contains { $0.covers(write) } }
    }

    /// The stage of several: "the one made in the latest turn of the custody chain, then the further stage, then the later".
    func shownStage(among writes: [ModelWrite]) -> (write: ModelWrite, stage: Text)? {
        let ranked = writes.compactMap { write -> (write: ModelWrite, stage: Text)? in
            guard case .stage(let stage) = write.value else { return nil }
            return (write, stage)
        }
        return ranked.max { left, right in
            let turns = [left, right].map { custody.position(ofTurn: $0.write.ground) ?? -1 }
            if turns[0] != turns[1] { return turns[0] < turns[1] }
            let stages = [left, right].map { given.workflow?.position(of: $0.stage) ?? -1 }
            if stages[0] != stages[1] { return stages[0] < stages[1] }
            return given.isEarlier(left.write, right.write)
        }
    }
}
