import AllianceModel
import Logging
import NIOCore
import NodeStore
import ReplicationCore
import ReplicationWire
import SecureTransport
import Synchronization

/// Between the writer's thread and the event loops: which link is which, what was committed last,
/// which credentials are in force.
final class NodeHub: Sendable {
    let member: MemberCode
    let roster: Roster
    let peers: PeerTable
    let signal: PositionSignal
    let logger: Logger
    let clocks: NodeClocks
    let queue = WriterQueue()
    let checks = CheckDesk()

    private struct State {
        var links: [LinkID: PeerLink] = [:]
        var nextLink: UInt64 = 1
        var problem: StoreError?
        /// True once the writer has ended: nobody is left to speak on a link.
        var isEnded = false
        /// Keys to be kept: told to the writer with the next session.
        var kept: Set<Digest> = []
    }

    private let state: Mutex<State>
    private let catalogs: CatalogCell
    private let cell: CredentialsCell

    init(
        member: MemberCode,
        roster: Roster,
        peers: PeerTable,
        credentials: CredentialsCell,
        catalogs: CatalogCell,
        kept certificates: [KeyCertificate],
        signal: PositionSignal,
        clocks: NodeClocks,
        logger: Logger
    ) {
        self.member = member
        self.roster = roster
        self.peers = peers
        self.signal = signal
        self.clocks = clocks
        self.logger = logger
        self.catalogs = catalogs
        cell = credentials
        state = Mutex(State(kept: Set(certificates.map(\.digest))))
    }

    var catalog: Catalog { catalogs.value }
    var credentials: Credentials { cell.credentials }
    var problem: StoreError? { state.withLock { $0.problem } }

    func policy(expecting member: MemberCode?) -> PeerPolicy {
        PeerPolicy(
            trustDomain: roster.trustDomain,
            members: Set(roster.members.map(\.code)).subtracting([self.member]),
            expected: member
        )
    }

    /// The link to that member that stays, if one stands: of several the replica keeps the one that
    /// the lower code dialled, and of these the newest.
    func link(to member: MemberCode) -> PeerLink? {
        let isLower = self.member < member
        let links = state.withLock { state in
            state.links.values.filter { $0.peer.member == member }
        }
        let kept = links.filter { ($0.peer.part == .server) == isLower }
        return (kept.isEmpty ? links : kept).max { $0.id < $1.id }
    }

    /// Takes new credentials, and ends the sessions whose peers they refuse.
    ///
    /// Returns how many.
    func replace(_ credentials: Credentials, certificates: [KeyCertificate]) -> Int {
        cell.replace(credentials, certificates)
        let links = state.withLock { Array($0.links.values) }
        // What came since the certificates were read from the store.
        let signers = signers
        for link in links { _ = signers.signer(certificateDER: link.peer.certificateDER) }
        let members = policy(expecting: nil).members
        let now = clocks.wallMilliseconds() / 1_000
        var refused = 0
        for link in links {
            guard
                let reason = credentials.judge(link.peer, members: members, nowUnixSeconds: now)
            else { continue }
            refused += 1
            link.refuse(reason)
        }
        return refused
    }

    /// The writer's state between two transactions; nil once it has ended.
    func inspect() async -> WriterView? {
        await withCheckedContinuation { continuation in
            queue.put { $0.inspections.append { continuation.resume(returning: $0) } }
        }
    }

    /// Whether the last session with a member came as far as knowing what each side has.
    func reachedHeads(_ member: MemberCode) async -> Bool {
        await inspect()?.peers.first { $0.member == member }?.reachedHeads ?? false
    }

    /// Keeps a certificate whose key may have signed what is stored, with the next commit.
    func keep(_ der: Bytes) {
        let digest = SHA256.hash(der)
        let signers = signers
        guard let signer = signers.signer(certificateDER: der) else { return }
        guard state.withLock({ $0.kept.insert(digest).inserted }) else { return }
        let certificate = KeyCertificate(digest: digest, member: signer.member, der: der)
        let work = Local<Void>(
            count: 0,
            { ledger, _ throws(StoreError) in try ledger.keep(certificate) },
            completion: { _ in }
        )
        queue.put { $0.local.append(work) }
    }
}

extension NodeHub: LinkDelegate {
    var signers: SignerDirectory { cell.signers }

    func opened(
        _ peer: PeerIdentity,
        on channel: any Channel,
        with credentials: Credentials
    )
        -> PeerLink
    {
        let (link, isEnded) = state.withLock { state in
            let link = PeerLink(
                id: LinkID(rawValue: state.nextLink),
                peer: peer,
                credentials: credentials,
                channel: channel,
                peers: peers,
                alliance: roster.alliance
            )
            state.nextLink += 1
            state.links[link.id] = link
            return (link, state.isEnded)
        }
        cell.note(credentials, shownOn: link.id)
        if isEnded { link.close(farewell) }
        peers.opened(
            link.id,
            to: peer.member,
            certificateEnds: peer.notAfterUnixSeconds * 1_000,
            now: clocks.monotonic()
        )
        logger.info("session with \(peer.member) stands")
        keep(peer.certificateDER)
        put(
            .connected(
                link.id,
                peer: peer.member,
                dialled: peer.part == .server,
                wallMilliseconds: clocks.wallMilliseconds()
            )
        )
        return link
    }

    func received(_ message: Message, on link: PeerLink, bytes: Int) {
        let (wall, now) = (clocks.wallMilliseconds(), clocks.monotonic())
        peers.update(link.peer.member) { peer in
            peer.bytesReceived += UInt64(bytes)
            peer.lastHeard = now
        }
        switch message {
        case .check(let check):
            // The replica refuses it before a Hello.
            queue.put {
                $0.add(.received(link.id, message, wallMilliseconds: wall), on: link, bytes)
            }
            checks.asked(check, on: link)
        case .checked(let checked): checks.answered(checked, by: link.peer.member)
        default:
            if case .hello = message { link.greeted() }
            for certificate in message.certificates { keep(certificate) }
            queue.put {
                $0.add(.received(link.id, message, wallMilliseconds: wall), on: link, bytes)
            }
        }
    }

    func closed(_ link: PeerLink, _ theirs: Fault?, _ refusal: RefusalReason?) {
        state.withLock { _ = $0.links.removeValue(forKey: link.id) }
        cell.note(nil, shownOn: link.id)
        checks.lost(link)
        let fault = theirs ?? link.fault
        peers.closed(
            link.id,
            to: link.peer.member,
            Self.problem(fault, refusal),
            fault: fault,
            wasSession: link.isGreeted && refusal?.isRefusal != true
                && fault?.code.refusesHello != true,
            now: clocks.monotonic()
        )
        if let refusal, refusal.isRefusal {
            logger.warning(
                "session refused: \(refusal)",
                metadata: [
                    "peer": "\(link.peer.member)",
                    "judged": "\(refusal.wasJudgedHere ? "here" : "by the peer")",
                ]
            )
        }
        if let fault, fault.code != .duplicateConnection {
            logger.notice(
                "session with \(link.peer.member) ended: \(fault.code.rawValue): \(fault.text)"
            )
        } else {
            logger.info("session with \(link.peer.member) ended")
        }
        put(.disconnected(link.id))
    }

    /// What a session's end leaves to show.
    ///
    /// In TLS 1.3 a client hears that its certificate was refused only after its own handshake: a
    /// refusal is the better reason, where there is one.
    private static func problem(_ fault: Fault?, _ refusal: RefusalReason?) -> PeerTable.Problem {
        if let refusal, refusal.isRefusal {
            return PeerTable.Problem(code: refusal.code, detail: "\(refusal)", isRefusal: true)
        }
        if let fault, fault.code != .duplicateConnection {
            return PeerTable.Problem(
                code: fault.code.rawValue,
                detail: fault.text,
                isRefusal: fault.code.isViolation
            )
        }
        return PeerTable.Problem(
            code: "connection_lost",
            detail: "the connection ended",
            isRefusal: false
        )
    }

    func refused(_ reason: RefusalReason, called: MemberCode?, from address: String) {
        let claimed = called ?? reason.claimedMember.flatMap { MemberCode($0) }
        logger.warning(
            "connection refused: \(reason)",
            metadata: [
                "peer": "\(claimed?.string ?? "unknown")", "address": "\(address)",
                "judged": "\(reason.wasJudgedHere ? "here" : "by the peer")",
            ]
        )
        peers.refused(
            claimed,
            PeerTable.Problem(
                code: reason.code,
                detail: reason.wasJudgedHere
                    ? "\(reason), refused here, from \(address)"
                    : "\(reason), refused by the peer at \(address)",
                isRefusal: reason.isRefusal
            )
        )
    }

    private func put(_ input: ReplicaInput) {
        queue.put { $0.inputs.append(input) }
    }
}

extension NodeHub: WriterDelegate {
    func send(_ message: Message, on link: LinkID) {
        state.withLock { $0.links[link] }?.send(message)
    }

    func push(_ entries: ReadEntries, of feeds: [FeedIdentity], on link: LinkID) {
        state.withLock { $0.links[link] }?.push(entries, of: feeds)
    }

    func close(_ link: LinkID, _ fault: Fault?) {
        if let fault, fault.code != .duplicateConnection, fault.code != .shuttingDown {
            logger.notice("closing a session: \(fault.code.rawValue): \(fault.text)")
        }
        // The replica only knows that it is to stop, not why.
        // Of a failed store the peer has to know; a new incarnation says so itself.
        let told = fault?.code == .shuttingDown && problem != nil ? farewell : fault
        state.withLock { $0.links[link] }?.close(told)
    }

    func committed(_ committed: Committed, catalog: Catalog?) {
        if let catalog {
            // Of a forked one the alarm is another.
            tellLost(
                catalog.facts.gone.subtracting(catalogs.value.facts.gone)
                    .subtracting(catalog.facts.forkedWriters)
            )
            catalogs.value = catalog
        }
        if committed.regained > 0 {
            logger.notice("\(committed.regained) lost changes of this member came back from a peer")
        }
        signal.advance(to: committed.position)
    }

    /// What nobody has is said where somebody may ask for it later.
    private func tellLost(_ gone: Set<Writer>) {
        for writer in gone.sorted() where writer.member == member {
            logger.warning(
                """
                nobody who can be reached has all that this node wrote as incarnation \
                \(writer.incarnation): the rest is declared gone, and nobody waits for it
                """
            )
        }
    }

    func ended() {
        let links = state.withLock { state in
            state.isEnded = true
            return Array(state.links.values)
        }
        for link in links { link.close(farewell) }
    }

    /// What a peer is told at the end: an orderly one, or that somebody here has to act.
    private var farewell: Fault {
        problem == nil
            ? Fault(.shuttingDown, "this node stops")
            : Fault(.storeStopped, "this node's store has failed: it takes nothing more")
    }

    func storeStopped(_ error: StoreError) {
        state.withLock { $0.problem = error }
        signal.release()
    }
}

extension FaultCode {
    /// Faults that no retry heals: one of the two has to be set up or upgraded differently.
    static let incompatibilities: Set<FaultCode> = [
        .versionUnsupported, .featureMissing, .allianceDiffers, .rosterDiffers,
    ]

    /// True if it is a Hello's answer: what it ended had not begun.
    var refusesHello: Bool { self == .memberDiffers || Self.incompatibilities.contains(self) }
}

extension Message {
    /// Certificates that came with it (DER), of whomever.
    fileprivate var certificates: [Bytes] {
        switch self {
        case .hello(let hello): hello.certificates
        case .push(let push): push.certificates
        case .proved(let proved): proved.certificate.map { [$0] } ?? []
        default: []
        }
    }
}

extension RefusalReason {
    /// True if a certificate or an identity was judged, here or by the peer; false for a connection
    /// that just ended.
    var isRefusal: Bool {
        if case .peerClosed = self { false } else { true }
    }
}
