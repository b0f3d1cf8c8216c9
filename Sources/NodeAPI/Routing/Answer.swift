import AllianceModel
import HTTPTypes
import Hummingbird
import NIOCore

/// The answers of routes that succeed.
enum Answer {
    static func json(
        _ bytes: Bytes,
        status: Int = 200,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: HTTPResponse.Status(code: status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    static func json(_ body: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        writer.object(body)
        return json(writer.bytes)
    }

    /// `{"<rows>": [...], "next": cursor or null}` and what `more` adds.
    static func page<Row>(
        _ name: StaticString,
        _ rows: [Row],
        next: String?,
        more: (inout JSONWriter) -> Void = { _ in },
        row: (inout JSONWriter, Row) -> Void
    ) -> Response {
        json { json in
            json.key(name)
            json.array { json in
                for element in rows { row(&json, element) }
            }
            json.key("next")
            json.string(next)
            more(&json)
        }
    }
}
