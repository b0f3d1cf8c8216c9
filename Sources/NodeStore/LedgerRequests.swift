package import AllianceModel
package import ReplicationCore

/// Who asks, as what, under which idempotency key: stored in the commit of the change.
package struct Caller: Hashable, Sendable {
    /// The token's name, or `socket:` and the peer's user.
    package var actor: String
    /// Method and route template, for the audit.
    package var route: String
    /// `Idempotency-Key`, 1 to 128 printable ASCII characters.
    package var idempotencyKey: String?
    /// SHA-256 over method, path and body; compared when the key comes again.
    package var request: Digest
    /// The HTTP status that success answers with; remembered with the key.
    package var status: Int

    package init(
        actor: String,
        route: String,
        idempotencyKey: String?,
        request: Digest,
        status: Int
    ) {
        self.actor = actor
        self.route = route
        self.idempotencyKey = idempotencyKey
        self.request = request
        self.status = status
    }
}

/// A record to make.
package struct Creation: Hashable, Sendable {
    /// Digest of the definition under which the request was parsed.
    package var definition: Digest
    /// Nil: this node's member.
    package var home: MemberCode?
    package var parties: [MemberCode]
    /// The client's UUIDv7; nil: the node makes one.
    package var uuid: UUIDBytes?
    package var request: ChangeRequest

    package init(
        definition: Digest,
        home: MemberCode?,
        parties: [MemberCode],
        uuid: UUIDBytes?,
        request: ChangeRequest
    ) {
        self.definition = definition
        self.home = home
        self.parties = parties
        self.uuid = uuid
        self.request = request
    }
}

/// A record as this node has it, with its causality token.
package struct RecordSnapshot: Hashable, Sendable {
    package var state: RecordState
    package var definition: ItemDefinition
    /// The ETag without quotes: base64url, changes only when the record does.
    package var token: String
    /// Ids of the open conflicts that it is in, sorted.
    package var conflicts: [Text]

    package init(
        state: RecordState,
        definition: ItemDefinition,
        token: String,
        conflicts: [Text] = []
    ) {
        self.state = state
        self.definition = definition
        self.token = token
        self.conflicts = conflicts
    }
}

package struct WriteAnswer: Hashable, Sendable {
    /// The status to answer with: the caller's own, or the remembered one of a repeated key.
    package var status: Int
    /// The record as it is now.
    package var snapshot: RecordSnapshot

    package init(status: Int, snapshot: RecordSnapshot) {
        self.status = status
        self.snapshot = snapshot
    }
}

package struct VoteAnswer: Hashable, Sendable {
    package var status: Int
    package var item: Text
    package var version: Int
    package var proposal: Digest

    package init(status: Int, item: Text, version: Int, proposal: Digest) {
        self.status = status
        self.item = item
        self.version = version
        self.proposal = proposal
    }
}
