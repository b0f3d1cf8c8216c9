import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    /// Newest first.
    func listAudit(_ call: Call) async throws -> Response {
        let limit = try call.query.limit()
        let before = try call.query.position("cursor")
        let rows = try await service.audit(before: before, limit: limit)
        let next = rows.count == limit ? rows.last.map { String($0.sequence) } : nil
        return Answer.page("audit", rows, next: next) { json, row in
            json.object { json in
                json.key("sequence")
                json.number(row.sequence)
                json.key("time")
                json.string(Timestamps.format(row.time))
                json.key("actor")
                json.string(row.actor)
                json.key("route")
                json.string(row.route)
                json.key("record")
                json.string(row.subject)
                json.key("result")
                json.number(row.result)
            }
        }
    }

    /// One comparison with `member`, or without it a list of all.
    func verify(_ call: Call) async throws -> Response {
        guard let code = call.query["member"] else {
            let all = try await service.verify(with: nil)
            return Answer.page("verify", all, next: nil) { json, row in json.verification(row) }
        }
        guard let member = MemberCode(utf8: code.utf8), service.roster.contains(member) else {
            throw Problem(.memberUnknown, field: "member", "GET /v1/members lists the members.")
        }
        guard member != service.member else {
            throw Problem.invalid("member", "is this node itself")
        }
        guard let row = try await service.verify(with: member).first else {
            throw Problem(.failed, "The comparison came to nothing.")
        }
        var json = JSONWriter()
        json.verification(row)
        return Answer.json(json.bytes)
    }
}

extension JSONWriter {
    fileprivate mutating func verification(_ row: Verification) {
        object { json in
            json.key("member")
            json.string(row.member.text)
            json.key("equal")
            if let equal = row.equal { json.boolean(equal) } else { json.null() }
            json.key("records")
            json.number(row.records)
            json.key("digest")
            json.string(row.digest.hex)
            json.key("differing")
            json.array { json in
                for difference in row.differing {
                    json.object { json in
                        json.key("record")
                        json.string(difference.record.description)
                        json.key("reason")
                        json.string(difference.reason)
                    }
                }
            }
            json.key("problem")
            json.string(row.problem)
        }
    }
}
