import AllianceModel
import ClusterChecker
import NodeStore
import ReplicationCore
import ReplicationWire

/// What a node has and shows, in the words of the independent model.
///
/// It translates and judges nothing: every rule that is checked stands in the model.
struct Observation {
    let node: SimulatedNode
    let ledger: Ledger<SQLiteStore>
    private var received: [RecordKey: [Received]] = [:]

    private struct Received {
        let changeset: Changeset
        let place: ModelPlace
        let audience: ModelAudience
        /// Why it waits; nil: it does not.
        let reason: ModelHeldReason?
    }

    init(_ node: SimulatedNode, _ ledger: Ledger<SQLiteStore>) throws(StoreError) {
        self.node = node
        self.ledger = ledger
        try read()
    }

    /// The node's part of a run.
    func model(isHonest: Bool) throws(StoreError) -> ModelObservation {
        var records: [ModelKey: ModelSight] = [:]
        let folding = RecordFolding(
            reader: ledger.store,
            agreement: ledger.agreement,
            facts: ledger.facts
        )
        for stored in try ledger.store.records(after: nil, limit: .max) {
            let (state, definition) = try folding.state(of: stored)
            let key = ModelKey(state)
            records[key] = sight(
                RecordView(state, definition),
                shown: RecordView(state, definition, viewer: node.member),
                key,
                besideVoid: try validBesideVoid(stored, state, definition)
            )
        }
        return ModelObservation(member: node.member, isHonest: isHonest, records: records)
    }

    /// Of dots with a copy that counts for nothing, those of which another one is valid.
    ///
    /// Each half of a copied machine may have used a number. A state does not tell once the valid copy
    /// was replaced: the record's history does.
    private func validBesideVoid(
        _ stored: StoredRecord,
        _ state: RecordState,
        _ definition: ItemDefinition
    ) throws(StoreError) -> Set<ModelWriteID> {
        guard state.fields.contains(where: { !$0.voids.isEmpty }) else { return [] }
        let history = JudgedHistory(
            try ledger.history(of: stored),
            key: state.key,
            header: state.header,
            definition: definition,
            facts: ledger.facts
        )
        let valid = history.lines().filter { $0.verdict == nil }
        return Set(valid.map { ModelWriteID(field: $0.field, dot: ModelDot($0.dot)) })
    }

    // MARK: Writes

    private mutating func read() throws(StoreError) {
        var waiting: [LogPosition: HeldEntry] = [:]
        for entry in try ledger.store.held(after: 0, limit: .max) {
            waiting[entry.position] = entry
        }
        for tip in ledger.tips {
            var sequence: UInt64 = 0
            while sequence < tip.size {
                let page = try ledger.store.entries(of: tip.digest, after: sequence, limit: 1_000)
                guard let last = page.last else { break }
                sequence = last.sequence
                for entry in page { take(entry, tip, waiting[entry.position]) }
            }
        }
    }

    private mutating func take(_ entry: StoredEntry, _ tip: FeedTip, _ waiting: HeldEntry?) {
        let content = EntryContent(
            entry.bytes,
            writer: tip.identity.writer,
            hash: Hashing.sha256
        )
        switch content {
        case .changeset(let changeset):
            let leaf = EntryCoding.leaf(of: entry.bytes, hash: Hashing.sha256)
            let place = ModelPlace(
                feed: tip.digest.bytes,
                sequence: entry.sequence,
                branch: leaf.bytes
            )
            take(changeset, place, ModelAudience(tip.identity.audience), waiting)
        case .carried(let carried, timestamp: _):
            guard case .changeset(let changeset)? = carried.entry,
                let leaf = carried.verifiedLeaf(hash: Hashing.sha256)
            else { return }
            let place = ModelPlace(
                feed: carried.head.head.feed.bytes,
                sequence: carried.sequence,
                branch: leaf.bytes
            )
            take(changeset, place, ModelAudience(carried.identity.audience), waiting)
        case .statement, .unknown, .malformed: return
        }
    }

    private mutating func take(
        _ changeset: Changeset,
        _ place: ModelPlace,
        _ audience: ModelAudience,
        _ waiting: HeldEntry?
    ) {
        received[changeset.key, default: []].append(
            Received(
                changeset: changeset,
                place: place,
                audience: audience,
                reason: waiting.map { ModelHeldReason($0.reason) }
            )
        )
    }

    // MARK: What is shown

    /// `view`: as the rules judge by; `shown`: as the node's own clerks see it.
    private func sight(
        _ view: RecordView,
        shown: RecordView,
        _ key: ModelKey,
        besideVoid: Set<ModelWriteID>
    ) -> ModelSight {
        let state = view.state
        var facts = ModelFacts(ledger.facts)
        var outcome = ModelOutcome(handling: view.handler, parties: Set(view.parties))
        var writes: Set<ModelWrite> = []
        var applied: Set<ModelWriteID> = []
        for received in received[state.key] ?? [] {
            for write in received.changeset.writes {
                let model = ModelWrite(
                    write,
                    received.changeset.timestamp,
                    received.place,
                    received.audience,
                    view.definition
                )
                writes.insert(model)
                guard let reason = received.reason else {
                    applied.insert(model.id)
                    continue
                }
                outcome.held[model.id] = reason
                // What decodes to nothing has no value in the model either.
                if reason == .elsewhere || ValueCoding.decode(write.value) == nil {
                    facts.kept.insert(received.place)
                }
            }
        }
        // Of a dot with two contents, one that waits is no matter where another one does not.
        for id in applied { outcome.held[id] = nil }
        for write in writes where outcome.held[write.id] == nil {
            guard let field = state.field(write.field),
                field.applied.contains(Dot(write.dot))
            else { continue }
            outcome.verdicts[write.id] = .valid
        }
        outcome.chain =
            view.definition.workflow == nil ? [] : view.custody.chain.map { ModelDot($0.dot) }
        outcome.holder = view.holder
        outcome.stage = view.stage ?? view.definition.workflow?.initialStage
        outcome.isDeleted = view.isDeleted
        for field in view.definition.fields {
            outcome.shown[field.name] = self.shown(field, shown)
        }
        for field in state.fields { note(field, view, besideVoid, &outcome) }
        outcome.conflicts = Set(
            view.conflicts(Hashing.sha256).filter(\.isOpen).compactMap { conflict in
                ModelConflict(conflict)
            }
        )
        let digest = state.digest(
            scopes: [.parties, .alliance],
            definition: view.definition,
            hash: Hashing.sha256
        )
        return ModelSight(
            record: ModelRecord(key: key, definition: view.definition),
            received: writes,
            facts: facts,
            shown: outcome,
            digest: digest.bytes
        )
    }

    private func shown(_ field: FieldDefinition, _ view: RecordView) -> ModelShown {
        switch field.merge {
        case .union:
            guard case .set(let elements)? = view.value(of: field) else { return .elements([]) }
            return .elements(Set(elements))
        case .sum:
            guard case .integer(let total)? = view.value(of: field) else { return .total(0) }
            return .total(total)
        case .review:
            let values = view.values(of: field)
            return values.count > 1 ? .review(Set(values)) : .single(values.first ?? .cleared)
        default: return .single(view.value(of: field) ?? .cleared)
        }
    }

    /// Siblings, verdicts and journal of one field.
    private func note(
        _ field: FieldState,
        _ view: RecordView,
        _ besideVoid: Set<ModelWriteID>,
        _ outcome: inout ModelOutcome
    ) {
        func id(_ dot: Dot) -> ModelWriteID { ModelWriteID(field: field.name, dot: ModelDot(dot)) }
        let merge = view.definition.field(field.name)?.merge
        let hasSiblings: Bool
        let isOneShown: Bool
        switch merge {
        case .union, .sum: (hasSiblings, isOneShown) = (false, false)
        case .review: (hasSiblings, isOneShown) = (true, false)
        case nil where field.name == SystemField.parties || field.name == SystemField.turn:
            (hasSiblings, isOneShown) = (false, false)
        case nil where field.name == SystemField.delete: (hasSiblings, isOneShown) = (true, false)
        default: (hasSiblings, isOneShown) = (true, true)
        }
        if hasSiblings {
            outcome.siblings[field.name] = Set(field.standing.map { ModelDot($0.dot) })
        }
        if isOneShown, let shown = view.shown(field) {
            for write in field.standing where write.dot != shown.dot {
                outcome.journal[id(write.dot), default: []].insert(.sibling)
            }
        }
        for dot in field.lost { outcome.journal[id(dot), default: []].insert(.lost) }
        for void in field.voids {
            guard let verdict = ModelVerdict(rawValue: void.verdict.rawValue) else { continue }
            outcome.journal[id(void.dot), default: []].insert(.void(verdict))
            if !besideVoid.contains(id(void.dot)) { outcome.verdicts[id(void.dot)] = verdict }
        }
    }
}
