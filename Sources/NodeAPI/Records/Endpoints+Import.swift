import AllianceModel
import HTTPTypes
import Hummingbird
import NIOCore
import NodeRuntime
import NodeStore
import ReplicationCore
import ServiceLifecycle

extension Endpoints {
    /// Lines whose answers may wait for a client that does not read yet.
    private static let outputBytesMaximum = 32 << 20

    /// NDJSON in, NDJSON out: one line out for each line in, in order, as soon as it is durable.
    func importRecords(_ call: Call) throws -> Response {
        guard try call.idempotencyKey() == nil else {
            throw Problem(
                .malformed,
                field: "Idempotency-Key",
                "An import takes no key: the id in each line does the same."
            )
        }
        let run = ImportRun(endpoints: self, call: call)
        let body = ResponseBody { writer in
            let queue = OutputQueue(bytesMaximum: Endpoints.outputBytesMaximum)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { queue.finish() }
                    try await run.read(into: queue)
                }
                do {
                    while let bytes = await queue.pop() {
                        try await writer.write(ByteBuffer(bytes: bytes))
                    }
                    try await group.waitForAll()
                } catch {
                    queue.abandon()
                    throw error
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: body
        )
    }
}

/// One import: reads lines, has them created in batches and tells what became of each.
private struct ImportRun: Sendable {
    /// Lines handed to the node at once.
    private static let batchLines = 256

    let endpoints: Endpoints
    let call: Call

    func read(into queue: OutputQueue) async throws {
        var splitter = LineSplitter(bytesMaximum: Call.bodyBytesMaximum)
        var number = 0
        for try await part in call.request.body {
            let lines = splitter.take(part)
            guard try await perform(lines, from: number, queue) else { return }
            number += lines.count
        }
        if let line = splitter.finish() {
            _ = try await perform([line], from: number, queue)
        }
    }

    /// False when nobody reads the answers any more.
    private func perform(
        _ lines: [LineSplitter.Line],
        from number: Int,
        _ queue: OutputQueue
    ) async throws -> Bool {
        for start in stride(from: 0, to: lines.count, by: ImportRun.batchLines) {
            let batch = lines[start..<min(start + ImportRun.batchLines, lines.count)]
            let answers = await create(batch)
            var json = JSONWriter(capacity: batch.count * 128)
            for (index, answer) in answers.enumerated() {
                json.importLine(number + start + index + 1, answer)
            }
            guard await queue.push(json.bytes) else { return false }
        }
        return true
    }

    /// What became of each line.
    ///
    /// A line that cannot be read takes no other with it.
    private func create(
        _ lines: ArraySlice<LineSplitter.Line>
    ) async -> [Result<WriteAnswer, Problem>] {
        let parsed = lines.map { line in
            Result { () throws(Problem) in try creation(line) }
        }
        let creations = parsed.compactMap { try? $0.get() }
        var answers = await store(creations)[...]
        var all: [Result<WriteAnswer, Problem>] = []
        for (line, creation) in zip(lines, parsed) {
            switch creation {
            case .success: all.append(answers.popFirst() ?? .failure(ImportRun.unanswered))
            case .failure(let problem):
                all.append(await answeredBefore(line) ?? .failure(problem))
            }
        }
        return all
    }

    /// What a line was answered with when it was imported before, under an item's version that is not in
    /// effect any more; nil if it has no id, or never was.
    private func answeredBefore(
        _ line: LineSplitter.Line
    ) async -> Result<WriteAnswer, Problem>? {
        guard case .whole(let bytes) = line, let json = try? JSONReader.read(bytes),
            let uuid = UUIDBytes(in: json)
        else { return nil }
        do {
            return try await endpoints.service.earlierAnswer(caller(bytes), uuid: uuid)?
                .mapError { Problem($0) }
        } catch {
            return .failure(Problem(error))
        }
    }

    private static let unanswered = Problem(.failed, "The node gave no answer for this line.")

    private func store(_ creations: [(Creation, Caller)]) async -> [Result<WriteAnswer, Problem>] {
        guard !creations.isEmpty else { return [] }
        // Lines not begun when the node is to stop are refused, so that it stops soon.
        guard !Task.isShuttingDownGracefully else {
            let problem = Problem(.storeStopped, "The node is stopping; import this line again.")
            return creations.map { _ in .failure(problem) }
        }
        do {
            return try await endpoints.service.create(creations)
                .map { $0.mapError { Problem($0) } }
        } catch {
            return creations.map { _ in .failure(Problem(error)) }
        }
    }

    private func creation(_ line: LineSplitter.Line) throws(Problem) -> (Creation, Caller) {
        guard case .whole(let bytes) = line else {
            throw Problem(.tooLarge, "A line holds at most \(Call.bodyBytesMaximum) bytes.")
        }
        let json: JSON
        do {
            json = try JSONReader.read(bytes)
        } catch {
            throw Problem(.malformed, "The line is not JSON: \(error).")
        }
        return (try endpoints.creation(json), caller(bytes))
    }

    private func caller(_ line: Bytes) -> Caller {
        Caller(
            actor: call.principal.actor,
            route: call.route.name,
            idempotencyKey: nil,
            // As of a request that creates this one record: a line whose `id` was posted before is
            // the same request again.
            request: Call.digest(.post, path: "/v1/records", body: line),
            status: 201
        )
    }
}

extension JSONWriter {
    /// `{line, id, status, code?, field?, detail?}`.
    fileprivate mutating func importLine(_ number: Int, _ answer: Result<WriteAnswer, Problem>) {
        object { json in
            json.key("line")
            json.number(number)
            json.key("id")
            switch answer {
            case .success(let answer):
                json.string(answer.snapshot.state.key.identifier)
                json.key("status")
                json.number(answer.status)
            case .failure(let problem):
                json.null()
                json.key("status")
                json.number(problem.code.status)
                json.key("code")
                json.string(problem.code.rawValue)
                if let field = problem.field {
                    json.key("field")
                    json.string(field)
                }
                json.key("detail")
                json.string(problem.detail)
            }
        }
        newline()
    }
}
