package import AllianceModel
package import ReplicationCore
import ReplicationWire

/// Turns what the store keeps of a record back into the core's state.
///
/// Pure but for its look-ups; used alike by the writer and by readers.
package struct RecordFolding {
    /// A feed's identity by the store's short name; nil if there is none.
    private let feed: (FeedRow) throws(StoreError) -> KnownFeed?
    private let definition: (Digest) throws(StoreError) -> ItemDefinition?
    private let facts: RecordFacts
    private let hash: HashFunction

    package init(
        feed: @escaping (FeedRow) throws(StoreError) -> KnownFeed?,
        definition: @escaping (Digest) throws(StoreError) -> ItemDefinition?,
        facts: RecordFacts,
        hash: @escaping HashFunction
    ) {
        self.feed = feed
        self.definition = definition
        self.facts = facts
        self.hash = hash
    }

    /// The record's state and the definition that it was created under.
    package func state(
        of record: StoredRecord
    )
        throws(StoreError) -> (state: RecordState, definition: ItemDefinition)
    {
        switch record.content {
        case .made(let entry):
            return try fold([entry])
        case .state(let bytes):
            guard let state = RecordState(encoded: bytes, key: record.key) else {
                throw contradiction(
                    "the state of record row \(record.row.rawValue) does not decode"
                )
            }
            guard let definition = try definition(state.header.definition) else {
                throw contradiction("the definition \(state.header.definition.short) is missing")
            }
            return (state, definition)
        }
    }

    /// The state that these entries make, taken in in this order; at least one.
    ///
    /// `header` is the record's where none of them has it: it came by a proof, or stands in an entry
    /// that is held.
    package func fold(
        _ entries: [StoredEntry],
        under header: RecordHeader? = nil
    )
        throws(StoreError) -> (state: RecordState, definition: ItemDefinition)
    {
        let history = try entries.map(evidence)
        let (header, definition) = try terms(of: history, header)
        var state: RecordState?
        for evidence in history {
            var changeset = evidence.changeset
            if state == nil { changeset.header = header }
            let judgement = RecordJudge.judge(
                state,
                definition,
                changeset,
                from: evidence.provenance,
                facts: facts
            )
            switch judgement {
            case .applied(let next): state = next
            case .duplicate: continue
            // Where one cannot be joined alone, all are judged together.
            case .needsHistory: return (judge(history, header, definition), definition)
            case .held(let reason, let detail, _):
                throw contradiction("what was taken in of a record is now \(reason): \(detail)")
            }
        }
        guard let state else { throw contradiction("a record without entries") }
        return (state, definition)
    }

    /// The state that these entries make, judged together: whatever their order.
    package func judge(
        _ entries: [StoredEntry],
        under header: RecordHeader? = nil
    )
        throws(StoreError) -> (state: RecordState, definition: ItemDefinition)
    {
        let history = try entries.map(evidence)
        let (header, definition) = try terms(of: history, header)
        return (judge(history, header, definition), definition)
    }

    /// Every write of these entries with its verdict, and the state that they make.
    package func judged(
        _ entries: [StoredEntry],
        under header: RecordHeader? = nil
    ) throws(StoreError) -> JudgedHistory {
        let history = try entries.map(evidence)
        let (header, definition) = try terms(of: history, header)
        return JudgedHistory(
            history,
            key: history[0].changeset.key,
            header: header,
            definition: definition,
            facts: facts
        )
    }

    private func judge(
        _ history: [Evidence],
        _ header: RecordHeader,
        _ definition: ItemDefinition
    ) -> RecordState {
        let key = history.first.map(\.changeset.key)
        guard let key else { fatalError("a history of nothing is judged") }
        return RecordJudge.judge(
            history: history,
            key: key,
            header: header,
            definition: definition,
            facts: facts
        )
    }

    private func terms(
        of history: [Evidence],
        _ header: RecordHeader?
    ) throws(StoreError) -> (RecordHeader, ItemDefinition) {
        guard !history.isEmpty else { throw contradiction("a record without entries") }
        guard let header = header ?? history.lazy.compactMap(\.changeset.header).first else {
            throw contradiction("a record without its header")
        }
        guard let definition = try definition(header.definition) else {
            throw contradiction("the definition \(header.definition.short) is missing")
        }
        return (header, definition)
    }

    /// The changeset that a stored entry holds or carries, and where it stands.
    package func evidence(of entry: StoredEntry) throws(StoreError) -> Evidence {
        guard let feed = try feed(entry.feed) else {
            throw contradiction("log position \(entry.position) names an unknown feed")
        }
        let content = EntryContent(entry.bytes, writer: feed.identity.writer, hash: hash)
        switch content {
        case .changeset(let changeset):
            return Evidence(changeset: changeset, provenance: feed.provenance(entry.sequence))
        case .carried(let carried, timestamp: _):
            if let evidence = Evidence(carried) { return evidence }
        case .statement, .unknown, .malformed: break
        }
        throw contradiction("log position \(entry.position) is no changeset")
    }

    private func contradiction(_ reason: String) -> StoreError {
        .damaged(path: "citysync.sqlite", reason: reason)
    }
}

extension RecordFolding {
    /// Folds what a reader reads, under the definitions that are known.
    ///
    /// A reader may see a commit before `agreement` is the one after it: what that lacks, the reader
    /// has.
    package init(
        reader: some StoreReading,
        agreement: AgreementState,
        facts: RecordFacts = .none
    ) {
        self.init(
            feed: { row throws(StoreError) in try reader.knownFeed(row) },
            definition: { digest throws(StoreError) in
                if let definition = agreement.definition(digest) { return definition }
                return try reader.proposals()
                    .first { $0.proposal.definitionDigest == digest }?.proposal.definition
            },
            facts: facts,
            hash: reader.hash
        )
    }
}

extension Evidence {
    /// What a carried entry brings, with the place it has in its own writer's feed; nil of a creation
    /// proof.
    init?(_ carried: Carried) {
        guard case .changeset(let changeset)? = carried.entry else { return nil }
        self.init(
            changeset: changeset,
            provenance: Provenance(
                feed: carried.head.head.feed,
                sequence: carried.sequence,
                writer: carried.identity.writer,
                audience: carried.identity.audience
            )
        )
    }
}
