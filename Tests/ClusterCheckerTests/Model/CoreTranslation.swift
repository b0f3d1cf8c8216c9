import AllianceModel
import ClusterChecker
import ReplicationCore

/// What the core has, in the words of the model that judges it: a mapping and no more.
enum ModelTranslation {
    static func writer(_ writer: Writer) -> ModelWriter {
        ModelWriter(member: writer.member, incarnation: writer.incarnation.rawValue)
    }

    static func dot(_ dot: Dot) -> ModelDot {
        ModelDot(
            member: dot.writer.member,
            incarnation: dot.writer.incarnation.rawValue,
            number: dot.number
        )
    }

    static func context(_ context: CausalContext) -> ModelContext {
        var numbers: ModelContext = [:]
        for entry in context.entries { numbers[writer(entry.writer)] = entry.number }
        return numbers
    }

    static func timestamp(_ timestamp: HybridTimestamp) -> ModelTimestamp {
        ModelTimestamp(raw: timestamp.rawValue)
    }

    static func audience(_ audience: Audience) -> ModelAudience {
        switch audience {
        case .alliance: .alliance
        case .private: .private
        case .members(let members): .members(Set(members))
        }
    }

    static func key(_ key: RecordKey, _ header: RecordHeader) -> ModelKey {
        ModelKey(
            origin: key.origin,
            id: key.identifier.uuid.bytes,
            item: header.item,
            definitionDigest: header.definition.bytes,
            home: header.home
        )
    }

    static func record(
        _ key: RecordKey,
        _ header: RecordHeader,
        _ definition: ItemDefinition
    ) -> ModelRecord {
        ModelRecord(key: self.key(key, header), definition: definition)
    }

    static func facts(_ facts: RecordFacts) -> ModelFacts {
        var translated = ModelFacts(
            gone: Set(facts.gone.map(writer)),
            forked: Set(facts.forkedWriters.map(writer))
        )
        for (feed, sequence) in facts.forks { translated.forks[feed.bytes] = sequence }
        for (feed, size) in facts.closed { translated.closed[feed.bytes] = size }
        for (of, ceiling) in facts.ceilings {
            translated.ceilings[writer(of)] = timestamp(ceiling)
        }
        return translated
    }

    /// `branch`: the entry's leaf, which tells two entries at one place of a forked feed apart.
    static func place(_ provenance: Provenance, branch: Digest? = nil) -> ModelPlace {
        ModelPlace(
            feed: provenance.feed.bytes,
            sequence: provenance.sequence,
            branch: branch?.bytes ?? []
        )
    }

    static func writes(
        _ changeset: Changeset,
        _ provenance: Provenance,
        _ definition: ItemDefinition,
        branch: Digest? = nil
    ) -> [ModelWrite] {
        changeset.writes.map { write in
            ModelWrite(
                field: write.field,
                dot: dot(write.dot),
                context: context(write.context),
                lost: Set(write.lost.map(dot)),
                ground: write.ground.map(dot),
                requestID: write.requestID,
                value: value(write, definition),
                timestamp: timestamp(changeset.timestamp),
                place: place(provenance, branch: branch),
                audience: audience(provenance.audience)
            )
        }
    }

    /// What does not fit its field stays what it is: the model finds it malformed.
    private static func value(_ write: Write, _ definition: ItemDefinition) -> ModelValue {
        guard let value = ValueCoding.decode(write.value) else { return unreadable(write.field) }
        switch (write.field, value) {
        case (SystemField.turn, .single(.member(let member))),
            (SystemField.handling, .single(.member(let member))):
            return .member(member)
        case (SystemField.handling, .single(.cleared)): return .member(nil)
        case (SystemField.stage, .single(.text(let stage))): return .stage(stage)
        case (let field, .single(.integer(let amount))) where isSum(field, definition):
            return .addition(amount)
        case (_, .single(let value)): return .single(value)
        case (_, .ruling(let value)): return .ruling(value)
        case (_, .elements(let add, let remove)):
            return .elements(added: Set(add), removed: Set(remove))
        case (_, .deletion(let sights)):
            var contexts: [Text: ModelContext] = [:]
            for sight in sights { contexts[sight.field] = context(sight.seen) }
            return .deletion(contexts)
        }
    }

    private static func isSum(_ field: Text, _ definition: ItemDefinition) -> Bool {
        if case .sum = definition.field(field)?.merge { true } else { false }
    }

    /// Of a kind that this field never has.
    private static func unreadable(_ field: Text) -> ModelValue {
        field == SystemField.delete ? .single(.cleared) : .deletion([:])
    }
}
