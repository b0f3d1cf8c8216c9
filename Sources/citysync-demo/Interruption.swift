@preconcurrency import Dispatch
import Glibc

/// SIGINT and SIGTERM, so that whatever runs is ended in order.
final class Interruption: Sendable {
    struct Interrupted: Error {}

    private let stream: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    func wait() async {
        for await _ in stream { return }
    }

    /// The result of `body`, or `Interrupted` once it has come to its end after a signal.
    func race<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(operation: body)
            group.addTask {
                await self.wait()
                throw Interrupted()
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw Interrupted() }
            return result
        }
    }
}
