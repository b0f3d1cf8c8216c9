import AllianceModel
import HTTPTypes
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    func createRecord(_ call: Call) async throws -> Response {
        let caller = try call.caller(status: 201)
        let creation = try creation(try call.json())
        return answer(try await service.create(creation, caller).get(), call)
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

    private func changeRecord(
        _ call: Call,
        _ parse: (Endpoints) -> (JSON, ItemDefinition) throws(Problem) -> ChangeRequest
    ) async throws -> Response {
        let caller = try call.caller(status: 200)
        let token = try call.causalityToken()
        let json = try call.json()
        let snapshot = try await snapshot(call)
        let request = try parse(self)(json, snapshot.definition)
        let identifier = snapshot.state.key.identifier
        let result = try await service.change(identifier, request, token: token, caller)
        return answer(try result.get(), call)
    }

    /// The record that the path names.
    private func snapshot(_ call: Call) async throws -> RecordSnapshot {
        guard let identifier = RecordIdentifier(call.parameter("id").string),
            let snapshot = try await service.record(identifier)
        else { throw Problem(.recordUnknown, "This node has no record of that id.") }
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
        if let cursor = call.query["cursor"] {
            guard let bytes = Base64URL.decode(cursor) else {
                throw Problem.invalid("cursor", "is not a cursor of this list")
            }
            query.cursor = bytes
        }
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
