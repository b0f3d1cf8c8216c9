import AllianceModel

/// One changeset before a record: what each write of it comes to, as far as that can be told from the
/// record's state.
///
/// A hot path: a plain write allocates nothing here.
struct Joining {
    enum Step {
        case join(Register)
        case void(Verdict)
    }

    private let record: RecordState?
    private let fields: [FieldState]
    private let home: MemberCode
    private let accepting: MemberCode
    private let changeset: Changeset
    private let provenance: Provenance
    private let facts: RecordFacts
    private let hasFacts: Bool
    private var rules: FieldRules
    private var end: Custody.End?
    /// Set where what was judged before may change, or where the state does not tell.
    private(set) var needsHistory = false
    /// Why the changeset is held, once a step is nil.
    private(set) var held = Judgement.duplicate

    init(
        _ record: RecordState?,
        _ header: RecordHeader,
        _ definition: ItemDefinition,
        _ changeset: Changeset,
        _ provenance: Provenance,
        _ facts: RecordFacts
    ) {
        self.record = record
        fields = record?.fields ?? []
        home = header.home
        accepting = changeset.key.origin
        self.changeset = changeset
        self.provenance = provenance
        self.facts = facts
        hasFacts = !facts.isEmpty
        rules = FieldRules(definition)
        if hasFacts, facts.bear(on: provenance) { needsHistory = true }
        // Until the origin's first changeset the creation's time is a guess.
        if let record, provenance.writer.member == accepting, !record.holdsWrites(of: accepting) {
            needsHistory = true
        }
        // Whatever is written of it may bring a deleted record back.
        if fields.place(of: SystemField.delete) != nil { needsHistory = true }
    }

    private var writer: Writer { provenance.writer }

    /// Nil: the changeset is held.
    mutating func step(_ write: Write) -> Step? {
        guard let rule = rules.rule(of: write.field) else {
            return hold(.malformed, "a field that the definition does not have")
        }
        if rule.register == .unsupported {
            return hold(.featureUnknown, "a field of a kind that this version does not know")
        }
        guard provenance.audience.carries(rule.scope) else {
            return hold(
                .audienceRefused,
                "a field of scope \(rule.scope.name) in a feed for others"
            )
        }
        guard rules.accepts(write.value, rule) else {
            return hold(.malformed, "a value that is not of its field's type")
        }
        let place = fields.place(of: write.field)
        guard !isWaiting(write, place, rule) else { return nil }
        if hasFacts, bearsOnLost(write, place) { needsHistory = true }
        guard let verdict = verdict(write, place, rule) else { return .join(rule.register) }
        return .void(verdict)
    }

    /// What is replaced of an incarnation that is gone, or in a forked feed, goes to the journal.
    private func bearsOnLost(_ write: Write, _ place: Int?) -> Bool {
        guard let place else { return false }
        return fields[place].standing.contains {
            facts.isLost($0.dot.writer) && write.context.contains($0.dot)
        }
    }

    private func namesLost(_ context: CausalContext) -> Bool {
        hasFacts && context.entries.contains { facts.isLost($0.writer) }
    }

    // MARK: What a write waits for

    /// Remembers why the changeset is held; no step.
    private mutating func hold(
        _ reason: HeldReason,
        _ detail: String,
        waitsFor writer: Writer? = nil
    ) -> Step? {
        held = .held(reason, detail: detail, waitsFor: writer)
        return nil
    }

    private func applied(_ place: Int?, _ writer: Writer) -> UInt64 {
        guard let place else { return 0 }
        return fields[place].applied.number(of: writer)
    }

    /// False if all that it names is applied, or nobody waits for it.
    private mutating func isWaiting(
        _ write: Write,
        _ place: Int?,
        _ rule: FieldRules.Rule
    ) -> Bool {
        let own = applied(place, write.dot.writer)
        if write.dot.number <= own {
            // The same again, or another under its number.
            needsHistory = true
        } else if write.dot.number > own + 1 {
            guard facts.isLost(write.dot.writer) else {
                return isMissing(own + 1, write.dot.writer)
            }
            needsHistory = true
        }
        for entry in write.context.entries
        where applied(place, entry.writer) < entry.number {
            guard facts.isLost(entry.writer) else { return isMissing(entry.number, entry.writer) }
            needsHistory = true
        }
        if let ground = write.ground, isWaiting(for: ground, rule) { return true }
        return isWaitingForParty(write, rule)
    }

    private mutating func isMissing(_ number: UInt64, _ writer: Writer) -> Bool {
        _ = hold(
            .predecessorMissing,
            "write \(number) of \(writer.member) to a field",
            waitsFor: writer
        )
        return true
    }

    private mutating func isWaiting(for ground: Dot, _ rule: FieldRules.Rule) -> Bool {
        guard let name = rule.groundField else { return false }
        let isKnown =
            name == SystemField.turn
            ? record?.turns.contains { $0.dot == ground }
            : record?.assignments.contains { $0.dot == ground }
        if isKnown == true { return false }
        needsHistory = true
        if facts.isLost(ground.writer) { return false }
        if record?.field(name)?.applied.contains(ground) == true { return false }
        if changeset.writes.contains(where: { $0.field == name && $0.dot == ground }) {
            return false
        }
        let what = name == SystemField.turn ? "a turn" : "an assignment"
        _ = hold(.groundMissing, "\(what) of \(ground.writer.member)", waitsFor: ground.writer)
        return true
    }

    /// Under `any` a field of the parties waits until its writer was added, validly or not.
    private mutating func isWaitingForParty(
        _ write: Write,
        _ rule: FieldRules.Rule
    ) -> Bool {
        guard rule.scope == .parties, writer.member != home, writer.member != accepting,
            rule.isOpenToParties(write, rules.definition),
            record?.everParties.contains(writer.member) != true
        else { return false }
        needsHistory = true
        if hasFacts, facts.mayHaveLostAdditions(home, accepting) { return false }
        let voids = record?.field(SystemField.parties)?.voids ?? []
        if voids.contains(where: { $0.value.adds(writer.member) }) { return false }
        let beside = changeset.writes.first { $0.field == SystemField.parties }
        if let beside, beside.value.adds(writer.member) { return false }
        _ = hold(.partyUnknown, "the addition of \(writer.member) to the parties")
        return true
    }

    // MARK: Verdicts

    /// Nil: valid, as far as is told without the history.
    private mutating func verdict(
        _ write: Write,
        _ place: Int?,
        _ rule: FieldRules.Rule
    ) -> Verdict? {
        switch rule.register {
        case .latest, .review, .maximum, .minimum, .sum, .union:
            return verdict(write, rule.authority, rule.scope)
        case .once:
            if place != nil || write.value.isRuling { needsHistory = true }
            return verdict(write, rule.authority, rule.scope)
        case .stage: return stageVerdict(write, place, rule.scope)
        case .turn:
            if !isPlainNext(write) || hasVoids { needsHistory = true }
            return nil
        case .parties:
            if hasVoids { needsHistory = true }
            return writer.member == home || writer.member == accepting ? nil : .unauthorised
        case .handling, .deletion, .unsupported:
            needsHistory = true
            return nil
        }
    }

    private mutating func verdict(
        _ write: Write,
        _ authority: Authority?,
        _ scope: Scope
    ) -> Verdict? {
        let member = writer.member
        switch authority {
        case .any:
            if scope == .parties, member != home, member != accepting,
                record?.everParties.contains(member) != true
            {
                needsHistory = true
            }
            return nil
        case .home: return member == home ? nil : .unauthorised
        case .accepting: return member == accepting ? nil : .unauthorised
        case .members(let members): return members.contains(member) ? nil : .unauthorised
        case .holder:
            // On an earlier turn the writer may have seen what stands on a later one.
            let end = chainEnd()
            guard write.ground == end.ground else {
                needsHistory = true
                return nil
            }
            return member == end.holder ? nil : .unauthorised
        case .handling:
            guard record?.assignments.isEmpty ?? true, write.ground == nil else {
                needsHistory = true
                return nil
            }
            return member == home ? nil : .unauthorised
        case nil:
            needsHistory = true
            return nil
        }
    }

    private mutating func stageVerdict(
        _ write: Write,
        _ place: Int?,
        _ scope: Scope
    ) -> Verdict? {
        guard let workflow = rules.definition.workflow,
            case .text(let to) = ValueCoding.decodeSingle(write.value)
        else { return .unauthorised }
        guard write.ground == chainEnd().ground else {
            needsHistory = true
            return nil
        }
        var beginning = Beginning.none
        if let place {
            // Where the case stood for its writer is what is shown only if it had seen all of it, and
            // if nothing of that is lost.
            guard write.context.covers(fields[place].applied), fields[place].voids.isEmpty,
                !namesLost(write.context), let record
            else {
                needsHistory = true
                return nil
            }
            if let stage = RecordView(record, rules.definition).stage { beginning = .stage(stage) }
        }
        guard let by = beginning.authority(ofMoveTo: to, in: workflow) else { return .unauthorised }
        guard by != .handling else {
            needsHistory = true
            return nil
        }
        return verdict(write, by, scope)
    }

    /// Whether it follows the end of the chain and nothing else does.
    private mutating func isPlainNext(_ write: Write) -> Bool {
        let end = chainEnd()
        guard write.ground == end.ground, end.position < Custody.turnCountMaximum,
            writer.member == end.holder || writer.member == home
        else { return false }
        return record?.turns.contains { $0.ground == write.ground } != true
    }

    private mutating func chainEnd() -> Custody.End {
        if let end { return end }
        let found = Custody.end(of: record?.turns ?? [], home: home, accepting: accepting)
        end = found
        return found
    }

    private var hasVoids: Bool { fields.contains { !$0.isPlain && !$0.voids.isEmpty } }
}

extension FieldRules.Rule {
    /// The field whose dot a ground names; nil where authority rests on neither.
    var groundField: Text? {
        switch (register, authority) {
        case (.turn, _), (.stage, _), (_, .holder): SystemField.turn
        case (_, .handling): SystemField.handling
        default: nil
        }
    }

    /// Whether everybody may write it who is, or ever was, a party: then the addition is waited for.
    func isOpenToParties(_ write: Write, _ definition: ItemDefinition) -> Bool {
        guard register == .stage else { return authority == .any }
        guard let workflow = definition.workflow,
            case .text(let to) = ValueCoding.decodeSingle(write.value)
        else { return false }
        let moves = workflow.transitions.lazy.filter { $0.to == to }
        return !moves.isEmpty && moves.allSatisfy { $0.by == .any }
    }
}

extension Collection<UInt8> where Self == ArraySlice<UInt8> {
    /// Whether this is an encoded change of the parties that adds that member.
    func adds(_ member: MemberCode) -> Bool {
        guard case .elements(let add, _) = ValueCoding.decode(self) else { return false }
        return add.contains(.member(member))
    }

    var isRuling: Bool {
        if case .ruling = ValueCoding.decode(self) { true } else { false }
    }
}

extension Bytes {
    fileprivate func adds(_ member: MemberCode) -> Bool { self[...].adds(member) }
}

extension RecordState {
    /// Whether any of its fields was written by that member.
    fileprivate func holdsWrites(of member: MemberCode) -> Bool {
        for index in fields.indices {
            for entry in fields[index].applied.entries where entry.writer.member == member {
                return true
            }
        }
        return false
    }
}

extension RecordFacts {
    /// Whether what stands there may have another verdict, or another place in time, than without
    /// these facts.
    package func bear(on provenance: Provenance) -> Bool {
        isLost(provenance.writer) || ceilings[provenance.writer] != nil
            || forks[provenance.feed].map { provenance.sequence >= $0 } ?? false
            || closed[provenance.feed].map { provenance.sequence > $0 } ?? false
    }
}

extension Audience {
    /// Whether a feed for this audience may carry a field of that scope.
    func carries(_ scope: Scope) -> Bool {
        switch (self, scope) {
        case (.private, .private), (.members, .parties), (.alliance, .alliance): true
        default: false
        }
    }
}
