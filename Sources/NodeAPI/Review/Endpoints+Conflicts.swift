import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    /// Values under review and the journal; open ones unless `open=false`.
    func listConflicts(_ call: Call) async throws -> Response {
        var query = ConflictQuery(limit: try call.query.limit())
        if let text = call.query["record"] {
            guard let record = RecordIdentifier(text.string) else {
                throw Problem(.recordUnknown, field: "record", "No record has an id of that form.")
            }
            query.record = record
        }
        if let text = call.query["kind"] {
            guard let kind = ConflictKind(rawValue: text.string) else {
                let kinds = ConflictKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.invalid("kind", "is none of \(kinds)")
            }
            query.kind = kind
        }
        query.includesClosed = try call.query.flag("open") == false
        query.cursor = try call.query.cursor()
        let page = try await service.conflicts(query)
        let rows = page.rows.compactMap { row -> (Conflict, Visibility, Text)? in
            let sight = sight(of: row.snapshot, call)
            guard sight.shows(row.conflict.field) else { return nil }
            return (row.conflict, sight, row.snapshot.state.header.item)
        }
        return Answer.page("conflicts", rows, next: page.next.map(Base64URL.encode)) { json, row in
            json.conflict(row.0, of: row.2, row.1)
        }
    }

    func readConflict(_ call: Call) async throws -> Response {
        let row = try await conflict(call)
        let sight = sight(of: row.snapshot, call)
        var json = JSONWriter()
        json.conflict(row.conflict, of: row.snapshot.state.header.item, sight)
        return Answer.json(json.bytes)
    }

    /// Decides a conflict: `{choose}`, `{value}` or `{close}`.
    func resolveConflict(_ call: Call) async throws -> Response {
        let caller = try call.caller(status: 200)
        return try await answeredBefore(caller, uuid: nil, call) {
            let body = try RequestObject(try call.json(), keys: ["choose", "value", "close"])
            let row = try await conflict(call)
            let resolution = try resolution(body, of: row)
            return try await service.resolve(
                row.conflict.id,
                of: row.conflict.record,
                resolution,
                caller
            )
        }
    }

    /// The conflict that the path names, if this member may see it.
    private func conflict(_ call: Call) async throws -> ConflictRow {
        guard let row = try await service.conflict(call.parameter("id")),
            sight(of: row.snapshot, call).shows(row.conflict.field)
        else {
            throw Problem(
                .conflictUnknown,
                "This node has no conflict of that id; GET /v1/conflicts lists them."
            )
        }
        return row
    }

    private func resolution(
        _ body: RequestObject,
        of row: ConflictRow
    ) throws(Problem) -> Resolution {
        let given = (["choose", "value", "close"] as [Text]).filter { body[$0] != nil }
        guard given.count == 1, let key = given.first else {
            throw Problem(.malformed, "Give one of choose, value and close.")
        }
        switch key {
        case "choose": return .choose(try choice(body, of: row.conflict))
        case "close": return .close(try record(body, of: row.conflict))
        default: return .write(try change(try body.required("value"), of: row))
        }
    }

    private func choice(_ body: RequestObject, of conflict: Conflict) throws(Problem) -> Int {
        guard let index = body["choose"]?.integer, conflict.values.indices.contains(Int(index))
        else {
            throw Problem.invalid(
                "choose",
                "is no index of the conflict's values, 0 to \(conflict.values.count - 1)"
            )
        }
        return Int(index)
    }

    /// The record that is to be closed: one of those that collide.
    private func record(
        _ body: RequestObject,
        of conflict: Conflict
    ) throws(Problem) -> RecordIdentifier {
        guard conflict.kind == .duplicate || conflict.kind == .twoCreations else {
            throw Problem.invalid("close", "closes one of two records; this conflict is of a field")
        }
        let text = try body.text("close")
        guard let identifier = RecordIdentifier(text.string),
            conflict.values.contains(where: { $0.value == .single(.text(text)) })
        else { throw Problem.invalid("close", "is none of the records that collide") }
        return identifier
    }

    /// A new value, in the form that a change of the field has.
    private func change(_ json: JSON, of row: ConflictRow) throws(Problem) -> FieldChange {
        guard let field = row.conflict.field else {
            throw Problem.invalid("value", "writes a field; this conflict is of whole records")
        }
        let fields = JSON.object([JSON.Member(key: field, value: json)])
        let requests = try FieldParsing.change(
            fields,
            row.snapshot.definition,
            isResolution: true
        )
        guard let request = requests.first else {
            throw Problem.invalid("value", "writes nothing")
        }
        return request.change
    }
}

extension Query {
    /// `true` or `false`; nil when it is absent.
    func flag(_ name: String) throws(Problem) -> Bool? {
        switch self[name] {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw Problem.invalid(name, "is neither true nor false")
        }
    }

    /// The opaque cursor of a list, decoded.
    func cursor() throws(Problem) -> Bytes? {
        guard let text = self["cursor"] else { return nil }
        guard let bytes = Base64URL.decode(text) else {
            throw Problem.invalid("cursor", "is not a cursor of this list")
        }
        return bytes
    }
}

extension JSONWriter {
    fileprivate mutating func conflict(_ conflict: Conflict, of item: Text, _ sight: Visibility) {
        object { json in
            json.key("id")
            json.string(conflict.id)
            json.key("kind")
            json.string(conflict.kind.rawValue)
            json.key("record")
            json.string(conflict.record.identifier)
            json.key("item")
            json.string(item)
            json.key("field")
            json.string(conflict.field?.string)
            json.key("since")
            json.time(conflict.since.milliseconds)
            json.key("open")
            json.boolean(conflict.isOpen)
            json.key("waits")
            json.boolean(conflict.waitsForDecision)
            json.key("owner")
            json.string(conflict.owner?.string)
            json.key("rule")
            json.string(conflict.rule)
            json.key("values")
            json.array { json in
                for value in conflict.values { json.value(value, to: conflict.field, sight) }
            }
        }
    }

    private mutating func value(
        _ value: Conflict.Value,
        to field: Text?,
        _ sight: Visibility
    ) {
        object { json in
            json.key("value")
            json.written(value.value, to: field, sight)
            json.key("writer")
            json.string(value.writer.text)
            json.key("time")
            if let timestamp = value.timestamp {
                json.time(timestamp.milliseconds)
            } else {
                json.null()
            }
            json.key("shown")
            json.boolean(value.isShown)
            json.key("verdict")
            json.string(value.verdict?.rawValue)
            json.key("dot")
            json.dot(value.dot)
        }
    }
}
