import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore
import ServiceLifecycle

extension Endpoints {
    private static let waitSecondsMaximum = 60
    /// A wait is asked of the node in parts, so that it ends soon when the node is to stop.
    private static let waitPartMilliseconds: Int64 = 1_000

    /// What changed here behind a cursor, oldest first.
    ///
    /// `next` leads to more that is there already; `cursor` is where to go on from later.
    func listChanges(_ call: Call) async throws -> Response {
        let limit = try call.query.limit()
        let after = try call.query.position("after")
        let cursor = try call.query.position("cursor")
        guard after == nil || cursor == nil else {
            throw Problem.invalid("cursor", "says the same as after: give one of them")
        }
        let from = after ?? cursor ?? 0
        let seconds = try call.query.integer("wait", in: 0...Endpoints.waitSecondsMaximum) ?? 0
        let page =
            seconds == 0
            ? try await service.changes(after: from, limit: limit, waitMilliseconds: 0)
            : try await waits.waiting {
                try await awaitChanges(after: from, limit: limit, seconds: seconds)
            }
        if page.changes.isEmpty, from > 0, let last = await service.observe().lastPosition,
            last < from
        {
            throw Problem(
                .cursorExpired,
                "The cursor is beyond this node's log: it is another's, or the store was put back."
            )
        }
        let isFull = page.changes.count == limit
        let last = page.changes.last.map { String($0.cursor) }
        return Answer.page(
            "changes",
            page.changes,
            next: isFull ? last : nil,
            more: { json in
                json.key("cursor")
                json.string(String(max(from, isFull ? page.changes.last?.cursor ?? 0 : page.next)))
            },
            row: { json, change in
                json.object { json in
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
            let part = min(max(0, Int64(left)), Endpoints.waitPartMilliseconds)
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
