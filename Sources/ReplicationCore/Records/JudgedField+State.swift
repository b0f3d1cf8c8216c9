import AllianceModel

extension JudgedField {
    /// The register that the writes make, by the definitions and not by joining one after another.
    var state: FieldState {
        var state = FieldState(name)
        state.applied = applied
        let valid = writes.filter { $0.verdict == nil }.map(\.copy)
        let seen = valid.reduce(into: CausalContext()) { $0.formUnion($1.write.context) }
        var lost = Set(valid.flatMap(\.write.lost))
        switch rule.register {
        case .union, .parties:
            let standing = JudgedField.elements(valid)
            state.standing = standing.writes
            lost.formUnion(standing.reduced.filter(doubtful.contains))
        case .sum:
            state.standing = valid.map { StandingWrite(addition: $0) }
            state.reviewed = seen
        case .turn, .unsupported: break
        case .latest, .review, .maximum, .minimum, .once, .stage, .handling, .deletion:
            state.standing = valid.filter { !seen.contains($0.dot) }
                .map { StandingWrite($0) }
            lost.formUnion(
                valid.map(\.dot).filter { seen.contains($0) && doubtful.contains($0) }
            )
        }
        state.lost = lost.sorted()
        var voids: Set<VoidWrite> = []
        for judged in writes {
            guard let verdict = judged.verdict else { continue }
            var void = VoidWrite(judged.copy)
            void.verdict = verdict
            void.isCovered = seen.contains(void.dot)
            voids.insert(void)
        }
        state.voids = voids.sorted()
        return state
    }

    /// What is left of the additions to a set once those are taken away that a write naming the same
    /// element had seen; and the dots of those that lost some of theirs.
    private static func elements(
        _ valid: [WriteCopy]
    ) -> (writes: [StandingWrite], reduced: [Dot]) {
        var named: [FieldValue: CausalContext] = [:]
        var changes: [(copy: WriteCopy, add: [FieldValue])] = []
        for copy in valid {
            guard case .elements(let add, let remove) = ValueCoding.decode(copy.write.value) else {
                continue
            }
            for element in add + remove {
                named[element, default: CausalContext()].formUnion(copy.write.context)
            }
            changes.append((copy, add))
        }
        var reduced: [Dot] = []
        let standing = changes.compactMap { copy, add -> StandingWrite? in
            let left = add.filter { named[$0]?.contains(copy.dot) != true }
            if left.count < add.count { reduced.append(copy.dot) }
            guard !left.isEmpty else { return nil }
            var write = StandingWrite(copy)
            write.value = ValueCoding.encode(.elements(add: left, remove: []))
            return write
        }
        return (standing, reduced)
    }
}

extension StandingWrite {
    init(_ copy: WriteCopy) {
        self.init(
            dot: copy.dot,
            timestamp: copy.timestamp,
            effective: copy.effective,
            ground: copy.write.ground,
            value: copy.write.value.copied
        )
    }

    fileprivate init(addition copy: WriteCopy) {
        self.init(copy)
        requestID = copy.write.requestID
    }
}

extension VoidWrite {
    /// The verdict is still to be set.
    init(_ copy: WriteCopy) {
        self.init(
            dot: copy.dot,
            verdict: .forked,
            timestamp: copy.timestamp,
            ground: copy.write.ground,
            value: copy.write.value.copied
        )
    }
}
