package import AllianceModel
package import NodeStore
package import ReplicationCore

/// What a node offers to whoever fronts it: the one door between NodeAPI and the node.
///
/// Reads come from the last commit and never wait for the writer. A write returns once it is durable
/// or refused; a thrown `StoreError` leaves open whether it is stored only in the case `.failed`.
package protocol NodeService: Sendable {
    var member: MemberCode { get }
    var roster: Roster { get }
    /// The definitions and votes as of the last commit.
    var catalog: Catalog { get }

    // MARK: Reads

    func record(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordSnapshot?
    func records(_ query: RecordQuery) async throws(StoreError) -> SnapshotPage
    /// What took effect after a position, oldest first; waits up to `waitMilliseconds` for something.
    func changes(
        after position: LogPosition,
        limit: Int,
        waitMilliseconds: Int64
    )
        async throws(StoreError) -> ChangePage
    func audit(before sequence: Int64?, limit: Int) async throws(StoreError) -> [AuditRow]
    /// Compares what both may see with a member, or with every other when nil.
    func verify(with member: MemberCode?) async throws(StoreError) -> [Verification]
    func observe() async -> NodeObservation
    /// Nil when the store is open and takes writes, else why not.
    func whyNotReady() async -> Refusal?

    // MARK: Writes

    func create(
        _ creation: Creation,
        _ caller: Caller
    ) async throws(StoreError)
        -> Result<WriteAnswer, Refusal>
    /// Many at once, each judged and answered alone, in order; one or few commits for all.
    func create(
        _ creations: [(Creation, Caller)]
    ) async throws(StoreError)
        -> [Result<WriteAnswer, Refusal>]
    /// `PATCH` and `/transition`. `token` is the ETag as the client gave it, nil for none or `*`.
    func change(
        _ identifier: RecordIdentifier,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal>
    /// Puts a definition to the vote; counts as this member's approval.
    func propose(
        _ definition: ItemDefinition,
        _ caller: Caller
    ) async throws(StoreError)
        -> Result<VoteAnswer, Refusal>
    /// Approves a proposal of that item and version; also twice.
    func approve(
        item: Text,
        version: Int,
        proposal: Digest,
        _ caller: Caller
    )
        async throws(StoreError) -> Result<VoteAnswer, Refusal>
}

package struct SnapshotPage: Sendable {
    package var records: [RecordSnapshot]
    package var next: Bytes?

    package init(records: [RecordSnapshot], next: Bytes?) {
        self.records = records
        self.next = next
    }
}

package struct ChangePage: Sendable {
    package struct Change: Hashable, Sendable {
        package var cursor: LogPosition
        package var record: RecordIdentifier
        package var item: Text
        /// Names of the fields written, `@` fields included, sorted.
        package var fields: [Text]

        package init(cursor: LogPosition, record: RecordIdentifier, item: Text, fields: [Text]) {
            self.cursor = cursor
            self.record = record
            self.item = item
            self.fields = fields
        }
    }

    package var changes: [Change]
    /// The position up to which this page has looked.
    package var next: LogPosition

    package init(changes: [Change], next: LogPosition) {
        self.changes = changes
        self.next = next
    }
}

/// The outcome of a comparison with one member.
package struct Verification: Hashable, Sendable {
    package struct Difference: Hashable, Sendable {
        package var record: RecordIdentifier
        /// `missing_here`, `missing_there`, `differs`.
        package var reason: String

        package init(record: RecordIdentifier, reason: String) {
            self.record = record
            self.reason = reason
        }
    }

    package var member: MemberCode
    /// Nil when the member could not be asked.
    package var equal: Bool?
    /// Records that both may see, as this node has them.
    package var records: Int
    /// Digest over these, as this node has them.
    package var digest: Digest
    /// At most 1,000.
    package var differing: [Difference]
    /// Why the member could not be asked, else nil.
    package var problem: String?

    package init(
        member: MemberCode,
        equal: Bool?,
        records: Int,
        digest: Digest,
        differing: [Difference],
        problem: String?
    ) {
        self.member = member
        self.equal = equal
        self.records = records
        self.digest = digest
        self.differing = differing
        self.problem = problem
    }
}
