import AllianceModel
import ClusterChecker
import ReplicationCore

// The core's words and the model's, one for one.

extension ModelDot {
    init(_ dot: Dot) {
        self.init(
            member: dot.writer.member,
            incarnation: dot.writer.incarnation.rawValue,
            number: dot.number
        )
    }
}

extension Dot {
    init(_ dot: ModelDot) {
        self.init(
            writer: Writer(
                member: dot.member,
                incarnation: Incarnation(rawValue: dot.incarnation)
            ),
            number: dot.number
        )
    }
}

extension ModelWriter {
    init(_ writer: Writer) {
        self.init(member: writer.member, incarnation: writer.incarnation.rawValue)
    }
}

extension ModelKey {
    init(_ state: RecordState) {
        self.init(
            origin: state.key.origin,
            id: state.key.identifier.uuid.bytes,
            item: state.header.item,
            definitionDigest: state.header.definition.bytes,
            home: state.header.home
        )
    }
}

extension ModelKey {
    /// The key that changesets name the record by.
    func core(_ hash: HashFunction) -> RecordKey {
        let header = RecordHeader(
            item: item,
            definition: Digest(bytes: definitionDigest) ?? Hashing.digest([]),
            home: home
        )
        let identifier = RecordIdentifier(
            origin: origin,
            uuid: UUIDBytes(bytes: id) ?? UUIDBytes(high: 0, low: 0)
        )
        return RecordKey(identifier: identifier, header: header, hash: hash)
    }
}

extension ModelAudience {
    init(_ audience: Audience) {
        switch audience {
        case .alliance: self = .alliance
        case .private: self = .private
        case .members(let members): self = .members(Set(members))
        }
    }
}

extension ModelWrite {
    init(
        _ write: Write,
        _ timestamp: HybridTimestamp,
        _ place: ModelPlace,
        _ audience: ModelAudience,
        _ definition: ItemDefinition
    ) {
        self.init(
            field: write.field,
            dot: ModelDot(write.dot),
            context: modelContext(write.context),
            lost: Set(write.lost.map { ModelDot($0) }),
            ground: write.ground.map { ModelDot($0) },
            requestID: write.requestID,
            value: ModelValue(write, definition),
            timestamp: ModelTimestamp(raw: timestamp.rawValue),
            place: place,
            audience: audience
        )
    }
}

private func modelContext(_ context: CausalContext) -> ModelContext {
    var model: ModelContext = [:]
    for entry in context.entries { model[ModelWriter(entry.writer)] = entry.number }
    return model
}

extension ModelValue {
    init(_ write: Write, _ definition: ItemDefinition) {
        switch ValueCoding.decode(write.value) {
        case .single(.integer(let amount))
        where definition.field(write.field)?.type == .counter:
            self = .addition(amount)
        case .single(let value): self = ModelValue(value, of: write.field)
        case .ruling(let value): self = .ruling(value)
        case .elements(let add, let remove):
            self = .elements(added: Set(add), removed: Set(remove))
        case .deletion(let sights):
            var seen: [Text: ModelContext] = [:]
            for sight in sights { seen[sight.field] = modelContext(sight.seen) }
            self = .deletion(seen)
        case nil: self = .single(.cleared)
        }
    }

    private init(_ value: FieldValue, of field: Text) {
        switch (field, value) {
        case (SystemField.turn, .member(let member)), (SystemField.handling, .member(let member)):
            self = .member(member)
        case (SystemField.handling, .cleared): self = .member(nil)
        case (SystemField.stage, .text(let stage)): self = .stage(stage)
        default: self = .single(value)
        }
    }
}

extension ModelHeldReason {
    init(_ reason: HeldReason) {
        switch reason {
        case .predecessorMissing: self = .predecessorMissing
        case .groundMissing: self = .groundMissing
        case .partyUnknown: self = .partyUnknown
        case .audienceRefused: self = .audienceRefused
        case .malformed: self = .malformed
        case .recordUnknown, .definitionUnknown, .definitionNotAgreed, .clockAhead,
            .featureUnknown:
            self = .elsewhere
        }
    }
}

extension ModelFacts {
    init(_ facts: RecordFacts) {
        var ceilings: [ModelWriter: ModelTimestamp] = [:]
        for (writer, ceiling) in facts.ceilings {
            ceilings[ModelWriter(writer)] = ModelTimestamp(raw: ceiling.rawValue)
        }
        var forks: [Bytes: UInt64] = [:]
        for (feed, sequence) in facts.forks { forks[feed.bytes] = sequence }
        var closed: [Bytes: UInt64] = [:]
        for (feed, sequence) in facts.closed { closed[feed.bytes] = sequence }
        self.init(
            gone: Set(facts.gone.map { ModelWriter($0) }),
            forks: forks,
            forked: Set(facts.forkedWriters.map { ModelWriter($0) }),
            ceilings: ceilings,
            closed: closed
        )
    }
}

extension ModelConflict {
    /// Nil for a conflict between records.
    init?(_ conflict: Conflict) {
        let kind: Kind
        var dots = Set(conflict.values.compactMap { $0.dot.map { ModelDot($0) } })
        switch conflict.kind {
        case .concurrent: kind = .concurrent
        case .review: kind = .review
        case .overrun: kind = .overrun
        case .duplicate, .twoCreations: return nil
        default:
            guard let verdict = ModelVerdict(rawValue: conflict.kind.rawValue) else { return nil }
            kind = .void(verdict)
            // What the field shows instead stands beside it.
            dots = Set(
                conflict.values.filter { $0.verdict != nil }
                    .compactMap { $0.dot.map { ModelDot($0) } }
            )
        }
        self.init(kind: kind, field: conflict.field, dots: dots)
    }
}
