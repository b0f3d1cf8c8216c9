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

    private func wait() async {
        for await _ in stream { return }
    }

    /// The result of `body`; a signal cancels it, and is `Interrupted` unless it ends well even so.
    func race<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let watching = Task {
            await wait()
            if !Task.isCancelled { task.cancel() }
        }
        defer { watching.cancel() }
        let outcome = await task.result
        if case .failure = outcome, task.isCancelled { throw Interrupted() }
        return try outcome.get()
    }
}
