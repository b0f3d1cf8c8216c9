package import AllianceModel

/// A node's side of all its sessions: decides what is said, sent, stored and acknowledged, and does
/// none of it.
///
/// Whoever drives it hands in what happened (`handle`), then takes out and performs what is to be
/// done (`nextOutput`) until nothing is left. It holds feeds' tips, windows and references: no entry
/// stays here. Whatever a peer says is judged; nonsense ends that session with a `Fault`, and nothing
/// of the frame in question is stored. Equal inputs give equal outputs.
package struct Replica: Sendable {
    package private(set) var settings: ReplicaSettings
    /// For Hello; renewed by whoever reloads them.
    package var certificates: [Bytes]

    var feeds: FeedTable
    /// Changesets of other members that this node holds.
    var held: [MemberCode: HeldSummary]
    var sessions: [LinkID: PeerSession] = [:]
    /// The acquainted session of each peer: there is one at most, since one that becomes acquainted
    /// replaces it or is closed.
    var used: [MemberCode: LinkID] = [:]
    var records: [MemberCode: PeerRecord] = [:]
    var batchNumber: UInt64 = 0
    /// Who pushed what is on its way to the disk, by batch.
    var batchPeers: [UInt64: MemberCode] = [:]
    /// Feeds wanted of somebody else than their member, and not all received.
    var errands: [Digest: Errand] = [:]
    /// When to look again at what is offered; nil: nothing waits.
    var relayAt: Monotonic?
    /// Feeds of the present incarnation that were reported as somebody else's work.
    var suspected: Set<Digest> = []
    /// Feeds of which a fork was found, and is not known to be proven yet.
    var found: Set<Digest> = []
    /// Forked feeds of which a peer named more than stands before the fork, and since when.
    var unheard: [Digest: Monotonic] = [:]
    var isStopping = false
    /// Latest timestamp in this node's own feeds.
    var ownLatest = HybridTimestamp.zero
    var now = Monotonic(milliseconds: 0)
    /// The first moment told.
    private(set) var startedAt: Monotonic?

    private var outputs: [ReplicaOutput] = []
    private var outputsTaken = 0
    /// The moment of the last `.wake` that is still to come.
    private var armed: Monotonic?

    let hash: HashFunction

    /// - Parameters:
    ///   - settings: who this is, and the limits.
    ///   - feeds: every feed there is with its durable tip.
    ///   - held: the changesets held, by author.
    ///   - forks: what is proven of them, by proofs that bear on them.
    ///   - hash: SHA-256.
    package init(
        _ settings: ReplicaSettings,
        feeds: [FeedTip],
        held: [MemberCode: HeldSummary],
        forks: [ForkedFeed] = [],
        hash: @escaping HashFunction
    ) {
        self.settings = settings
        self.held = held
        self.hash = hash
        certificates = settings.certificates
        self.feeds = FeedTable(feeds, forks: forks, hash: hash)
        for tip in feeds where tip.identity.member == settings.member {
            ownLatest = max(ownLatest, tip.latest)
        }
        for member in settings.roster.members where member.code != settings.member {
            records[member.code] = PeerRecord()
        }
    }

    package mutating func handle(_ input: ReplicaInput, now: Monotonic) {
        self.now = now
        if startedAt == nil { startedAt = now }
        switch input {
        case .connected(let link, let peer, let dialled, let wall):
            connected(link, peer, dialled: dialled, wallMilliseconds: wall)
        case .received(let link, let message, let wall):
            received(message, on: link, wallMilliseconds: wall)
        case .disconnected(let link): end(link, fault: nil)
        case .appended(let tips): appended(tips)
        case .persisted(let link, let batch, let tips, let held):
            persisted(link, batch, tips, held)
        case .read(let link, let entries): read(link, entries)
        case .heldChanged(let member, let summary): heldChanged(member, summary)
        case .proven(let link, let prove, let proved, let purpose):
            proven(link, prove, proved, purpose)
        case .forked(let forked): setForked(forked)
        case .incarnationBegun(let incarnation): begin(incarnation)
        case .ask(let records, let peer): ask(records, of: peer)
        case .timeout(let wall):
            armed = nil
            expire(wallMilliseconds: wall)
        case .stopping: stop()
        }
        arm()
    }

    /// The next thing to do, in order; nil when all is done.
    package mutating func nextOutput() -> ReplicaOutput? {
        guard outputsTaken < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            outputsTaken = 0
            return nil
        }
        defer { outputsTaken += 1 }
        return outputs[outputsTaken]
    }

    mutating func emit(_ output: ReplicaOutput) { outputs.append(output) }

    mutating func send(_ message: Message, on link: LinkID) { emit(.send(link, message)) }

    /// Asks to be woken for the earliest deadline, unless an earlier wake is to come anyway.
    private mutating func arm() {
        guard let deadline = earliestDeadline() else { return }
        if let armed, armed <= deadline { return }
        armed = deadline
        emit(.wake(at: deadline))
    }
}

// MARK: Ends

extension Replica {
    private mutating func received(
        _ message: Message,
        on link: LinkID,
        wallMilliseconds: Int64
    ) {
        guard let peer = sessions[link]?.peer else { return }
        sessions[link]?.heardAt = now
        sessions[link]?.answerAwaitedSince = nil
        records[peer]?.heardAt = now
        do throws(Fault) {
            try judge(message, on: link, wallMilliseconds: wallMilliseconds)
        } catch {
            close(link, error)
        }
    }

    private mutating func judge(
        _ message: Message,
        on link: LinkID,
        wallMilliseconds: Int64
    ) throws(Fault) {
        switch message {
        case .fault(let fault):
            end(link, fault: fault)
            emit(.close(link, nil))
            return
        case .hello(let hello):
            try heard(hello, on: link, wallMilliseconds: wallMilliseconds)
            return
        default: break
        }
        guard sessions[link]?.isAcquainted == true else {
            throw Fault(.frameOutOfOrder, "the first frame is no Hello")
        }
        switch message {
        case .ping(let ping): heard(ping, on: link, wallMilliseconds: wallMilliseconds)
        case .have(let have): try heard(have, on: link)
        case .want(let want): try heard(want, on: link)
        case .push(let push): try heard(push, on: link)
        case .ack(let ack): try heard(ack, on: link)
        case .ask(let ask): try heard(ask, on: link)
        case .prove(let prove): try heard(prove, on: link)
        case .proved(let proved): try heard(proved, on: link)
        case .hello, .fault, .check, .checked, .unknown: break
        }
    }

    /// Ends a session from this side.
    mutating func close(_ link: LinkID, _ fault: Fault) {
        end(link, fault: fault)
        emit(.close(link, fault))
    }

    /// Forgets a session and keeps what the peer's record wants of it.
    private mutating func end(_ link: LinkID, fault: Fault?) {
        guard let session = sessions.removeValue(forKey: link) else { return }
        let peer = session.peer
        if let fault, fault.code != .duplicateConnection { records[peer]?.lastFault = fault }
        dropErrands(on: link)
        guard used[peer] == link else { return }
        used[peer] = nil
        if session.state == .informed { records[peer]?.keepDelivery(of: session) }
        // What this peer was to deliver may be had of others, of whom it was wanted, too.
        runErrands()
    }

    /// Open connections to a peer, oldest first.
    func links(to peer: MemberCode) -> [LinkID] {
        sessions.filter { $0.value.peer == peer }.keys.sorted()
    }

    private mutating func stop() {
        isStopping = true
        for link in sessions.keys.sorted() {
            close(link, Fault(.shuttingDown, "this node stops"))
        }
    }

    /// The feeds of the former incarnation are closed; each session begins anew with a Hello that
    /// names the present one.
    private mutating func begin(_ incarnation: Incarnation) {
        guard incarnation != settings.incarnation else { return }
        settings.incarnation = incarnation
        suspected = []
        for link in sessions.keys.sorted() {
            close(link, Fault(.shuttingDown, "this node begins a new incarnation"))
        }
    }
}
