import AllianceModel

/// Where an entry stands.
struct EntryPlace: Hashable, Comparable {
    let feed: Digest
    /// From 1.
    let sequence: UInt64

    static func < (left: Self, right: Self) -> Bool {
        (left.feed, left.sequence) < (right.feed, right.sequence)
    }
}
