import AllianceFiles
import AllianceModel
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
import NIOHTTPTypes
import NodeRuntime
import NodeStore

/// Takes a request from its head to its answer: gate, route, role, body, handler; then log and meter.
package struct APIResponder: HTTPResponder {
    package typealias Context = APIContext

    let door: Door
    let endpoints: Endpoints
    private let logger: Logger
    private let table: RouteTable

    package init(door: Door, endpoints: Endpoints, logger: Logger) {
        self.door = door
        self.endpoints = endpoints
        self.logger = logger
        table = RouteTable(Route.all)
    }

    @Sendable
    package func respond(to request: Request, context: APIContext) async throws -> Response {
        let started = ContinuousClock.now
        let match = table.match(request.method, path: request.uri.path)
        var actor: String?
        var response: Response
        do {
            try passGate(request)
            let (route, parameters) = try APIResponder.found(match)
            let principal = try await principal(of: request, on: context.channel, for: route)
            actor = principal.actor
            let call = Call(
                route: route,
                parameters: parameters,
                query: try Query(request.uri.query, allowed: route.query),
                principal: principal,
                request: request,
                body: try await APIResponder.body(of: request, for: route)
            )
            response = try await route.handler(endpoints, call)
        } catch let problem as Problem {
            response = problem.response
        } catch let error as StoreError {
            // A store that has stopped has been said, once; not again for every request that meets it.
            let level: Logger.Level = await endpoints.service.whyNotReady() == nil ? .error : .debug
            logger.log(level: level, "the store failed", metadata: ["error": "\(error)"])
            response = Problem(error).response
        }
        // Anything else is the connection's own failure: there is nobody left to answer.
        if request.method == .head { response = response.createHeadResponse() }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        note(match, response.status.code, ContinuousClock.now - started, actor)
        return response
    }

    private func passGate(_ request: Request) throws(Problem) {
        guard door == .tcp else { return }
        let host = request.head.authority
        guard endpoints.hostRule.allows(host: host) else {
            throw Problem(
                .hostRefused,
                "Call the node by a loopback address, or list the name in api.hosts."
            )
        }
        guard endpoints.hostRule.allows(origin: request.headers[.origin], host: host) else {
            throw Problem(.originRefused, "Pages of another origin may not call this node.")
        }
    }

    private static func found(
        _ match: RouteTable.Match
    ) throws(Problem)
        -> (Route, [String: Text])
    {
        switch match {
        case .found(let route, _, let parameters): return (route, parameters)
        case .methodRefused(let allowed):
            var problem = Problem(.methodRefused, "Allow lists the methods that this route takes.")
            problem.allowed = allowed
            throw problem
        case .unknown: throw Problem(.routeUnknown, "GET /v1/openapi.json lists the routes.")
        }
    }

    // MARK: Access

    private func principal(
        of request: Request,
        on channel: any Channel,
        for route: Route
    ) async throws -> Principal {
        if door == .socket {
            let user = await endpoints.peerUsers.name(on: channel)
            return Principal(actor: "socket:\(user)", role: .operator)
        }
        guard let role = route.role else { return Principal(actor: "-", role: .reader) }
        guard let header = request.headers[.authorization] else {
            throw Problem(.tokenMissing, "Send Authorization: Bearer and a token of this node.")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer",
            let principal = endpoints.tokens.principal(
                of: String(parts[1]),
                nowMilliseconds: endpoints.wallMilliseconds()
            )
        else { throw Problem(.tokenInvalid, "The token is unknown here, expired or malformed.") }
        guard principal.role >= role else {
            throw Problem(.roleInsufficient, "This needs the role \(role.rawValue).")
        }
        return principal
    }

    // MARK: Body

    private static func body(of request: Request, for route: Route) async throws -> Bytes {
        guard route.media != .none else { return [] }
        try judgeMedia(request, for: route)
        guard route.media == .json else { return [] }
        let tooLarge = Problem(.tooLarge, "A body holds at most \(Call.bodyBytesMaximum) bytes.")
        if let announced = request.headers[.contentLength].flatMap({ Int($0) }),
            announced > Call.bodyBytesMaximum
        {
            throw tooLarge
        }
        var bytes = Bytes()
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= Call.bodyBytesMaximum else { throw tooLarge }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// An absent type is taken for the right one (RFC 9110, section 8.3).
    private static func judgeMedia(_ request: Request, for route: Route) throws(Problem) {
        guard let header = request.headers[.contentType] else { return }
        let parts = header.lowercased().split(separator: ";").map { part in
            part.filter { $0 != " " && $0 != "\t" }
        }
        let accepted =
            route.media == .json
            ? ["application/json"]
            : [
                "application/x-ndjson", "application/ndjson", "application/jsonl",
                "application/json",
            ]
        let charsets = parts.dropFirst().filter { $0.hasPrefix("charset=") }
        guard let type = parts.first, accepted.contains(type),
            charsets.allSatisfy({ ["charset=utf-8", "charset=\"utf-8\""].contains($0) })
        else {
            throw Problem(.mediaRefused, "This route takes \(accepted[0]) in UTF-8.")
        }
    }

    // MARK: Log and meter

    /// The template, never path, query or body.
    private func note(
        _ match: RouteTable.Match,
        _ status: Int,
        _ duration: Duration,
        _ actor: String?
    ) {
        var index: Int?
        var name = "-"
        if case .found(let route, let position, _) = match {
            index = position
            name = route.name
        }
        endpoints.meter.count(route: index, status: status, duration)
        logger.log(
            level: status < 400 ? .debug : .info,
            "request",
            metadata: [
                "route": "\(name)", "status": "\(status)", "actor": "\(actor ?? "-")",
                "microseconds": "\(duration / .microseconds(1))",
            ]
        )
    }
}
