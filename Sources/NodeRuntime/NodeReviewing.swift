package import AllianceModel
package import NodeStore
package import ReplicationCore

/// What a node offers to whoever reviews and looks after it: conflicts and the journal, histories and
/// explanations, held changesets, deletion, backups.
///
/// As with `NodeService`, reads come from the last commit and never wait for the writer; a write
/// returns once it is durable or refused, and a thrown `StoreError` leaves open whether it is stored
/// only in the case `.failed`.
package protocol NodeReviewing: Sendable {
    // MARK: Reads

    /// Conflicts and journal, those of one record or all, in an order that holds from page to page.
    func conflicts(_ query: ConflictQuery) async throws(StoreError) -> ConflictPage
    /// One conflict, open or not, by its id; nil if this node knows none of that id.
    ///
    /// An id binds the writes that are in conflict: once another joins them, the conflict has a new id
    /// and the old one is unknown or closed.
    func conflict(_ id: Text) async throws(StoreError) -> ConflictRow?
    /// Every write ever applied to a record, void ones included, oldest first; nil: no such record.
    func history(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordHistory?
    /// Why a record looks as it does, or waits; nil: no such record.
    func explain(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordExplanation?
    /// Changesets held here, by log position.
    func held(after position: LogPosition, limit: Int) async throws(StoreError) -> HeldPage
    /// What a request was answered with before: for requests that cannot be read any more as they were
    /// then, since the item's version in effect or the conflict is another now.
    ///
    /// Nil if neither the caller's key nor the id was used before. A key or id that was used for
    /// another request is a refusal (`key_reused`, `id_taken`).
    func earlierAnswer(
        _ caller: Caller,
        uuid: UUIDBytes?
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal>?

    // MARK: Writes

    /// Decides a conflict by a new write that has seen everything applied to the field.
    ///
    /// `record` is the one of the conflict's row. Refused as `conflict_unknown` when the conflict is not
    /// there any more, and like any change of that field: authority, type, transitions.
    func resolve(
        _ conflict: Text,
        of record: RecordKey,
        _ resolution: Resolution,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal>
    /// Deletes a record, as seen under `token`: the ETag as the client gave it, nil for none or `*`.
    ///
    /// Deleting what is deleted already, as the writer saw it, is a success without a new write.
    func delete(
        _ identifier: RecordIdentifier,
        token: String?,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal>
    /// Issues again what this member wrote on a fork, a page of records at a time; each write once,
    /// however often it is asked for.
    ///
    /// Refused as a whole as `record_unknown`, `key_reused` or `clock_beyond_bound`; what is refused of a
    /// single write is told with it.
    func reissue(
        _ query: ReissueQuery,
        _ caller: Caller
    ) async throws(StoreError) -> Result<ReissuePage, Refusal>
    /// Judges a held changeset again at once. Refused as `held_unknown` if none is held at that position.
    ///
    /// The same request under the caller's key judges nothing again, and tells how it stands.
    func retryHeld(
        _ position: LogPosition,
        _ caller: Caller
    ) async throws(StoreError) -> Result<HeldRetry, Refusal>
    /// Writes a consistent copy of the store to a file that is not there yet, while the node serves, and
    /// verifies it; the file appears under its name only once it is whole.
    ///
    /// `path` is on the node's machine and absolute. What is wrong with it is refused as
    /// `field_invalid` of the field `file`. One is made at a time; the same request under the caller's
    /// key is answered with the first one's report.
    func backup(
        to path: String,
        _ caller: Caller
    ) async throws(StoreError) -> Result<BackupReport, Refusal>
}

/// Which conflicts are asked for.
package struct ConflictQuery: Hashable, Sendable {
    package var record: RecordIdentifier?
    package var kind: ConflictKind?
    /// Also those whose values a later write has covered.
    package var includesClosed: Bool
    /// Where a page before this one ended (`ConflictPage.next`), opaque.
    package var cursor: Bytes?
    /// 1 to 1,000.
    package var limit: Int

    package init(
        record: RecordIdentifier? = nil,
        kind: ConflictKind? = nil,
        includesClosed: Bool = false,
        cursor: Bytes? = nil,
        limit: Int
    ) {
        self.record = record
        self.kind = kind
        self.includesClosed = includesClosed
        self.cursor = cursor
        self.limit = limit
    }
}

/// A conflict and the record it is of: the field's type, sensitivity and audience are the record's.
package struct ConflictRow: Hashable, Sendable {
    package var conflict: Conflict
    package var snapshot: RecordSnapshot

    package init(conflict: Conflict, snapshot: RecordSnapshot) {
        self.conflict = conflict
        self.snapshot = snapshot
    }
}

package struct ConflictPage: Sendable {
    package var rows: [ConflictRow]
    package var next: Bytes?

    package init(rows: [ConflictRow], next: Bytes?) {
        self.rows = rows
        self.next = next
    }
}

/// How a conflict is decided.
package enum Resolution: Hashable, Sendable {
    /// The value at this index of `Conflict.values`, from 0: of a `duplicate` or `two_creations` the
    /// record that stays.
    case choose(Int)
    /// A new value, in the form that a change of the field has.
    case write(FieldChange)
    /// This one of the records of a `duplicate` or of `two_creations` is closed: deleted, as home may.
    case close(RecordIdentifier)
}

package struct RecordHistory: Hashable, Sendable {
    package var snapshot: RecordSnapshot
    package var lines: [HistoryLine]

    package init(snapshot: RecordSnapshot, lines: [HistoryLine]) {
        self.snapshot = snapshot
        self.lines = lines
    }
}

package struct RecordExplanation: Hashable, Sendable {
    package var snapshot: RecordSnapshot
    package var explanation: Explanation
    /// Changesets of this record that are held here.
    package var held: [HeldRow]

    package init(snapshot: RecordSnapshot, explanation: Explanation, held: [HeldRow]) {
        self.snapshot = snapshot
        self.explanation = explanation
        self.held = held
    }
}

/// A changeset that is genuine but cannot be applied yet.
package struct HeldRow: Hashable, Sendable {
    /// Where it stands in this node's log; names it.
    package var position: LogPosition
    package var reason: HeldReason
    /// Words for a person, such as the dot waited for; no value.
    package var detail: String
    /// Who wrote it.
    package var author: MemberCode
    /// Who must act, sorted; empty if only time will tell.
    package var owners: [MemberCode]
    /// Nil: the envelope cannot be read.
    package var record: RecordIdentifier?
    /// When it was written, by its writer's clock.
    package var timestamp: HybridTimestamp
    /// Since when it is held here, milliseconds since 1970 UTC.
    package var since: Int64
    /// When it is judged again by itself, milliseconds since 1970 UTC; nil: once what it waits for is
    /// here.
    package var nextTry: Int64?

    package init(
        position: LogPosition,
        reason: HeldReason,
        detail: String,
        author: MemberCode,
        owners: [MemberCode],
        record: RecordIdentifier?,
        timestamp: HybridTimestamp,
        since: Int64,
        nextTry: Int64?
    ) {
        self.position = position
        self.reason = reason
        self.detail = detail
        self.author = author
        self.owners = owners
        self.record = record
        self.timestamp = timestamp
        self.since = since
        self.nextTry = nextTry
    }
}

package struct HeldPage: Sendable {
    package var rows: [HeldRow]
    /// Go on behind this position; nil: there is no more.
    package var next: LogPosition?

    package init(rows: [HeldRow], next: LogPosition?) {
        self.rows = rows
        self.next = next
    }
}

/// What became of a held changeset that was judged again.
package enum HeldRetry: Hashable, Sendable {
    /// It took effect, or turned out to be known already.
    case released
    /// It is still held.
    case held(HeldRow)
}

/// A backup that was written and verified.
package struct BackupReport: Hashable, Sendable {
    package var path: String
    package var bytes: Int64
    /// The last log position in it.
    package var position: LogPosition
    /// What it took, milliseconds.
    package var milliseconds: Int64

    package init(path: String, bytes: Int64, position: LogPosition, milliseconds: Int64) {
        self.path = path
        self.bytes = bytes
        self.position = position
        self.milliseconds = milliseconds
    }
}
