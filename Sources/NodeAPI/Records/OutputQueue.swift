import AllianceModel
import Synchronization

/// What an import has to say and its client has not read yet.
///
/// A client may send everything before it reads anything: up to `bytesMaximum` of answers wait for
/// it; beyond that the import stands still until the client reads.
final class OutputQueue: Sendable {
    private struct State {
        var bytes = Bytes()
        var isFinished = false
        var isAbandoned = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let bytesMaximum: Int
    private let state = Mutex(State())

    init(bytesMaximum: Int) {
        self.bytesMaximum = bytesMaximum
    }

    /// Adds to what is to be sent; waits while too much is.
    ///
    /// False once nobody will read it.
    func push(_ bytes: Bytes) async -> Bool {
        let reader = state.withLock { state in
            state.bytes += bytes
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                guard state.bytes.count > bytesMaximum, !state.isAbandoned else { return true }
                state.writer = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
        return state.withLock { !$0.isAbandoned }
    }

    /// No more will be pushed.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// Nobody will read any more.
    func abandon() {
        let writer = state.withLock { state in
            state.isAbandoned = true
            state.bytes = []
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }

    /// All that is there, waiting for something; nil once it is finished and read.
    func pop() async -> Bytes? {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                guard state.bytes.isEmpty, !state.isFinished else { return true }
                state.reader = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
        let (bytes, writer) = state.withLock { state in
            defer {
                state.bytes = []
                state.writer = nil
            }
            return (state.bytes, state.writer)
        }
        writer?.resume()
        return bytes.isEmpty ? nil : bytes
    }
}
