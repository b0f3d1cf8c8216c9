import NodeStore

/// One backup at a time: of two requests under one key the second finds what the first has made.
actor BackupQueue {
    private var last: Task<Void, Never>?

    /// Runs `body` once what was asked for earlier has ended.
    nonisolated func run<Answer: Sendable>(
        _ body: @escaping @Sendable () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        try await enqueue(body).value.get()
    }

    private func enqueue<Answer: Sendable>(
        _ body: @escaping @Sendable () async throws(StoreError) -> Answer
    ) -> Task<Result<Answer, StoreError>, Never> {
        let earlier = last
        let task = Task { () -> Result<Answer, StoreError> in
            await earlier?.value
            do throws(StoreError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        last = Task { _ = await task.value }
        return task
    }
}
