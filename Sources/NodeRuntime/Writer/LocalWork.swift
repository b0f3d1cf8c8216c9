import NodeStore
import Synchronization

typealias NodeLedger = Ledger<SQLiteStore>

/// A local change on its way through the writer: run inside a transaction, finished after its commit.
protocol LocalWork: Sendable {
    /// Changes asked for, for the count that `metrics` shows.
    var count: Int { get }
    /// Judges the change and stores it; keeps its answer until `finish`.
    func run(_ ledger: inout NodeLedger, wallMilliseconds: Int64) throws(StoreError)
    /// Gives the answer, or the error that took the commit; called exactly once.
    func finish(_ error: StoreError?)
}

/// A local change that answers with a value.
///
/// Sendable: `run` and `finish` are called by the writer's thread alone, one after the other.
final class Local<Answer: Sendable>: LocalWork, @unchecked Sendable {
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
