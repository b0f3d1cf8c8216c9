/// Why a channel with TLS is closed before, or instead of, an orderly end.
package enum TransportError: Error, Hashable, Sendable {
    case refused(RefusalReason)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let reason): "refused: \(reason)"
        }
    }
}
