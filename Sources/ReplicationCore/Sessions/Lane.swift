import AllianceModel

/// What goes to one peer in one delivery class: what is to be read, and what is under way.
struct Lane: Sendable {
    /// A frame pushed and not wholly acknowledged.
    struct Frame: Sendable {
        struct Part: Sendable {
            var feed: Digest
            /// Sequence of its last entry in the frame.
            var last: UInt64
        }

        var parts: [Part]
        var bytes: Int
        /// Least timestamp of our own entries in it.
        var oldest: HybridTimestamp?
    }

    /// Own feeds with entries that were not pushed.
    var pending: Set<Digest> = []
    /// Others' feeds that the peer has asked for, with entries that were not pushed.
    var relayed: Set<Digest> = []
    /// A read was asked for and not answered.
    var isReading = false
    /// Of the read that was asked for last, the others' feeds; empty if it was of own ones.
    var readingRelayed: Set<Digest> = []
    /// The store had nothing where something should be; waits for the next append.
    var isStalled = false
    private(set) var inFlight: [Frame] = []
    private(set) var inFlightBytes = 0
    /// A lower bound for the timestamps of what is pending; nil: nothing is, or unknown.
    var unreadOldest: HybridTimestamp?

    /// Timestamp of the oldest entry not acknowledged, or one before it: a lag is shown longer than
    /// it is, never shorter.
    ///
    /// Nil: nothing is under way, or unknown for the moment.
    var oldest: HybridTimestamp? { inFlight.lazy.compactMap(\.oldest).first ?? unreadOldest }

    /// Something is to be read and nobody has seen its timestamp yet.
    var isOldestUnknown: Bool { !pending.isEmpty && oldest == nil }

    /// What lies on a frame beside the entries' own bytes, about.
    private static let itemOverheadBytes = 16
    private static let partOverheadBytes = 256

    mutating func push(_ entries: ReadEntries) {
        let bytes =
            entries.items.reduce(0) { $0 + $1.bytes.count + Lane.itemOverheadBytes }
            + entries.parts.count * Lane.partOverheadBytes
        inFlight.append(
            Frame(
                parts: entries.parts.map { Frame.Part(feed: $0.feed, last: $0.last) },
                bytes: bytes,
                oldest: entries.items.filter { entries.parts[$0.part].head == nil }
                    .map(\.timestamp).min()
            )
        )
        inFlightBytes += bytes
    }

    /// Takes off the frames at the front that are acknowledged in every part.
    mutating func release(isAcknowledged: (Frame.Part) -> Bool) {
        let done = inFlight.prefix { $0.parts.allSatisfy(isAcknowledged) }
        inFlightBytes -= done.reduce(0) { $0 + $1.bytes }
        inFlight.removeFirst(done.count)
    }

    /// No acknowledgement is awaited any more of what goes beyond that size of a feed.
    mutating func forget(_ feed: Digest, beyond size: UInt64) {
        for index in inFlight.indices {
            inFlight[index].parts.removeAll { $0.feed == feed && $0.last > size }
        }
        inFlightBytes -= inFlight.reduce(0) { $0 + ($1.parts.isEmpty ? $1.bytes : 0) }
        inFlight.removeAll { $0.parts.isEmpty }
    }

    /// The peer asks for a feed again from a sequence on: what was under way of it is lost.
    mutating func rewind(_ feed: Digest, to sequence: UInt64, isOwn: Bool) {
        forget(feed, beyond: sequence - 1)
        if isOwn { pending.insert(feed) } else { relayed.insert(feed) }
        isStalled = false
    }
}
