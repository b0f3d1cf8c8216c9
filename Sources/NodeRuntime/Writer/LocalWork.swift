import NodeStore

typealias NodeLedger = Ledger<SQLiteStore>
typealias LocalWork = EngineWork<SQLiteStore>

/// A local change that answers with a value.
///
/// Sendable: `run` and `finish` are called by the writer's thread alone, one after the other.
final class Local<Answer: Sendable>: EngineWork, @unchecked Sendable {
    typealias Operation = @Sendable (inout NodeLedger, Int64) throws(StoreError) -> Answer

    let count: Int
    private let operation: Operation
    private let completion: @Sendable (Result<Answer, StoreError>) -> Void
    private var answer: Answer?

    init(
        count: Int = 1,
        _ operation: @escaping Operation,
        completion: @escaping @Sendable (Result<Answer, StoreError>) -> Void
    ) {
        self.count = count
        self.operation = operation
        self.completion = completion
    }

    func run(_ ledger: inout NodeLedger, wallMilliseconds: Int64) throws(StoreError) {
        answer = try operation(&ledger, wallMilliseconds)
    }

    func finish(_ error: StoreError?) {
        guard let answer, error == nil else {
            completion(.failure(error ?? .stopped))
            return
        }
        completion(.success(answer))
    }
}
