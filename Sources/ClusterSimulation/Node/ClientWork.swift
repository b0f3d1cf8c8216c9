import AllianceModel
import NodeStore
import ReplicationCore

/// What a client asks of a node; sent again as it is when the answer did not come.
enum ClientRequest {
    case create(Creation, Caller)
    case change(RecordIdentifier, ChangeRequest, token: String?, Caller)
    case propose(ItemDefinition, Caller)
    case approve(item: Text, version: Int, proposal: Digest, Caller)

    var caller: Caller {
        switch self {
        case .create(_, let caller), .change(_, _, _, let caller), .propose(_, let caller),
            .approve(_, _, _, let caller):
            caller
        }
    }
}

extension ClientRequest {
    /// Fields to which it adds.
    var additions: [Text] {
        let fields: [FieldRequest]
        switch self {
        case .create(let creation, _): fields = creation.request.fields
        case .change(_, let change, _, _): fields = change.fields
        case .propose, .approve: return []
        }
        return fields.compactMap { field in
            if case .add = field.change { field.name } else { nil }
        }
    }

    /// What is asked for, without ids, for a trace.
    var words: String {
        switch self {
        case .create(let creation, _):
            "create with \(creation.request.words), parties \(creation.parties)"
        case .change(_, let change, let token, _):
            change.words + (token == nil ? "" : ", under a token")
        case .propose(let definition, _): "propose \(definition.item) v\(definition.version)"
        case .approve(let item, let version, _, _): "approve \(item) v\(version)"
        }
    }
}

extension ChangeRequest {
    var words: String {
        var parts = fields.map { "\($0.name) \($0.change.words)" }
        if let stage { parts.append("stage \(stage)") }
        if let holder { parts.append("holder \(holder)") }
        if isDeletion { parts.append("delete") }
        if isResolution { parts.append("a decision") }
        return parts.joined(separator: ", ")
    }
}

extension FieldChange {
    var words: String {
        switch self {
        case .set(let value): "= \(value?.text?.string ?? "null")"
        case .elements(let add, let remove):
            "+\(add.map { $0.text?.string ?? "?" }) -\(remove.map { $0.text?.string ?? "?" })"
        case .add(let amount): "+ \(amount.text?.string ?? "?")"
        case .rule(let value): "ruled \(value?.text?.string ?? "null")"
        }
    }
}

/// A client's request on its way through an engine.
///
/// Sendable: a simulation runs in one thread.
final class ClientWork: EngineWork, @unchecked Sendable {
    enum Answer {
        case write(Result<WriteAnswer, Refusal>)
        case vote(Result<VoteAnswer, Refusal>)
    }

    let request: ClientRequest
    private(set) var answer: Answer?
    /// Of a request under a key, the additions that were written now: not those that an earlier
    /// answer is repeated for.
    private(set) var added: [(field: Text, dot: Dot)] = []

    init(_ request: ClientRequest) { self.request = request }

    var count: Int { 1 }

    func run(
        _ ledger: inout Ledger<SQLiteStore>,
        wallMilliseconds wall: Int64
    ) throws(StoreError) {
        let before = try counts(ledger)
        try perform(&ledger, wall)
        guard !before.isEmpty, case .write(.success(let write))? = answer else { return }
        let writer = Writer(
            member: ledger.settings.member,
            incarnation: ledger.settings.incarnation
        )
        for (field, number) in before {
            let now = write.snapshot.state.field(field)?.applied.number(of: writer) ?? 0
            if now > number { added.append((field, Dot(writer: writer, number: now))) }
        }
    }

    /// How often this incarnation added to each of the fields that the request adds to.
    private func counts(
        _ ledger: Ledger<SQLiteStore>
    ) throws(StoreError) -> [(field: Text, number: UInt64)] {
        guard request.caller.idempotencyKey != nil else { return [] }
        let fields = request.additions
        guard !fields.isEmpty else { return [] }
        let id: RecordIdentifier?
        switch request {
        case .create(let creation, _):
            id = creation.uuid.map {
                RecordIdentifier(origin: ledger.settings.member, uuid: $0)
            }
        case .change(let changed, _, _, _): id = changed
        case .propose, .approve: id = nil
        }
        guard let id, let stored = try ledger.store.record(id) else {
            return fields.map { ($0, 0) }
        }
        let folding = RecordFolding(
            reader: ledger.store,
            agreement: ledger.agreement,
            facts: ledger.facts
        )
        let state = try folding.state(of: stored).state
        let writer = Writer(
            member: ledger.settings.member,
            incarnation: ledger.settings.incarnation
        )
        return fields.map { ($0, state.field($0)?.applied.number(of: writer) ?? 0) }
    }

    private func perform(
        _ ledger: inout Ledger<SQLiteStore>,
        _ wall: Int64
    ) throws(StoreError) {
        switch request {
        case .create(let creation, let caller):
            answer = .write(try ledger.create(creation, caller, wallMilliseconds: wall))
        case .change(let id, let change, let token, let caller):
            answer = .write(
                try ledger.change(id, change, token: token, caller, wallMilliseconds: wall)
            )
        case .propose(let definition, let caller):
            answer = .vote(try ledger.propose(definition, caller, wallMilliseconds: wall))
        case .approve(let item, let version, let proposal, let caller):
            answer = .vote(
                try ledger.approve(
                    item: item,
                    version: version,
                    proposal: proposal,
                    caller,
                    wallMilliseconds: wall
                )
            )
        }
    }

    /// The simulation looks at the answer itself.
    func finish(_ error: StoreError?) {}
}
