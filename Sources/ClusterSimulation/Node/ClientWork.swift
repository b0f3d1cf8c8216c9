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

    init(_ request: ClientRequest) { self.request = request }

    var count: Int { 1 }

    func run(
        _ ledger: inout Ledger<SQLiteStore>,
        wallMilliseconds wall: Int64
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
