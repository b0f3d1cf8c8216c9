import AllianceModel
import HTTPTypes
import Hummingbird
import NIOCore
import NodeRuntime
import NodeStore
import ServiceLifecycle

/// `GET /v1/changes` as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
extension Endpoints {
    /// Whether the client would rather have a stream than one page.
    ///
    /// JSON wins where both are as welcome (RFC 9110, section 12.5.1): a client that takes anything
    /// wants an answer that ends.
    static func prefersStream(_ request: Request) -> Bool {
        var stream = 0.0
        var json = 0.0
        for element in request.headers[values: .accept].joined(separator: ",").split(separator: ",")
        {
            let parts = element.split(separator: ";").map { part in
                part.filter { $0 != " " && $0 != "\t" }.lowercased()
            }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            let quality = weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            switch parts.first {
            case "text/event-stream": stream = max(stream, quality)
            case "application/json": json = max(json, quality)
            default: break
            }
        }
        return stream > json
    }

    /// Changes behind a cursor as they come, until the client goes or the node stops.
    func streamChanges(_ call: Call) async throws -> Response {
        guard call.query["wait"] == nil else {
            throw Problem.invalid("wait", "is for pages: a stream waits by itself")
        }
        let limit = try call.query.limit()
        // A client that connects again sends its first request's query, and where it got to.
        let start = try call.lastEventID() ?? call.changesCursor() ?? 0
        try await requireReached(start)
        let stream = ChangeStream(endpoints: self, start: start, limit: limit)
        // Waits for as long as the stream lasts, which is past the end of this function.
        let place = try waits.take()
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8"],
            body: ResponseBody { writer in
                defer { withExtendedLifetime(place) {} }
                try await stream.write(to: &writer)
                try await writer.finish(nil)
            }
        )
    }

    /// Refuses a cursor beyond the end of the log: it is another node's, or the store was put back.
    func requireReached(_ position: LogPosition) async throws {
        guard position > 0, let last = await service.observe().lastPosition, last < position
        else { return }
        throw Problem(
            .cursorExpired,
            "The cursor is beyond this node's log: it is another's, or the store was put back."
        )
    }
}

extension Call {
    /// Where a page or stream of changes begins; nil: at the beginning.
    func changesCursor() throws(Problem) -> LogPosition? {
        let after = try query.position("after")
        let cursor = try query.position("cursor")
        guard after == nil || cursor == nil else {
            throw Problem.invalid("cursor", "says the same as after: give one of them")
        }
        return after ?? cursor
    }

    /// The cursor of the last event that a client has had.
    fileprivate func lastEventID() throws(Problem) -> LogPosition? {
        guard let name = HTTPField.Name("Last-Event-ID"), let text = request.headers[name],
            !text.isEmpty
        else { return nil }
        guard let position = LogPosition(text), position >= 0 else {
            throw Problem.invalid("Last-Event-ID", "is not a cursor of this list")
        }
        return position
    }
}

/// One stream: reads what is there, writes it, waits for more.
///
/// The next page is read only once the client has taken the last one.
private struct ChangeStream: Sendable {
    /// How long a client is to wait before it connects again, milliseconds.
    private static let retryMilliseconds = 2_000

    let endpoints: Endpoints
    let start: LogPosition
    let limit: Int

    func write(to writer: inout any ResponseBodyWriter) async throws {
        var position = start
        try await writer.write(ByteBuffer(string: "retry: \(ChangeStream.retryMilliseconds)\n\n"))
        var lastWritten = ContinuousClock.now
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            let part = endpoints.pace.partMilliseconds
            let began = ContinuousClock.now
            let page: ChangePage
            do {
                page = try await endpoints.service.changes(
                    after: position,
                    limit: limit,
                    waitMilliseconds: part
                )
            } catch {
                // The head is sent long ago: what went wrong is told as an event of its own.
                try await writer.write(ChangeStream.event(Problem(error)))
                return
            }
            position = max(position, page.next)
            if !page.changes.isEmpty {
                try await writer.write(ChangeStream.events(page.changes))
                lastWritten = .now
            } else if ContinuousClock.now - began < .milliseconds(part / 2) {
                // A node that has stopped answers without waiting.
                return
            } else if ContinuousClock.now - lastWritten >= endpoints.pace.heartbeat {
                // A comment: both sides, and every proxy between, learn that the other is there.
                try await writer.write(ByteBuffer(string: ":\n\n"))
                lastWritten = .now
            }
        }
    }

    private static func events(_ changes: [ChangePage.Change]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for change in changes {
            var json = JSONWriter(capacity: 256)
            json.change(change)
            buffer.writeString("id: \(change.cursor)\nevent: change\ndata: ")
            buffer.writeBytes(json.bytes)
            buffer.writeString("\n\n")
        }
        return buffer
    }

    private static func event(_ problem: Problem) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: problem\ndata: ")
        buffer.writeBytes(problem.bytes)
        buffer.writeString("\n\n")
        return buffer
    }
}
