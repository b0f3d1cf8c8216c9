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
    /// What the peer has of each member's feeds; of ours and of its own it must be known before
    /// entries flow.
    private var surveys: [MemberCode: Survey] = [:]
    /// When the peer's list of a member's incarnations was last compared to the end, or found equal
    /// as a whole, and which of these differed then.
    private var compared: [MemberCode: Compared] = [:]
    /// When its list of one incarnation's feeds last came.
    private var feedsCompared: [Writer: Monotonic] = [:]
    /// A Ping was last sent or heard.
    var comparedAt: Monotonic
    /// When a third member's incarnations were last named to the peer unasked.
    var followedAt: [MemberCode: Monotonic] = [:]
    /// How often its own list of them is still to come for that.
    var listsAwaited: [MemberCode: Int] = [:]

    struct Snapshot: Sendable {
        var common: Digest
        /// Of our feeds and the peer's, those both may see.
        var sizes: [(feed: Digest, size: UInt64)]
    }

    // MARK: Sending

    /// Durably stored at the peer, of own feeds and of those it asked for.
    var acknowledged: [Digest: UInt64] = [:]
    /// Pushed on this session, or known to be there.
    var sent: [Digest: UInt64] = [:]
    /// The peer takes no more of our own feeds for now.
    var isPaused = false
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
    /// When entries last came that were new, of whomever.
    var progressedAt: Monotonic?
    /// Feeds received whole up to a size and not durable when they came: to be acknowledged then.
    var owed: [Digest: UInt64] = [:]
    /// Bytes received since it was told that no more is taken.
    var bytesWhileFull = 0
    /// It was told so last.
    var wasToldFull = false
    /// What it was last told to be held here of its own.
    var toldHeld = HeldSummary.none

    // MARK: Relaying

    /// Feeds of third members, and of our own earlier incarnations, of which the peer has named more
    /// than was received.
    var offers: [Digest: Offer] = [:]
    /// Feeds of others than itself that were ever wanted of the peer: it may push them.
    var wanting: Set<Digest> = []
    /// Records asked for by the peer since `askedSince`.
    var asked = 0
    var askedSince: Monotonic

    struct Offer: Sendable {
        var identity: FeedIdentity
        var size: UInt64
        var since: Monotonic
        /// It was wanted and did not come; wanted again only once it is named again.
        var isVain = false
    }

    // MARK: Forks

    /// Feeds whose histories differ between here and the peer; nothing of them is taken from it.
    var disputed: Set<Digest> = []
    var searches: [Digest: Search] = [:]

    struct Search: Sendable {
        var identity: FeedIdentity
        var sequence: UInt64
        var steps = 0
        var since: Monotonic
        var theirs: Proved?
    }

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
        comparedAt = now
        listedSince = now
        askedSince = now
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

    private struct Compared: Sendable {
        var at: Monotonic
        var differing: Set<Incarnation>
    }

    /// The peer has nothing of a member's that is not here, but in these incarnations.
    mutating func noteCompared(
        _ member: MemberCode,
        differing: Set<Incarnation>,
        now: Monotonic
    ) {
        compared[member] = Compared(at: now, differing: differing)
    }

    mutating func noteCompared(feedsOf writer: Writer, now: Monotonic) {
        feedsCompared[writer] = now
    }

    /// When it was last known what the peer has of one incarnation; nil if it never was.
    func comparedAt(_ writer: Writer) -> Monotonic? {
        let whole = compared[writer.member].flatMap {
            $0.differing.contains(writer.incarnation) ? nil : $0.at
        }
        return [whole, feedsCompared[writer]].compactMap(\.self).max()
    }

    func survey(of member: MemberCode) -> Survey { surveys[member] ?? .unknown }

    mutating func changeSurvey(of member: MemberCode, _ change: (inout Survey) -> Void) {
        change(&surveys[member, default: .unknown])
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
