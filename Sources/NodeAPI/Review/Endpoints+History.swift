import AllianceModel
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    /// Every write ever applied to a record, void ones included, oldest first.
    func listHistory(_ call: Call) async throws -> Response {
        let limit = try call.query.limit()
        // A place in the list: what arrives late may come before it, and is seen from the beginning.
        let start = try call.query.position("cursor").map { Int(clamping: $0) } ?? 0
        guard let history = try await service.history(try identifier(call)) else {
            throw Problem.recordUnknown()
        }
        let sight = sight(of: history.snapshot, call)
        let lines = history.lines.filter { sight.shows($0.field) }
        let rows = Array(lines.dropFirst(start).prefix(limit))
        let end = min(start, lines.count) + rows.count
        return Answer.page("history", rows, next: end < lines.count ? String(end) : nil) {
            json,
            line in json.history(line, sight)
        }
    }

    /// Why a record looks as it does, or what it waits for, in words.
    func explainRecord(_ call: Call) async throws -> Response {
        let identifier = try identifier(call)
        guard let explained = try await service.explain(identifier) else {
            throw try await whyUnknown(identifier)
        }
        let sight = sight(of: explained.snapshot, call)
        return Answer.json { json in
            json.key("id")
            json.string(explained.snapshot.state.key.identifier)
            json.key("explanation")
            json.array { json in
                for line in explained.explanation.lines where sight.shows(line.field) {
                    json.explanation(line, sight)
                }
            }
            json.key("held")
            json.array { json in
                for row in explained.held { json.held(row) }
            }
        }
    }

    /// A record that is not here yet may be on its way: all that came of it is held.
    private func whyUnknown(_ identifier: RecordIdentifier) async throws -> Problem {
        let held = try await service.held(after: 0, limit: 1_000).rows
            .filter { $0.record == identifier }
        guard let first = held.first else { return Problem.recordUnknown() }
        let count = held.count == 1 ? "1 changeset" : "\(held.count) changesets"
        let owners = first.owners.map(\.string).joined(separator: " ")
        let rests = first.reason.isAskedFor && first.nextTry != nil
        let nobody = rests ? "nobody who was asked has it" : "time will tell"
        let who = owners.isEmpty ? nobody : "\(owners) must act"
        return Problem(
            .recordUnknown,
            "This node has no record of that id yet: it holds \(count) of it, the first for "
                + "\(first.reason.rawValue) (\(who)); see GET /v1/held."
        )
    }

    /// The id in the path.
    func identifier(_ call: Call) throws(Problem) -> RecordIdentifier {
        guard let identifier = RecordIdentifier(call.parameter("id").string) else {
            throw Problem.recordUnknown()
        }
        return identifier
    }

    func sight(of snapshot: RecordSnapshot, _ call: Call) -> Visibility {
        Visibility(snapshot, for: service.member, masks: call.masksSensitive)
    }
}

extension Problem {
    static func recordUnknown() -> Problem {
        Problem(.recordUnknown, "This node has no record of that id.")
    }
}

extension JSONWriter {
    fileprivate mutating func history(_ line: HistoryLine, _ sight: Visibility) {
        object { json in
            json.key("field")
            json.string(line.field)
            json.key("value")
            json.written(line.value, to: line.field, sight)
            json.key("writer")
            json.string(line.dot.writer.member.text)
            json.key("time")
            json.time(line.timestamp.milliseconds)
            json.key("dot")
            json.dot(line.dot)
            json.key("seen")
            json.context(line.seen)
            json.key("ground")
            json.dot(line.ground)
            json.key("verdict")
            json.string(line.verdict?.rawValue)
            json.key("standing")
            json.boolean(line.isStanding)
            json.key("shown")
            json.boolean(line.isShown)
        }
    }

    fileprivate mutating func explanation(_ line: Explanation.Line, _ sight: Visibility) {
        object { json in
            json.key("field")
            json.string(line.field?.string)
            json.key("text")
            json.string(line.text)
            json.key("value")
            json.shown(line.value, of: line.field, sight)
            json.key("conflict")
            json.string(line.conflict?.string)
        }
    }
}
