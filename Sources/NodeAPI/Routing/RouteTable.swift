import AllianceModel
import HTTPTypes

/// Finds the route of a method and path.
struct RouteTable: Sendable {
    enum Match: Sendable {
        /// The route, its index in the table, and the path's parameters by name.
        case found(Route, index: Int, parameters: [String: Text])
        case methodRefused(allowed: [HTTPRequest.Method])
        case unknown
    }

    /// One path and the routes on it.
    private struct Template: Sendable {
        var segments: [Segment]
        var routes: [(index: Int, route: Route)]
    }

    private enum Segment: Hashable, Sendable {
        case literal(Bytes)
        case parameter(String)
    }

    private var templates: [Template] = []

    init(_ routes: [Route]) {
        for (index, route) in routes.enumerated() {
            let segments = RouteTable.segments(route.path)
            if let known = templates.firstIndex(where: { $0.segments == segments }) {
                templates[known].routes.append((index, route))
            } else {
                templates.append(Template(segments: segments, routes: [(index, route)]))
            }
        }
    }

    private static func segments(_ path: String) -> [Segment] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { part in
            part.first == UInt8(ascii: "{")
                ? .parameter(String(decoding: part.dropFirst().dropLast(), as: UTF8.self))
                : .literal(Bytes(part))
        }
    }

    /// `path`: as it stood in the request, still percent-encoded.
    ///
    /// HEAD is served by the GET route (RFC 9110, section 9.3.2).
    func match(_ method: HTTPRequest.Method, path: String) -> Match {
        guard path.utf8.first == UInt8(ascii: "/") else { return .unknown }
        let parts = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        )
        for template in templates {
            guard let parameters = RouteTable.parameters(parts, template.segments) else { continue }
            let wanted = method == .head ? .get : method
            if let (index, route) = template.routes.first(where: { $0.route.method == wanted }) {
                return .found(route, index: index, parameters: parameters)
            }
            return .methodRefused(allowed: RouteTable.allowed(template.routes.map(\.route.method)))
        }
        return .unknown
    }

    private static func allowed(_ methods: [HTTPRequest.Method]) -> [HTTPRequest.Method] {
        let all = methods.contains(.get) ? methods + [.head] : methods
        return all.sorted { $0.rawValue < $1.rawValue }
    }

    /// The parameters of a path that has the template's form, else nil.
    private static func parameters(
        _ parts: [Substring.UTF8View.SubSequence],
        _ segments: [Segment]
    ) -> [String: Text]? {
        guard parts.count == segments.count else { return nil }
        var parameters: [String: Text] = [:]
        for (part, segment) in zip(parts, segments) {
            switch segment {
            case .literal(let expected):
                guard part.elementsEqual(expected) else { return nil }
            case .parameter(let name):
                guard let value = PercentDecoding.decode(part), !value.isEmpty else { return nil }
                parameters[name] = value
            }
        }
        return parameters
    }
}
