import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    // MARK: Held changesets

    func listHeld(_ call: Call) async throws -> Response {
        let after = try call.query.position("cursor") ?? 0
        let page = try await service.held(after: after, limit: try call.query.limit())
        return Answer.page("held", page.rows, next: page.next.map { String($0) }) { json, row in
            json.held(row)
        }
    }

    /// Judges a held changeset again at once, and says what came of it.
    func retryHeld(_ call: Call) async throws -> Response {
        guard let position = LogPosition(call.parameter("position").string), position > 0 else {
            throw Problem(
                .heldUnknown,
                "Nothing is held at that position; GET /v1/held lists them."
            )
        }
        let result = try await service.retryHeld(position, try call.caller(status: 200))
        let outcome = try result.mapError { Problem($0) }.get()
        return Answer.json { json in
            json.key("position")
            json.number(position)
            json.key("released")
            json.boolean(outcome == .released)
            json.key("held")
            if case .held(let row) = outcome { json.held(row) } else { json.null() }
        }
    }

    // MARK: Backup

    private static let pathBytesMaximum = 4_095

    /// `{file}`: a path on the node's machine that is not there yet.
    func makeBackup(_ call: Call) async throws -> Response {
        let body = try RequestObject(try call.json(), keys: ["file"])
        let path = try body.text("file")
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw Problem.invalid("file", "is not an absolute path on the node's machine")
        }
        guard path.utf8.count <= Endpoints.pathBytesMaximum else {
            throw Problem.invalid("file", "is longer than \(Endpoints.pathBytesMaximum) bytes")
        }
        let result = try await service.backup(to: path.string, try call.caller(status: 200))
        let report = try result.mapError { Problem($0) }.get()
        return Answer.json { json in
            json.key("file")
            json.string(report.path)
            json.key("bytes")
            json.number(report.bytes)
            json.key("position")
            json.number(report.position)
            json.key("milliseconds")
            json.number(report.milliseconds)
        }
    }
}

extension JSONWriter {
    mutating func held(_ row: HeldRow) {
        object { json in
            json.key("position")
            json.number(row.position)
            json.key("reason")
            json.string(row.reason.rawValue)
            json.key("detail")
            json.string(row.detail)
            json.key("owner")
            // As a reason's owner in the status document: several are the members that have to act.
            let owners = row.owners.map(\.string).joined(separator: " ")
            json.string(owners.isEmpty ? nil : owners)
            json.key("author")
            json.string(row.author.text)
            json.key("record")
            if let record = row.record { json.string(record) } else { json.null() }
            json.key("written")
            json.time(row.timestamp.milliseconds)
            json.key("since")
            json.time(row.since)
            json.key("nextTry")
            if let nextTry = row.nextTry { json.time(nextTry) } else { json.null() }
        }
    }
}
