package import AllianceModel
package import HTTPTypes
import Hummingbird
import NIOCore
package import NodeStore
package import ReplicationCore

/// Why a request is refused, as RFC 9457 `application/problem+json` tells it.
///
/// It names the field at fault, never its value.
package struct Problem: Error, Hashable, Sendable {
    /// One of several reasons, as of a definition that cannot be proposed.
    package struct Reason: Hashable, Sendable {
        /// Where, in the words of the request: `fields.monthlyRent.merge`.
        package var key: String
        package var detail: String
        package var remedy: String
    }

    package var code: ProblemCode
    package var field: Text?
    package var detail: String
    package var reasons: [Reason] = []
    /// Methods that the route takes; only of `methodRefused`.
    package var allowed: [HTTPRequest.Method] = []

    package init(_ code: ProblemCode, field: Text? = nil, _ detail: String) {
        self.code = code
        self.field = field
        self.detail = detail
    }

    package init(_ refusal: Refusal) {
        self.init(ProblemCode(refusal.code), field: refusal.field, refusal.detail)
    }

    /// What a failing store leaves to say.
    ///
    /// Only `.failed` leaves open whether a write is stored.
    package init(_ error: StoreError) {
        switch error {
        case .full:
            self.init(.storeStopped, "The disk is full; nothing of the request is stored.")
        case .failed:
            self.init(.failed, "The store failed; look whether the request was carried out.")
        case .unopenable, .locked, .damaged, .newer, .stopped:
            self.init(.storeStopped, "The store has stopped; see the node's log and restart it.")
        }
    }
}

extension Problem {
    /// `urn:` and not a page: nothing has to be looked up to know what a code means.
    private static let typePrefix = "urn:citysync:problem:"

    package var bytes: Bytes {
        var json = JSONWriter()
        json.object { json in
            json.key("type")
            json.string(Problem.typePrefix + code.rawValue)
            json.key("title")
            json.string(code.title)
            json.key("status")
            json.number(code.status)
            json.key("code")
            json.string(code.rawValue)
            json.key("detail")
            json.string(detail)
            if let field {
                json.key("field")
                json.string(field)
            }
            guard !reasons.isEmpty else { return }
            json.key("reasons")
            json.array { json in
                for reason in reasons {
                    json.object { json in
                        json.key("key")
                        json.string(reason.key)
                        json.key("detail")
                        json.string(reason.detail)
                        json.key("remedy")
                        json.string(reason.remedy)
                    }
                }
            }
        }
        return json.bytes
    }

    var response: Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if code.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if code == .methodRefused {
            headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        }
        return Response(
            status: HTTPResponse.Status(code: code.status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
