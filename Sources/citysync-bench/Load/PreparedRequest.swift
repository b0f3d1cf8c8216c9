import NIOCore

/// An HTTP/1.1 request as bytes, and when it is sent.
struct PreparedRequest: Sendable {
    var bytes: ByteBuffer
    /// Not sent before; nil: as soon as the connection is free.
    var due: NIODeadline?

    static func post(_ path: String, _ body: String) -> PreparedRequest {
        with("POST", path, body)
    }

    static func patch(_ path: String, _ body: String) -> PreparedRequest {
        with("PATCH", path, body)
    }

    private static func with(_ method: String, _ path: String, _ body: String) -> PreparedRequest {
        PreparedRequest(
            bytes: ByteBuffer(
                string: "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
                    + "Content-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
            )
        )
    }

    static func get(_ path: String) -> PreparedRequest {
        PreparedRequest(
            bytes: ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        )
    }

    func due(at moment: NIODeadline) -> PreparedRequest {
        PreparedRequest(bytes: bytes, due: moment)
    }
}
