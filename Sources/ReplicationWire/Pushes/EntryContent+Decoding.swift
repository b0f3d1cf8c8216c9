package import AllianceModel
package import ReplicationCore

extension EntryContent {
    /// What the entry says in a feed of that writer, statements and what is carried included.
    ///
    /// Total: what does not decode is `.malformed`, what only a later version knows `.unknown`.
    package init(_ bytes: EntryBytes, writer: Writer, hash: HashFunction) {
        self = EntryCoding.decode(bytes, writer: writer)
        guard case .unknown(let kind, let timestamp) = self,
            kind == EntryCoding.Kind.statement || kind == EntryCoding.Kind.carried
        else { return }
        let isCarried = kind == EntryCoding.Kind.carried
        guard bytes.writes.isEmpty else {
            self = .malformed(
                reason: isCarried ? "carried, with writes" : "a statement with writes"
            )
            return
        }
        self =
            isCarried
            ? EntryContent(carried: bytes.body, at: timestamp, hash)
            : EntryContent(statement: bytes.body, at: timestamp, writer: writer, hash)
    }

    private init(
        statement body: ArraySlice<UInt8>,
        at timestamp: HybridTimestamp,
        writer: Writer,
        _ hash: HashFunction
    ) {
        self =
            switch StatementCoding.decode(body, writer: writer.member, hash: hash) {
            case .statement(let statement): .statement(statement, timestamp: timestamp)
            case .unknown: .unknown(kind: EntryCoding.Kind.statement, timestamp: timestamp)
            case .malformed(let reason): .malformed(reason: reason)
            }
    }

    private init(
        carried body: ArraySlice<UInt8>,
        at timestamp: HybridTimestamp,
        _ hash: HashFunction
    ) {
        self =
            switch CarriedCoding.decode(body, hash: hash) {
            case .carried(let carried): .carried(carried, timestamp: timestamp)
            case .malformed(let reason): .malformed(reason: reason)
            }
    }
}

extension Carried {
    /// What is said in the entry carried, decoded as where it stands; nil of all but statements.
    package func statement(hash: HashFunction) -> EntryContent? {
        guard case .entry(let bytes) = content,
            EntryCoding.opening(bytes.opening)?.kind == EntryCoding.Kind.statement
        else { return nil }
        return EntryContent(bytes, writer: identity.writer, hash: hash)
    }
}
