import AllianceModel

/// One field's writes with their verdicts.
struct JudgedField {
    let name: Text
    let rule: FieldRules.Rule
    /// Sorted by dot; those of one dot by timestamp and value.
    private(set) var writes: [JudgedWrite] = []
    /// Those that are something to somebody, sorted by dot: one a dot.
    private(set) var undecided: [WriteCopy] = []
    private(set) var applied = CausalContext()
    /// Dots that were taken in and are nothing: forked, or numbered twice.
    private(set) var nothing: Set<Dot> = []
    /// Dots whose replacement may not have seen them (`Place.isDoubtful`).
    private(set) var doubtful: Set<Dot> = []

    init(name: Text, rule: FieldRules.Rule) {
        self.name = name
        self.rule = rule
    }

    /// Takes in every content of one dot, with what its place makes of it; dots in their order.
    mutating func take(_ copies: [WriteCopy: Place]) {
        guard let dot = copies.keys.first?.dot else { return }
        applied.insert(dot)
        let sound = copies.filter { $0.value.verdict == nil }.map(\.key)
        if copies.values.contains(where: \.isDoubtful) { doubtful.insert(dot) }
        if sound.count == 1 { undecided.append(sound[0]) } else { nothing.insert(dot) }
        let sorted = copies.sorted {
            ($0.key.timestamp, VoidWrite($0.key)) < ($1.key.timestamp, VoidWrite($1.key))
        }
        for (copy, place) in sorted where place.verdict != nil || sound.count > 1 {
            writes.append(JudgedWrite(copy: copy, verdict: place.verdict ?? .numberUsedTwice))
        }
    }

    // MARK: Deciding

    mutating func decide(_ rights: Rights, _ definition: ItemDefinition) {
        var decided: [JudgedWrite]
        switch rule.register {
        case .turn:
            decided = undecided.map { copy in
                JudgedWrite(copy: copy, verdict: turnVerdict(copy, rights))
            }
        case .parties:
            decided = undecided.map { copy in
                let isAllowed = rights.mayChangeParties(copy.dot.writer.member)
                return JudgedWrite(copy: copy, verdict: isAllowed ? nil : .unauthorised)
            }
        case .handling, .deletion:
            decided = undecided.map { copy in
                let isAllowed = copy.dot.writer.member == rights.home
                return JudgedWrite(copy: copy, verdict: isAllowed ? nil : .unauthorised)
            }
        case .once, .stage: decided = decideInOrder(rights, definition)
        case .latest, .review, .union, .sum, .maximum, .minimum, .unsupported:
            if rule.authority == .holder || rule.authority == .handling {
                decided = decideInOrder(rights, definition)
            } else {
                decided = undecided.map { copy in
                    JudgedWrite(copy: copy, verdict: verdict(copy, [], rights))
                }
            }
        }
        writes = (writes + decided).sorted { $0.copy.dot < $1.copy.dot }
    }

    /// Each write after those that it had seen.
    ///
    /// Where lies of an incarnation for which nobody waits have seen each other in a circle, the
    /// earliest goes first, as if it had seen none of them.
    private func decideInOrder(
        _ rights: Rights,
        _ definition: ItemDefinition
    ) -> [JudgedWrite] {
        var rest = undecided.sorted { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
        var waiting = Undecided(undecided)
        var decided: [JudgedWrite] = []
        decided.reserveCapacity(rest.count)
        var valid: [WriteCopy] = []
        while !rest.isEmpty {
            var later: [WriteCopy] = []
            for copy in rest {
                guard !waiting.isAnySeen(by: copy.write) else {
                    later.append(copy)
                    continue
                }
                decide(copy)
            }
            // Nothing moved: a circle.
            if later.count == rest.count { decide(later.removeFirst()) }
            rest = later
        }
        return decided

        func decide(_ copy: WriteCopy) {
            let verdict =
                rule.register == .stage
                ? moveVerdict(copy, valid, rights, definition)
                : verdict(copy, valid, rights)
            if verdict == nil { valid.append(copy) }
            decided.append(JudgedWrite(copy: copy, verdict: verdict))
            waiting.remove(copy.dot)
        }
    }

    /// `valid`: what is decided and valid, among it all that the write had seen.
    private func verdict(
        _ copy: WriteCopy,
        _ valid: [WriteCopy],
        _ rights: Rights
    ) -> Verdict? {
        let member = copy.dot.writer.member
        if rule.register == .once, copy.write.value.isRuling {
            return member == rights.home ? nil : .unauthorised
        }
        guard let authority = rule.authority else { return .unauthorised }
        var verdict: Verdict?
        if authority == .holder || authority == .handling {
            verdict = rights.verdict(
                of: member,
                on: rights.ground(copy.write.ground, rule.groundField)
            ) { position in
                hasSeenLater(copy, than: position, valid, rights)
            }
        } else if !rights.isAllowed(member, authority, rule.scope) {
            verdict = rights.refusal(authority)
        }
        guard verdict == nil, rule.register == .once else { return verdict }
        return valid.contains { copy.write.context.contains($0.dot) } ? .alreadySet : nil
    }

    /// Whether it had seen what another member validly wrote on a later turn or assignment.
    private func hasSeenLater(
        _ copy: WriteCopy,
        than position: Int,
        _ valid: [WriteCopy],
        _ rights: Rights
    ) -> Bool {
        let isHandling = rule.groundField == SystemField.handling
        let last = isHandling ? rights.handling.count : rights.custody.chain.count
        guard position < last else { return false }
        return valid.contains { other in
            let place =
                isHandling
                ? rights.handling.position(of: other.write.ground)
                : rights.custody.position(of: other.write.ground)
            return place > position && other.dot.writer.member != copy.dot.writer.member
                && copy.write.context.contains(other.dot)
        }
    }

    private func moveVerdict(
        _ copy: WriteCopy,
        _ valid: [WriteCopy],
        _ rights: Rights,
        _ definition: ItemDefinition
    ) -> Verdict? {
        guard let workflow = definition.workflow,
            case .text(let to) = ValueCoding.decodeSingle(copy.write.value)
        else { return .unauthorised }
        let seen = valid.filter { copy.write.context.contains($0.dot) }
        let covered = seen.reduce(into: CausalContext()) { $0.formUnion($1.write.context) }
        let standing = seen.filter { !covered.contains($0.dot) }.map { StandingWrite($0) }
        let ranks = RegisterRanks(definition, name, rights.custody, rights.handling)
        var beginning = Beginning.none
        if case .text(let stage)? = ranks.greatest(standing)?.single { beginning = .stage(stage) }
        if !hasAllSeen(by: copy) { beginning = .unknown }
        return rights.verdict(
            ofMoveFrom: beginning,
            to: to,
            in: workflow,
            rule.scope,
            of: copy.dot.writer.member,
            on: rights.ground(copy.write.ground, rule.groundField)
        ) { position in
            hasSeenLater(copy, than: position, valid, rights)
        }
    }

    /// Whether every write that the context names is here and something to somebody.
    private func hasAllSeen(by copy: WriteCopy) -> Bool {
        copy.write.context.entries.allSatisfy { entry in
            let here = undecided.filter {
                $0.dot.writer == entry.writer && $0.dot.number <= entry.number
            }
            return UInt64(here.count) == entry.number
        }
    }

    private func turnVerdict(_ copy: WriteCopy, _ rights: Rights) -> Verdict? {
        if rights.custody.position(of: copy.dot) > 0 { return nil }
        switch rights.ground(copy.write.ground, SystemField.turn) {
        case .missing: return .groundGone
        case .nothing: return .overruled
        case .naming(let holder, _):
            let member = copy.dot.writer.member
            return member == holder || member == rights.home ? .overruled : .unauthorised
        }
    }
}

/// The dots of one field that are not decided yet, as far as it must be known whether any of them was
/// seen.
private struct Undecided {
    /// Numbers by writer, ascending, those that are decided left out.
    private var numbers: [Writer: [UInt64]]

    init(_ copies: [WriteCopy]) {
        numbers = Dictionary(grouping: copies.map(\.dot), by: \.writer)
            .mapValues { $0.map(\.number).sorted(by: >) }
    }

    func isAnySeen(by write: Write) -> Bool {
        write.context.entries.contains { entry in
            numbers[entry.writer]?.last.map { $0 <= entry.number } ?? false
        }
    }

    mutating func remove(_ dot: Dot) {
        if numbers[dot.writer]?.last == dot.number {
            numbers[dot.writer]?.removeLast()
        } else {
            numbers[dot.writer]?.removeAll { $0 == dot.number }
        }
    }
}
