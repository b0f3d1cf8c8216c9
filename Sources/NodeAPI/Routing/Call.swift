import AllianceFiles
package import AllianceModel
import HTTPTypes
package import Hummingbird
import NIOCore
package import NodeStore
import SecureTransport

/// One request that has passed the gate: its route is found, its bearer known and allowed.
package struct Call: Sendable {
    /// The most that one body, or one line of an import, may hold.
    package static let bodyBytesMaximum = 1 << 20

    package var route: Route
    package var parameters: [String: Text]
    package var query: Query
    package var principal: Principal
    package var request: Request
    /// The body; empty for routes that take none, and for imports, which read it as it comes.
    package var body: Bytes

    /// A path's parameter; the route's template has it.
    package func parameter(_ name: String) -> Text { parameters[name] ?? "" }

    /// Whether `sensitive` fields are masked for whoever asks.
    package var masksSensitive: Bool { principal.role == .reader }

    /// The body as JSON.
    package func json() throws(Problem) -> JSON {
        do {
            return try JSONReader.read(body)
        } catch {
            throw Problem(.malformed, "The body is not JSON: \(error).")
        }
    }

    /// Who writes, for audit and idempotency.
    ///
    /// `status`: what success answers with.
    package func caller(status: Int) throws(Problem) -> Caller {
        Caller(
            actor: principal.actor,
            route: route.name,
            idempotencyKey: try idempotencyKey(),
            request: Call.digest(route.method, path: request.uri.path, body: body),
            status: status
        )
    }

    /// SHA-256 over method, path and body: what makes two requests the same.
    static func digest(_ method: HTTPRequest.Method, path: String, body: Bytes) -> Digest {
        var hash = SHA256()
        hash.update(Bytes("\(method.rawValue) \(path)\n".utf8))
        hash.update(body)
        return hash.finish()
    }

    package func idempotencyKey() throws(Problem) -> String? {
        guard let name = HTTPField.Name.idempotencyKey else { return nil }
        let values = request.headers[values: name]
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...128).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw Problem(
                .malformed,
                field: "Idempotency-Key",
                "An Idempotency-Key is 1 to 128 printable ASCII characters, given once."
            )
        }
        return key
    }

    /// The ETag of `If-Match`, without quotes; nil for none and for `*`.
    package func causalityToken() throws(Problem) -> String? {
        let values = request.headers[values: .ifMatch]
        guard let value = values.first, values != ["*"] else { return nil }
        let isQuoted = value.hasPrefix("\"") && value.hasSuffix("\"") && value.utf8.count >= 2
        let token = isQuoted ? String(value.dropFirst().dropLast()) : value
        guard values.count == 1, !token.isEmpty,
            !token.utf8.contains(where: { ",\" \\".utf8.contains($0) })
        else {
            throw Problem(.tokenUnknown, "If-Match takes one ETag, as it was given.")
        }
        return token
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")
}
