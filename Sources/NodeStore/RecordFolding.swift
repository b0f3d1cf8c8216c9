package import AllianceModel
package import ReplicationCore

/// Turns what the store keeps of a record back into the core's state.
///
/// Pure but for its look-ups; used alike by the writer and by readers.
package struct RecordFolding {
    /// A feed's identity by the store's short name; nil if there is none.
    private let feed: (FeedRow) throws(StoreError) -> KnownFeed?
    private let definition: (Digest) throws(StoreError) -> ItemDefinition?
    private let facts: RecordFacts

    package init(
        feed: @escaping (FeedRow) throws(StoreError) -> KnownFeed?,
        definition: @escaping (Digest) throws(StoreError) -> ItemDefinition?,
        facts: RecordFacts = .none
    ) {
        self.feed = feed
        self.definition = definition
        self.facts = facts
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

    /// The state that these entries make, taken in in this order; at least one, the first with the
    /// record's header.
    package func fold(
        _ entries: [StoredEntry]
    )
        throws(StoreError) -> (state: RecordState, definition: ItemDefinition)
    {
        var folded: (state: RecordState, definition: ItemDefinition)?
        var history: [Evidence] = []
        for entry in entries {
            let evidence = try evidence(of: entry)
            let changeset = evidence.changeset
            history.append(evidence)
            let header = folded?.state.header ?? changeset.header
            guard let header, let definition = try definition(header.definition) else {
                throw contradiction("log position \(entry.position) has no definition")
            }
            let judgement = RecordJudge.judge(
                folded?.state,
                definition,
                changeset,
                from: evidence.provenance,
                facts: facts
            )
            switch judgement {
            case .applied(let state, journal: _): folded = (state, definition)
            case .needsHistory:
                let state = RecordJudge.judge(
                    history: history,
                    key: changeset.key,
                    header: header,
                    definition: definition,
                    facts: facts
                )
                folded = (state, definition)
            case .duplicate: continue
            case .held(let reason, let detail):
                throw contradiction(
                    "log position \(entry.position) was applied and is now \(reason): \(detail)"
                )
            }
        }
        guard let folded else { throw contradiction("a record without entries") }
        return folded
    }

    /// The changeset that a stored entry holds, and where it stands.
    package func evidence(of entry: StoredEntry) throws(StoreError) -> Evidence {
        guard let feed = try feed(entry.feed) else {
            throw contradiction("log position \(entry.position) names an unknown feed")
        }
        guard
            case .changeset(let changeset) = EntryCoding.decode(
                entry.bytes,
                writer: feed.identity.writer
            )
        else { throw contradiction("log position \(entry.position) is no changeset") }
        return Evidence(changeset: changeset, provenance: feed.provenance(entry.sequence))
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
            facts: facts
        )
    }
}
