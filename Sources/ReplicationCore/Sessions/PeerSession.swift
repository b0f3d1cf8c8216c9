import AllianceModel

/// One connection to a peer, from the first Hello to its end.
struct PeerSession: Sendable {
    enum State: Hashable, Sendable {
        /// Our Hello is sent, the peer's is awaited; nothing else is accepted.
        ///
        /// Can transition to `acquainted`, and to closed: by a Hello that is refused, anything that
        /// is no Hello, or silence.
        case unacquainted
        /// Both know with whom they speak; what the other has is being compared.
        ///
        /// Can transition to `informed`, and to closed: by a violation, silence, or a connection that
        /// is kept instead.
        case acquainted
        /// It is known what the peer has of our feeds and what it announces of its own: entries flow.
        ///
        /// Can transition to closed: by a violation, silence, or a connection that is kept instead.
        case informed
    }

    let peer: MemberCode
    /// Whether this node dialled.
    let isDialled: Bool
    let connectedAt: Monotonic
    var state = State.unacquainted
    var incarnation: Incarnation?

    // MARK: Time

    var heardAt: Monotonic
    /// A Ping that wants an answer is out since.
    var answerAwaitedSince: Monotonic?
    var surveyAt: Monotonic?
    var surveyAttempts = 0
    /// When an acknowledgement last made progress, or something was pushed into nothing.
    var progressAt: Monotonic
    /// Feeds named to the peer since `listedSince`.
    var listed = 0
    var listedSince: Monotonic

    // MARK: Comparing

    /// The common digest of the last Ping and the sizes under it: the peer may answer to those.
    var snapshot: Snapshot?
    /// What the peer has of our feeds.
    var deliveredSurvey = Survey.unknown
    /// What the peer has of its own feeds.
    var announcedSurvey = Survey.unknown

    struct Snapshot: Sendable {
        var common: Digest
        /// Of our feeds and the peer's, those both may see.
        var sizes: [(feed: Digest, size: UInt64)]
    }

    // MARK: Sending

    /// Own feeds: durably stored at the peer.
    var acknowledged: [Digest: UInt64] = [:]
    /// Own feeds: pushed on this session, or known to be there.
    var sent: [Digest: UInt64] = [:]
    var normal = Lane()
    var urgent = Lane()
    var wantsWithoutProgress = 0
    /// Ours that the peer holds unapplied; nil until it said so.
    var heldByPeer: HeldSummary?

    // MARK: Receiving

    /// The peer's feeds: the sizes it announces.
    var announced: [Digest: UInt64] = [:]
    /// The peer's feeds: sizes below which no head may be, since the peer was told of them or pushed
    /// them itself.
    var floors: [Digest: UInt64]
    /// Feeds asked for again, with nothing received since.
    var wanted: Set<Digest> = []
    var gappedFrames = 0
    var batches: [UInt64: Batch] = [:]
    var outstandingNormalBytes = 0
    var outstandingUrgentBytes = 0

    /// Handed to the store and not known to be durable.
    struct Batch: Sendable {
        var deliveryClass: DeliveryClass
        var bytes: Int
    }

    init(
        peer: MemberCode,
        isDialled: Bool,
        now: Monotonic,
        floors: [Digest: UInt64]
    ) {
        self.peer = peer
        self.isDialled = isDialled
        self.floors = floors
        connectedAt = now
        heardAt = now
        progressAt = now
        listedSince = now
    }

    func lane(_ deliveryClass: DeliveryClass) -> Lane {
        deliveryClass == .urgent ? urgent : normal
    }

    /// Changes a lane in place.
    mutating func withLane<Result>(
        _ deliveryClass: DeliveryClass,
        _ body: (inout Lane) -> Result
    ) -> Result {
        switch deliveryClass {
        case .urgent: body(&urgent)
        case .normal: body(&normal)
        }
    }

    var isAcquainted: Bool { state != .unacquainted }

    /// Timestamp of our oldest entry not stored at the peer, or one before it; nil if there is none
    /// or it is unknown.
    var oldestUnacknowledged: HybridTimestamp? {
        guard !normal.isOldestUnknown, !urgent.isOldestUnknown else { return nil }
        return [normal.oldest, urgent.oldest].compactMap(\.self).min()
    }

    mutating func changeDeliveredSurvey(_ change: (inout Survey) -> Void) {
        change(&deliveredSurvey)
    }

    mutating func changeAnnouncedSurvey(_ change: (inout Survey) -> Void) {
        change(&announcedSurvey)
    }

    mutating func noteAnnounced(_ feed: Digest, upTo size: UInt64) {
        announced[feed] = max(announced[feed] ?? 0, size)
    }

    func outstandingBytes(_ deliveryClass: DeliveryClass) -> Int {
        deliveryClass == .urgent ? outstandingUrgentBytes : outstandingNormalBytes
    }

    mutating func begin(_ number: UInt64, _ batch: Batch) {
        batches[number] = batch
        addOutstanding(batch.bytes, batch.deliveryClass)
    }

    mutating func finish(_ number: UInt64) {
        guard let batch = batches.removeValue(forKey: number) else { return }
        addOutstanding(-batch.bytes, batch.deliveryClass)
    }

    private mutating func addOutstanding(_ bytes: Int, _ deliveryClass: DeliveryClass) {
        switch deliveryClass {
        case .urgent: outstandingUrgentBytes += bytes
        case .normal: outstandingNormalBytes += bytes
        }
    }
}
