package import NIOCore

extension NodeClient {
    /// A record as an answer gave it.
    package struct Record: Sendable {
        package var json: JSON
        package var etag: String?

        package var id: String { json["id"].string ?? "" }
        package var fields: [String: JSON] { json["fields"].members }
        package var stage: String? { json["stage"].string }
        package var holder: String? { json["holder"].string }

        init(_ reply: Reply) throws {
            json = try reply.json
            etag = reply.etag
        }
    }

    package func create(
        _ item: String,
        home: String? = nil,
        parties: [String] = [],
        fields: JSON,
        id: String? = nil,
        key: String? = nil
    ) async throws -> Record {
        var body: JSON = ["item": .string(item), "fields": fields]
        if let home { body["home"] = .string(home) }
        if !parties.isEmpty { body["parties"] = .array(parties.map { .string($0) }) }
        if let id { body["id"] = .string(id) }
        var request = try Request("POST", "/v1/records", body)
        request.idempotencyKey = key
        return try Record(try await succeed(request))
    }

    package func patch(
        _ id: String,
        fields: JSON,
        ifMatch: String? = nil,
        key: String? = nil
    ) async throws -> Record {
        var request = try Request("PATCH", "/v1/records/\(id)", ["fields": fields])
        request.ifMatch = ifMatch
        request.idempotencyKey = key
        return try Record(try await succeed(request))
    }

    package func transition(
        _ id: String,
        to stage: String? = nil,
        holder: String? = nil,
        fields: JSON? = nil,
        key: String? = nil
    ) async throws -> Record {
        var body: JSON = [:]
        if let stage { body["to"] = .string(stage) }
        if let holder { body["holder"] = .string(holder) }
        if let fields { body["fields"] = fields }
        var request = try Request("POST", "/v1/records/\(id)/transition", body)
        request.idempotencyKey = key
        return try Record(try await succeed(request))
    }

    package func record(_ id: String) async throws -> Record {
        try Record(try await succeed(try Request("GET", "/v1/records/\(id)")))
    }

    /// Nil: the node has no such record.
    package func recordIfKnown(_ id: String) async throws -> Record? {
        let reply = try await send(try Request("GET", "/v1/records/\(id)"))
        if reply.status == 404 { return nil }
        guard reply.isSuccess else { throw Failure.refused(reply) }
        return try Record(reply)
    }

    /// Every record that the query finds, page by page.
    ///
    /// `query` without `limit` and `cursor`.
    package func records(_ query: String = "") async throws -> [JSON] {
        var found: [JSON] = []
        var cursor: String?
        repeat {
            var path = "/v1/records?limit=1000"
            if !query.isEmpty { path += "&\(query)" }
            if let cursor { path += "&cursor=\(cursor)" }
            let page = try await get(path)
            found += page["records"].elements
            cursor = page["next"].string
        } while cursor != nil
        return found
    }

    /// Sends lines as they are; returns the line answers that came.
    package func importLines(
        _ lines: [JSON],
        limit: TimeAmount = .seconds(60)
    ) async throws -> [JSON] {
        var body = ByteBuffer()
        for line in lines {
            body.writeBytes(try line.bytes)
            body.writeString("\n")
        }
        var request = try Request("POST", "/v1/records:import")
        request.body = body
        request.mediaType = "application/x-ndjson"
        request.limit = limit
        let reply = try await succeed(request)
        return try reply.body.readableBytesView.split(separator: UInt8(ascii: "\n"))
            .map { try JSON(parsing: Array($0)) }
    }

    /// What changed here behind `cursor`, waiting up to `seconds` for something.
    package func changes(
        after cursor: String?,
        wait seconds: Int = 0,
        limit: Int = 1_000
    ) async throws -> JSON {
        var path = "/v1/changes?limit=\(limit)"
        if let cursor { path += "&after=\(cursor)" }
        if seconds > 0 { path += "&wait=\(seconds)" }
        return try await get(path)
    }
}
