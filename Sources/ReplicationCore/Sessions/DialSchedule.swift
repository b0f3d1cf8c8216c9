/// When to dial a peer again: exponential from half a second to a minute, with full jitter, so that
/// cities that lost each other at one moment do not come back at one moment.
package struct DialSchedule: Hashable, Sendable {
    package static let firstMilliseconds: Int64 = 500
    package static let greatestMilliseconds: Int64 = 60_000

    /// Attempts in a row that led to nothing.
    package private(set) var failures = 0

    package init() {}

    /// The upper end of the delay before the next attempt, in milliseconds.
    package var ceilingMilliseconds: Int64 {
        guard failures > 0 else { return 0 }
        let doublings = min(failures - 1, 7)
        return min(DialSchedule.firstMilliseconds << Int64(doublings), Self.greatestMilliseconds)
    }

    /// An attempt or a session ended; returns how many milliseconds to wait.
    ///
    /// The count of failures begins anew after a session that reached the peer's announced heads,
    /// unless it ended over a violation of the protocol: else a peer that breaks every session in
    /// its first second would be dialled twice a second for ever. A peer's wish for a later moment
    /// counts up to the greatest delay.
    package mutating func ended(
        reachedHeads: Bool,
        fault: Fault? = nil,
        random: UInt64
    ) -> Int64 {
        if reachedHeads, fault?.code.isViolation != true { failures = 0 }
        failures = min(failures + 1, 1_000)
        let jittered = Int64(random % UInt64(ceilingMilliseconds + 1))
        let wished = min(max(fault?.retryMilliseconds ?? 0, 0), Self.greatestMilliseconds)
        return max(jittered, wished)
    }
}

extension FaultCode {
    /// Whether it speaks of a peer that does not keep to the protocol or is set up otherwise, so that
    /// the next session will most likely end the same way.
    package var isViolation: Bool {
        switch self {
        case .timeout, .duplicateConnection, .shuttingDown, .storeStopped: false
        case .versionUnsupported, .featureMissing, .allianceDiffers, .rosterDiffers,
            .memberDiffers, .frameMalformed, .frameTooLarge, .frameOutOfOrder, .limitExceeded,
            .signatureInvalid, .headNotCovering, .headShrunken, .audienceExcludesReceiver,
            .feedForeign, .feedForked, .sequenceGap:
            true
        }
    }
}
