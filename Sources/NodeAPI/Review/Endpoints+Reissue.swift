import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    /// Issues this member's own forked writes again, or tells which would be: `{record?, dryRun?,
    /// cursor?, limit?}`.
    func reissueForked(_ call: Call) async throws -> Response {
        let body = try RequestObject(
            try call.json(),
            keys: ["record", "dryRun", "cursor", "limit"]
        )
        var query = ReissueQuery(limit: try limit(body))
        if let text = try body.optionalText("record") {
            guard let record = RecordIdentifier(text.string) else {
                throw Problem(.recordUnknown, field: "record", "No record has an id of that form.")
            }
            query.record = record
        }
        switch body["dryRun"] {
        case nil, .null: break
        case .boolean(let flag): query.isTrial = flag
        default: throw Problem.invalid("dryRun", "is neither true nor false")
        }
        if let text = try body.optionalText("cursor") {
            guard query.record == nil, let cursor = Int64(text.string), cursor > 0 else {
                throw Problem.invalid("cursor", "is not a cursor of this list")
            }
            query.cursor = cursor
        }
        let result = try await service.reissue(query, try call.caller(status: 200))
        let page = try result.mapError { Problem($0) }.get()
        return Answer.json { json in
            json.key("issued")
            json.number(page.reissues.count { $0.outcome == .issued })
            json.key("lookedAt")
            json.number(page.lookedAt)
            json.key("writes")
            json.array { json in
                for reissue in page.reissues { json.reissue(reissue) }
            }
            json.key("next")
            json.string(page.next.map { String($0) })
        }
    }

    private func limit(_ body: RequestObject) throws(Problem) -> Int {
        guard let given = body["limit"], given != .null else { return 100 }
        guard let limit = given.integer, (1...1_000).contains(limit) else {
            throw Problem.invalid("limit", "is no number from 1 to 1000")
        }
        return Int(limit)
    }
}

extension JSONWriter {
    /// No value: who may see it finds it in the journal.
    fileprivate mutating func reissue(_ reissue: Reissue) {
        object { json in
            json.key("record")
            json.string(reissue.record)
            json.key("field")
            json.string(reissue.field)
            json.key("time")
            json.time(reissue.timestamp.milliseconds)
            json.key("dot")
            json.dot(reissue.dot)
            json.key("result")
            switch reissue.outcome {
            case .issued: json.string("issued")
            case .wouldBeIssued: json.string("would_be_issued")
            case .skipped: json.string("skipped")
            }
            json.key("reason")
            if case .skipped(let reason, let detail) = reissue.outcome {
                json.string(reason.rawValue)
                json.key("detail")
                json.string(detail)
            } else {
                json.null()
                json.key("detail")
                json.null()
            }
        }
    }
}
