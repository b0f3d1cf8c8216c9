/// Notices, from sample to sample, that something waits and nothing moves.
struct ProgressWatch: Sendable {
    private var last: [String: [Int?]] = [:]
    private var movedAtSeconds: Double?

    /// Takes a sample and returns for how long nothing has moved while something is behind: nil when
    /// all is well, or since the first sample only.
    ///
    /// `nowSeconds` is of a clock that only goes forward.
    mutating func sampled(_ document: StatusDocument, nowSeconds: Double) -> String? {
        let behind = document.peers.filter { !$0.isCaughtUp }
        let counts = document.peers.reduce(into: [:]) { counts, peer in
            counts[peer.member] = [peer.toSend?.count, peer.toApply?.count]
        }
        defer { last = counts }
        guard !behind.isEmpty, let movedAtSeconds, counts == last else {
            movedAtSeconds = nowSeconds
            return nil
        }
        return "no progress for \(Spans.fine(nowSeconds - movedAtSeconds))"
    }
}
