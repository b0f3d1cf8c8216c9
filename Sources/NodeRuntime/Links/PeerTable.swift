import AllianceModel
import ReplicationCore
import Synchronization

/// What is known of the links to each peer; read by `status`, written by dialers and links.
final class PeerTable: Sendable {
    /// Why there is no session, in a stable code and in words.
    struct Problem: Hashable, Sendable {
        var code: String
        var detail: String
        /// True if a certificate or an identity was refused, by either side.
        var isRefusal: Bool
    }

    struct Peer: Sendable {
        var address: String
        /// Why the last attempt or session came to nothing; stale while a session stands.
        var problem: Problem?
        /// Monotonic milliseconds of the next dial; nil while connected or dialling.
        var nextDial: Monotonic?
        /// Since when there has been no session; stale while one stands.
        ///
        /// By the monotonic clock, so that setting the wall clock makes nobody seem away for long,
        /// or hides that somebody is.
        ///
        /// A connection that is refused, by certificate or at its Hello, is none: it must not
        /// begin the count anew.
        var unreachableSince: Monotonic
        var lastHeard: Monotonic?
        var certificateEnds: Int64?
        var bytesSent: UInt64 = 0
        var bytesReceived: UInt64 = 0
        /// How the last session ended, if by a fault.
        var fault: Fault?
        /// Sessions that began in this process.
        var sessions: UInt64 = 0
        /// Links that stand, of which the replica keeps one.
        var links: Set<LinkID> = []
    }

    private struct State {
        var peers: [MemberCode: Peer]
        var strangers: [String: UInt64] = [:]
        var waiters: [MemberCode: CheckedContinuation<Void, Never>] = [:]
    }

    private let state: Mutex<State>

    init(addresses: [MemberCode: String], now: Monotonic) {
        state = Mutex(
            State(
                peers: addresses.mapValues {
                    Peer(address: $0, unreachableSince: now)
                }
            )
        )
    }

    func update(_ member: MemberCode, _ change: (inout Peer) -> Void) {
        state.withLock { state in
            guard var peer = state.peers[member] else { return }
            change(&peer)
            state.peers[member] = peer
        }
    }

    /// A refused connection: noted at its member if it is one of ours, else counted by reason.
    func refused(_ member: MemberCode?, _ problem: Problem) {
        state.withLock { state in
            if let member, state.peers[member] != nil {
                if state.peers[member]?.links.isEmpty == true {
                    state.peers[member]?.problem = problem
                } else {
                    // Its session stands: whoever this was must not hide that.
                    state.strangers[problem.code, default: 0] += 1
                }
            } else {
                state.strangers[problem.code, default: 0] += 1
            }
        }
    }

    func opened(_ link: LinkID, to member: MemberCode, certificateEnds: Int64, now: Monotonic) {
        update(member) { peer in
            peer.links.insert(link)
            peer.sessions += 1
            peer.fault = nil
            peer.nextDial = nil
            peer.certificateEnds = certificateEnds
            peer.lastHeard = now
        }
    }

    /// A link ended, with the problem to show.
    ///
    /// `wasSession`: false if it came to nothing.
    func closed(
        _ link: LinkID,
        to member: MemberCode,
        _ problem: Problem,
        fault: Fault?,
        wasSession: Bool,
        now: Monotonic
    ) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.peers[member]?.links.remove(link) != nil,
                state.peers[member]?.links.isEmpty == true
            else { return nil }
            if wasSession { state.peers[member]?.unreachableSince = now }
            state.peers[member]?.fault = fault
            state.peers[member]?.problem = problem
            return state.waiters.removeValue(forKey: member)
        }
        waiter?.resume()
    }

    func isConnected(_ member: MemberCode) -> Bool {
        state.withLock { $0.peers[member]?.links.isEmpty == false }
    }

    /// Returns once no link to that member stands.
    ///
    /// One waiter a member: its dialer.
    func disconnection(of member: MemberCode) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard state.peers[member]?.links.isEmpty == false else { return true }
                state.waiters[member] = continuation
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    var snapshot: (peers: [MemberCode: Peer], strangers: [String: UInt64]) {
        state.withLock { ($0.peers, $0.strangers) }
    }
}
