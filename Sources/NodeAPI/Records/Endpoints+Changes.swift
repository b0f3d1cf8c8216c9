import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore
import ServiceLifecycle

extension Endpoints {
    private static let waitSecondsMaximum = 60

    /// What changed here behind a cursor, oldest first.
    ///
    /// `next` leads to more that is there already; `cursor` is where to go on from later.
    func listChanges(_ call: Call) async throws -> Response {
        if Endpoints.prefersStream(call.request) { return try await streamChanges(call) }
        let limit = try call.query.limit()
        let from = try call.changesCursor() ?? 0
        let seconds = try call.query.integer("wait", in: 0...Endpoints.waitSecondsMaximum) ?? 0
        // One more than asked for, so that `next` is null exactly at the end.
        let page =
            seconds == 0
            ? try await service.changes(after: from, limit: limit + 1, waitMilliseconds: 0)
            : try await waits.waiting {
                try await awaitChanges(after: from, limit: limit + 1, seconds: seconds)
            }
        if page.changes.isEmpty { try await requireReached(from) }
        let rows = Array(page.changes.prefix(limit))
        let isLast = rows.count == page.changes.count
        let end = isLast ? page.next : rows.last?.cursor ?? from
        return Answer.page(
            "changes",
            rows,
            next: isLast ? nil : String(end),
            more: { json in
                json.key("cursor")
                json.string(String(max(from, end)))
            },
            row: { json, change in json.change(change) }
        )
    }

    private func awaitChanges(
        after position: LogPosition,
        limit: Int,
        seconds: Int
    ) async throws -> ChangePage {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var position = position
        while true {
            let began = ContinuousClock.now
            let left = (deadline - began) / .milliseconds(1)
            let part = min(max(0, Int64(left)), pace.partMilliseconds)
            let page = try await service.changes(
                after: position,
                limit: limit,
                waitMilliseconds: part
            )
            let isOver = left <= 0 || Task.isCancelled || Task.isShuttingDownGracefully
            // A node that has stopped answers without waiting: asking on would only spin.
            let hasWaited = ContinuousClock.now - began >= .milliseconds(part / 2)
            guard page.changes.isEmpty, !isOver, hasWaited else { return page }
            position = max(position, page.next)
        }
    }
}

extension JSONWriter {
    mutating func change(_ change: ChangePage.Change) {
        object { json in
            json.key("cursor")
            json.string(String(change.cursor))
            json.key("record")
            json.string(change.record)
            json.key("item")
            json.string(change.item)
            json.key("fields")
            json.array { json in
                for field in change.fields { json.string(field) }
            }
        }
    }
}
