import AllianceModel

/// The rules of the data model in the plainest code, to judge what nodes show.
///
/// Written from the rules alone: it shares no line with the core that it judges, keeps nothing
/// between two calls, and takes fixpoints and quadratic loops where they are the shorter text.
package enum Model {
    /// What a record comes to, from the set of its writes alone: no order goes in, so none counts.
    ///
    /// Total: dishonest members may have written anything, contexts and grounds in circles included.
    package static func judge(
        _ record: ModelRecord,
        writes: Set<ModelWrite>,
        facts: ModelFacts = .none
    ) -> ModelOutcome {
        let given = Given(record: record, writes: writes, facts: facts)
        var readiness = Readiness(given: given)
        let (applied, held) = readiness.settle()
        let genuine = Genuine(given: given, applied: applied)
        let custody = Custody(given: given, genuine: genuine)
        let judged = Judged(given: given, genuine: genuine, custody: custody)
        return Summary(judged: judged, held: held).outcome()
    }

    /// The places of the changesets that wait.
    package static func waiting(
        _ record: ModelRecord,
        writes: Set<ModelWrite>,
        facts: ModelFacts = .none
    ) -> Set<ModelPlace> {
        var readiness = Readiness(
            given: Given(record: record, writes: writes, facts: facts)
        )
        return Set(writes.subtracting(readiness.settle().applied).map(\.place))
    }
}

/// What a judgement starts from.
struct Given {
    let record: ModelRecord
    let writes: Set<ModelWrite>
    let facts: ModelFacts
    /// Incarnations with a forked feed.
    let forkedWriters: Set<ModelWriter>

    init(record: ModelRecord, writes: Set<ModelWrite>, facts: ModelFacts) {
        self.record = record
        self.writes = writes
        self.facts = facts
        let known = writes.filter { facts.forks[$0.place.feed] != nil }.map(\.dot.writer)
        forkedWriters = facts.forked.union(known)
    }

    var home: MemberCode { record.home }
    var accepting: MemberCode { record.accepting }
    var workflow: Workflow? { record.definition.workflow }

    /// Not of all: "for a gone or forked incarnation nobody waits".
    func isWaitedFor(_ writer: ModelWriter) -> Bool {
        !facts.gone.contains(writer) && !forkedWriters.contains(writer)
    }

    /// Forked: "from the least sequence proven on, both branches are void everywhere".
    func isForked(_ write: ModelWrite) -> Bool {
        facts.forks[write.place.feed].map { write.place.sequence >= $0 } ?? false
    }

    /// Of a member that left: "what is beyond is void (`left`)".
    func isLeft(_ write: ModelWrite) -> Bool {
        facts.closed[write.place.feed].map { write.place.sequence > $0 } ?? false
    }

    /// Whether an addition of a party may be lost for ever, or stand in another branch of a fork than
    /// the one that is here: then nobody waits for it.
    var isAdditionDoubtful: Bool {
        facts.gone.union(forkedWriters).contains { $0.member == home || $0.member == accepting }
    }

    /// Of a gone incarnation, or in a forked feed: what replaces it may not have seen it.
    func isDoubtful(_ write: ModelWrite) -> Bool {
        facts.gone.contains(write.dot.writer) || facts.forks[write.place.feed] != nil
    }

    /// Under a ceiling "its timestamps count as at most that".
    func effective(_ write: ModelWrite) -> ModelTimestamp {
        facts.ceilings[write.dot.writer].map { min($0, write.timestamp) } ?? write.timestamp
    }

    /// By effective timestamp, member, incarnation, number.
    func isEarlier(_ left: ModelWrite, _ right: ModelWrite) -> Bool {
        (effective(left), left.dot) < (effective(right), right.dot)
    }

    /// Reserved fields are written in the widest scope that the definition uses; nil: no such field.
    func scope(of field: Text) -> Scope? {
        switch field {
        case ModelField.parties, ModelField.handling, ModelField.deletion:
            record.definition.widestScope
        case ModelField.turn, ModelField.stage:
            workflow == nil ? nil : record.definition.widestScope
        default: record.definition.field(field)?.scope
        }
    }

    var reservedFields: [Text] {
        [
            ModelField.parties, ModelField.turn, ModelField.stage, ModelField.handling,
            ModelField.deletion,
        ]
    }
}

extension ModelWrite {
    /// Whether its context names that dot, of the same field.
    func covers(_ other: ModelDot) -> Bool { (context[other.writer] ?? 0) >= other.number }

    func covers(_ other: ModelWrite) -> Bool { field == other.field && covers(other.dot) }
}
