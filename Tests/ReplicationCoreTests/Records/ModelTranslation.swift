import AllianceModel
import ClusterChecker
import Testing

@testable import ReplicationCore

extension ModelDot {
    init(_ dot: Dot) {
        self.init(
            member: dot.writer.member,
            incarnation: dot.writer.incarnation.rawValue,
            number: dot.number
        )
    }
}

extension ModelWriter {
    init(_ writer: Writer) {
        self.init(member: writer.member, incarnation: writer.incarnation.rawValue)
    }
}

extension ModelFacts {
    init(_ facts: RecordFacts) {
        self.init(
            gone: Set(facts.gone.map { ModelWriter($0) }),
            forks: Dictionary(uniqueKeysWithValues: facts.forks.map { ($0.key.bytes, $0.value) }),
            forked: Set(facts.forkedWriters.map { ModelWriter($0) }),
            ceilings: Dictionary(
                uniqueKeysWithValues: facts.ceilings.map {
                    (ModelWriter($0.key), ModelTimestamp(raw: $0.value.rawValue))
                }
            ),
            closed: Dictionary(uniqueKeysWithValues: facts.closed.map { ($0.key.bytes, $0.value) })
        )
    }
}

extension City.Entry {
    func modelWrites(_ definition: ItemDefinition) throws -> [ModelWrite] {
        let place = ModelPlace(
            feed: evidence.provenance.feed.bytes,
            sequence: sequence,
            branch: Bytes("\(changeset)".utf8)
        )
        return try changeset.writes.map { write in
            ModelWrite(
                field: write.field,
                dot: ModelDot(write.dot),
                context: City.Entry.model(write.context),
                lost: Set(write.lost.map { ModelDot($0) }),
                ground: write.ground.map { ModelDot($0) },
                requestID: write.requestID,
                value: try Self.model(write, definition),
                timestamp: ModelTimestamp(raw: changeset.timestamp.rawValue),
                place: place,
                audience: modelAudience
            )
        }
    }

    private static func model(_ context: CausalContext) -> ModelContext {
        Dictionary(
            uniqueKeysWithValues: context.entries.map { (ModelWriter($0.writer), $0.number) }
        )
    }

    private var modelAudience: ModelAudience {
        switch audience {
        case .alliance: .alliance
        case .private: .private
        case .members(let members): .members(Set(members))
        }
    }

    private static func model(_ write: Write, _ definition: ItemDefinition) throws -> ModelValue {
        let value = try #require(ValueCoding.decode(write.value))
        switch (write.field, value) {
        case (SystemField.turn, .single(.member(let member))),
            (SystemField.handling, .single(.member(let member))):
            return .member(member)
        case (SystemField.handling, .single(.cleared)): return .member(nil)
        case (SystemField.stage, .single(.text(let stage))): return .stage(stage)
        case (_, .elements(let add, let remove)):
            return .elements(added: Set(add), removed: Set(remove))
        case (_, .ruling(let value)): return .ruling(value)
        case (_, .deletion(let sights)):
            return .deletion(
                Dictionary(uniqueKeysWithValues: sights.map { ($0.field, model($0.seen)) })
            )
        case (let name, .single(.integer(let amount)))
        where definition.field(name)?.type == .counter:
            return .addition(amount)
        case (_, .single(let value)): return .single(value)
        }
    }
}

extension City {
    /// What this city shows, in the shape in which the model tells what it should.
    func modelOutcome() throws -> ModelOutcome {
        let view = try #require(view)
        var outcome = ModelOutcome(handling: view.handler, parties: Set(view.parties))
        for entry in held {
            for write in entry.changeset.writes {
                let id = ModelWriteID(field: write.field, dot: ModelDot(write.dot))
                outcome.held[id] = .predecessorMissing
            }
        }
        for line in JudgedHistory(
            history,
            key: key,
            header: header,
            definition: definition,
            facts: facts
        ).lines() {
            let id = ModelWriteID(field: line.field, dot: ModelDot(line.dot))
            outcome.held[id] = nil
            let verdict = line.verdict.flatMap { ModelVerdict(rawValue: $0.rawValue) } ?? .valid
            // A dot that has a copy in a sound place is that one's.
            let isPlace = verdict == .forked || verdict == .left
            if outcome.verdicts[id] == nil || !isPlace { outcome.verdicts[id] = verdict }
        }
        outcome.chain = view.custody.chain.map { ModelDot($0.dot) }
        outcome.holder = view.holder
        outcome.stage = view.stage ?? definition.workflow?.initialStage
        outcome.isDeleted = view.isDeleted
        for field in definition.fields { outcome.shown[field.name] = shown(field, view) }
        for field in view.state.fields {
            take(field, view, into: &outcome)
        }
        for conflict in view.conflicts(TestHash.quick) {
            let model = model(conflict, view)
            let isLeft = conflict.kind == .left
            let ids = model.dots.map { ModelWriteID(field: model.field ?? "", dot: $0) }
            if isLeft, ids.contains(where: { outcome.verdicts[$0] != .left }) { continue }
            outcome.conflicts.insert(model)
        }
        return outcome
    }

    private func shown(_ field: FieldDefinition, _ view: RecordView) -> ModelShown {
        switch field.merge {
        case .union: return .elements(Set(view.state.field(field.name)?.elements ?? []))
        case .sum: return .total(view.state.field(field.name)?.total ?? 0)
        case .review:
            let values = view.values(of: field)
            return values.count > 1
                ? .review(Set(values)) : .single(values.first ?? .cleared)
        default: return .single(view.value(of: field) ?? .cleared)
        }
    }

    private func take(_ field: FieldState, _ view: RecordView, into outcome: inout ModelOutcome) {
        let merge = definition.field(field.name)?.merge
        var hasSiblings = field.name != SystemField.turn && field.name != SystemField.parties
        switch merge {
        case .union, .sum: hasSiblings = false
        default: break
        }
        let dots = Set(field.standing.map { ModelDot($0.dot) })
        if hasSiblings { outcome.siblings[field.name] = dots }
        let isReview = merge.map { if case .review = $0 { true } else { false } } ?? false
        if hasSiblings, !isReview, field.name != SystemField.delete {
            let shown = view.shown(field)?.dot
            for write in field.standing where write.dot != shown {
                let id = ModelWriteID(field: field.name, dot: ModelDot(write.dot))
                outcome.journal[id, default: []].insert(.sibling)
            }
        }
        for dot in field.lost {
            let id = ModelWriteID(field: field.name, dot: ModelDot(dot))
            outcome.journal[id, default: []].insert(.lost)
        }
        for void in field.voids {
            let id = ModelWriteID(field: field.name, dot: ModelDot(void.dot))
            let verdict = ModelVerdict(rawValue: void.verdict.rawValue) ?? .forked
            // The model keeps one content of a dot, and beside it only forked ones.
            if verdict == .left, outcome.verdicts[id] != .left { continue }
            outcome.journal[id, default: []].insert(.void(verdict))
        }
    }

    private func model(_ conflict: Conflict, _ view: RecordView) -> ModelConflict {
        let field = conflict.field.flatMap { view.state.field($0) }
        switch conflict.kind {
        case .concurrent, .review:
            return ModelConflict(
                kind: conflict.kind == .review ? .review : .concurrent,
                field: conflict.field,
                dots: Set((field?.standing ?? []).map { ModelDot($0.dot) })
            )
        case .overrun, .duplicate, .twoCreations:
            return ModelConflict(
                kind: .overrun,
                field: conflict.field,
                dots: Set(conflict.values.compactMap { $0.dot.map { ModelDot($0) } })
            )
        default:
            let verdict = ModelVerdict(rawValue: conflict.kind.rawValue) ?? .forked
            return ModelConflict(
                kind: .void(verdict),
                field: conflict.field,
                dots: Set(conflict.values.prefix(1).compactMap { $0.dot.map { ModelDot($0) } })
            )
        }
    }
}
