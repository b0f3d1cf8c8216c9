/// How far the comparison has come that tells what the peer has of one member's feeds.
enum Survey: Hashable, Sendable {
    /// Nothing heard.
    ///
    /// Can transition to `incarnationsAwaited`, `feedsAwaited` and `known`.
    case unknown
    /// The member's group differs from ours; which incarnations do is to come.
    ///
    /// Can transition to `feedsAwaited` and `known`.
    case incarnationsAwaited
    /// These incarnations differ; the sizes of their feeds are to come.
    ///
    /// Can transition to itself with fewer or other incarnations, and to `known`.
    case feedsAwaited(Set<Incarnation>)
    /// Every size is known. Final: from here on it is kept up to date by pushes and acks.
    case known

    /// The peer listed its members: this one's group is missing there, equal, or differs.
    mutating func heardMembers(differs: Bool) {
        if !differs {
            self = .known
        } else if self == .unknown {
            self = .incarnationsAwaited
        }
    }

    /// The peer listed the member's incarnations, of which these differ from ours.
    mutating func heardIncarnations(differing: Set<Incarnation>) {
        guard self != .known else { return }
        self = differing.isEmpty ? .known : .feedsAwaited(differing)
    }

    /// The peer listed the feeds of one incarnation.
    mutating func heardFeeds(of incarnation: Incarnation) {
        guard case .feedsAwaited(var awaited) = self else { return }
        awaited.remove(incarnation)
        self = awaited.isEmpty ? .known : .feedsAwaited(awaited)
    }
}
