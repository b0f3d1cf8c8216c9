package import AllianceModel
package import ReplicationCore

extension EntryContent {
    /// What the entry says in a feed of that writer, statements included.
    ///
    /// Total: what does not decode is `.malformed`, what only a later version knows `.unknown`.
    package init(_ bytes: EntryBytes, writer: Writer, hash: HashFunction) {
        self = EntryCoding.decode(bytes, writer: writer)
        guard case .unknown(EntryCoding.Kind.statement, let timestamp) = self else { return }
        guard bytes.writes.isEmpty else {
            self = .malformed(reason: "a statement with writes")
            return
        }
        self =
            switch StatementCoding.decode(bytes.body, writer: writer.member, hash: hash) {
            case .statement(let statement): .statement(statement, timestamp: timestamp)
            case .unknown: .unknown(kind: EntryCoding.Kind.statement, timestamp: timestamp)
            case .malformed(let reason): .malformed(reason: reason)
            }
    }
}
