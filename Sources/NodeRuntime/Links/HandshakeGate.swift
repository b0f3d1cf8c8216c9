import NIOCore
import Synchronization

/// How many connections may be in their handshake at once: a flood of strangers costs file
/// descriptors, not the sessions of members.
final class HandshakeGate: Sendable {
    private static let countMaximum = 256
    private static let perAddressMaximum = 64

    private struct State {
        var count = 0
        var byAddress: [String: Int] = [:]
    }

    private let state = Mutex(State())

    /// True if one more from there may begin; then `leave` is owed.
    func enter(_ address: String) -> Bool {
        state.withLock { state in
            guard state.count < Self.countMaximum,
                state.byAddress[address, default: 0] < Self.perAddressMaximum
            else { return false }
            state.count += 1
            state.byAddress[address, default: 0] += 1
            return true
        }
    }

    func leave(_ address: String) {
        state.withLock { state in
            state.count -= 1
            let left = state.byAddress[address, default: 1] - 1
            state.byAddress[address] = left == 0 ? nil : left
        }
    }
}
