import AllianceModel
import HTTPTypes
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    func createRecord(_ call: Call) async throws -> Response {
        let caller = try call.caller(status: 201)
        let json = try call.json()
        return try await answeredBefore(caller, uuid: UUIDBytes(in: json), call) {
            try await service.create(try creation(json), caller)
        }
    }

    func readRecord(_ call: Call) async throws -> Response {
        let snapshot = try await snapshot(call)
        return Answer.json(
            document(snapshot, call),
            headers: [.eTag: "\"\(snapshot.token)\""]
        )
    }

    func patchRecord(_ call: Call) async throws -> Response {
        try await changeRecord(call, Endpoints.patch)
    }

    func moveRecord(_ call: Call) async throws -> Response {
        try await changeRecord(call, Endpoints.move)
    }

    func deleteRecord(_ call: Call) async throws -> Response {
        let caller = try call.caller(status: 200)
        let token = try call.causalityToken()
        let result = try await service.delete(try identifier(call), token: token, caller)
        return answer(try result.get(), call)
    }

    private func changeRecord(
        _ call: Call,
        _ parse: (Endpoints) -> (JSON, ItemDefinition) throws(Problem) -> ChangeRequest
    ) async throws -> Response {
        let caller = try call.caller(status: 200)
        let token = try call.causalityToken()
        let json = try call.json()
        let snapshot = try await snapshot(call)
        let identifier = snapshot.state.key.identifier
        return try await answeredBefore(caller, uuid: nil, call) {
            let request = try parse(self)(json, snapshot.definition)
            return try await service.change(identifier, request, token: token, caller)
        }
    }

    /// Answers a write, or as the first time if the same request was carried out before.
    ///
    /// Whether it was is looked up by key or id when the request fails before the store sees it: what
    /// it says is read by the item's version in effect, or against a conflict, and these may be others
    /// now. The store itself looks first in every other case.
    func answeredBefore(
        _ caller: Caller,
        uuid: UUIDBytes?,
        _ call: Call,
        _ write: () async throws -> Result<WriteAnswer, Refusal>
    ) async throws -> Response {
        do {
            return answer(try await write().get(), call)
        } catch let problem as Problem {
            guard caller.idempotencyKey != nil || uuid != nil,
                let earlier = try await service.earlierAnswer(caller, uuid: uuid)
            else { throw problem }
            return answer(try earlier.get(), call)
        }
    }

    /// The record that the path names.
    private func snapshot(_ call: Call) async throws -> RecordSnapshot {
        guard let snapshot = try await service.record(try identifier(call)) else {
            throw Problem.recordUnknown()
        }
        return snapshot
    }

    private func document(_ snapshot: RecordSnapshot, _ call: Call) -> Bytes {
        var json = JSONWriter(capacity: 1_024)
        json.record(snapshot, for: service.member, masks: call.masksSensitive)
        return json.bytes
    }

    /// The record as it now stands, with its ETag; of a new one also where it is.
    private func answer(_ answer: WriteAnswer, _ call: Call) -> Response {
        var headers: HTTPFields = [.eTag: "\"\(answer.snapshot.token)\""]
        if answer.status == 201 {
            let printed = answer.snapshot.state.key.identifier.printed
            headers[.location] = "/v1/records/" + String(decoding: printed, as: UTF8.self)
        }
        return Answer.json(document(answer.snapshot, call), status: answer.status, headers: headers)
    }

    // MARK: Lists

    func listRecords(_ call: Call) async throws -> Response {
        var query = RecordQuery(limit: try call.query.limit())
        query.item = call.query["item"]
        query.home = try call.query.member("home")
        query.stage = call.query["stage"]
        query.holder = try call.query.member("holder")
        query.subject = call.query["subject"]
        if let text = call.query["updatedAfter"] {
            guard let milliseconds = Timestamps.parse(text.string) else {
                throw Problem.invalid("updatedAfter", "is not a time of RFC 3339")
            }
            query.updatedAfter = milliseconds
        }
        query.cursor = try call.query.cursor()
        let page = try await service.records(query)
        let member = service.member
        let masks = call.masksSensitive
        return Answer.page("records", page.records, next: page.next.map(Base64URL.encode)) {
            json,
            snapshot in json.record(snapshot, for: member, masks: masks)
        }
    }
}

extension Result where Success == WriteAnswer, Failure == Refusal {
    func get() throws(Problem) -> WriteAnswer {
        switch self {
        case .success(let answer): return answer
        case .failure(let refusal): throw Problem(refusal)
        }
    }
}

extension UUIDBytes {
    /// The `id` of a creation, if it has one that can be read.
    init?(in creation: JSON) {
        guard let text = creation["id"]?.string?.string else { return nil }
        self.init(version7: text.lowercased())
    }
}
