package import AllianceFiles
package import HTTPTypes
package import Hummingbird

/// One method on one path: what registration, the OpenAPI test, the access log and the metrics read.
package struct Route: Sendable {
    /// What a request's body has to be.
    package enum Media: Hashable, Sendable {
        case none, json, lines
    }

    package typealias Handler = @Sendable (Endpoints, Call) async throws -> Response

    package var method: HTTPRequest.Method
    /// As OpenAPI writes it: `/v1/records/{id}`.
    package var path: String
    /// The least role; nil: open to whoever can connect.
    package var role: AccessRole?
    package var media: Media
    /// Names of the query parameters taken.
    package var query: [String]
    package var handler: Handler

    package init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ role: AccessRole?,
        media: Media = .none,
        query: [String] = [],
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.role = role
        self.media = media
        self.query = query
        self.handler = handler
    }

    /// Method and template: all that logs and the audit hold of a request's target.
    package var name: String { "\(method.rawValue) \(path)" }
}

extension Route {
    private static let paging = ["limit", "cursor"]

    /// Every route there is.
    package static let all: [Route] = [
        Route(.post, "/v1/records", .clerk, media: .json) { try await $0.createRecord($1) },
        Route(
            .get,
            "/v1/records",
            .reader,
            query: ["item", "home", "stage", "holder", "subject", "updatedAfter"] + paging
        ) { try await $0.listRecords($1) },
        Route(.get, "/v1/records/{id}", .reader) { try await $0.readRecord($1) },
        Route(.patch, "/v1/records/{id}", .clerk, media: .json) { try await $0.patchRecord($1) },
        Route(.delete, "/v1/records/{id}", .clerk) { try await $0.deleteRecord($1) },
        Route(.post, "/v1/records/{id}/transition", .clerk, media: .json) {
            try await $0.moveRecord($1)
        },
        Route(.get, "/v1/records/{id}/history", .reader, query: paging) {
            try await $0.listHistory($1)
        },
        Route(.get, "/v1/records/{id}/explain", .reader) { try await $0.explainRecord($1) },
        Route(.post, "/v1/records:import", .clerk, media: .lines) { try $0.importRecords($1) },
        Route(.get, "/v1/changes", .reader, query: ["after", "wait"] + paging) {
            try await $0.listChanges($1)
        },
        Route(.get, "/v1/conflicts", .reader, query: ["record", "kind", "open"] + paging) {
            try await $0.listConflicts($1)
        },
        Route(.get, "/v1/conflicts/{id}", .reader) { try await $0.readConflict($1) },
        Route(.post, "/v1/conflicts/{id}/resolution", .operator, media: .json) {
            try await $0.resolveConflict($1)
        },
        Route(.post, "/v1/conflicts:reissue", .operator, media: .json) {
            try await $0.reissueForked($1)
        },
        Route(.get, "/v1/held", .reader, query: paging) { try await $0.listHeld($1) },
        Route(.post, "/v1/held/{position}/retry", .operator) { try await $0.retryHeld($1) },
        Route(.get, "/v1/items", .reader, query: paging) { try $0.listItems($1) },
        Route(.post, "/v1/items", .operator, media: .json) { try await $0.proposeItem($1) },
        Route(.get, "/v1/items/{code}", .reader) { try $0.readItem($1) },
        Route(.get, "/v1/items/{code}/{version}", .reader) { try $0.readItem($1) },
        Route(.post, "/v1/items/{code}/{version}/approval", .operator, media: .json) {
            try await $0.approveItem($1)
        },
        Route(.get, "/v1/status", .reader) { try await $0.readStatus($1) },
        Route(.get, "/v1/peers", .reader, query: paging) { try await $0.listPeers($1) },
        Route(.get, "/v1/members", .reader, query: paging) { try $0.listMembers($1) },
        Route(.get, "/v1/audit", .operator, query: paging) { try await $0.listAudit($1) },
        Route(.get, "/v1/verify", .reader, query: ["member"]) { try await $0.verify($1) },
        Route(.post, "/v1/backup", .operator, media: .json) { try await $0.makeBackup($1) },
        Route(.get, "/v1/openapi.json", .reader) { endpoints, _ in endpoints.openAPI() },
        Route(.get, "/healthz", nil) { endpoints, _ in endpoints.health() },
        Route(.get, "/readyz", nil) { endpoints, _ in try await endpoints.readiness() },
        Route(.get, "/metrics", .reader) { endpoints, _ in await endpoints.metrics() },
    ]
}
