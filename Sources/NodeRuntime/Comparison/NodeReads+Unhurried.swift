import Foundation
import Glibc
import NodeStore

extension NodeReads {
    typealias Reading<Answer> =
        @Sendable (SQLiteReader, RecordFolding) throws(StoreError) -> Answer

    private static let unhurriedNice: Int32 = 10

    /// Reads what nobody waits for, on a thread of its own that gives way to all others.
    func readUnhurried<Answer: Sendable>(
        _ body: @escaping Reading<Answer>
    ) async throws(StoreError) -> Answer {
        let catalog = catalog()
        let pool = pool
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                // On Linux 0 is the calling thread, whose end takes the value with it. Where it is
                // not allowed the thread is like any other.
                _ = setpriority(numericCast(PRIO_PROCESS.rawValue), 0, Self.unhurriedNice)
                let result = Result { () throws(StoreError) in
                    try pool.read { reader throws(StoreError) in
                        try body(
                            reader,
                            RecordFolding(
                                reader: reader,
                                agreement: catalog.agreement,
                                facts: catalog.facts
                            )
                        )
                    }
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}
