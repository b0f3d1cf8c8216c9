import AllianceModel
import NIOCore
import ReplicationCore
import ReplicationWire
import SecureTransport
import Synchronization

/// One connection to a peer whose certificate was judged to be its member's.
///
/// The key that signs heads is the one whose certificate was shown on this connection, so that a
/// reload of certificates does not disturb it.
final class PeerLink: Sendable {
    let id: LinkID
    let peer: PeerIdentity
    let credentials: Credentials
    private let channel: any Channel
    private let peers: PeerTable
    private let alliance: Text
    private let ending = Mutex<Fault?>(nil)
    private let hello = Atomic(false)

    /// Bytes of frames that may wait for the writer: twice the windows, and as much again.
    static let waitingBytesMaximum = 32 << 20
    /// What a frame counts at least, so that small ones are bounded too.
    static let frameBytesLeast = 512

    init(
        id: LinkID,
        peer: PeerIdentity,
        credentials: Credentials,
        channel: any Channel,
        peers: PeerTable,
        alliance: Text
    ) {
        self.id = id
        self.peer = peer
        self.credentials = credentials
        self.channel = channel
        self.peers = peers
        self.alliance = alliance
    }

    /// Why this side ended the session; nil while it did not.
    var fault: Fault? { ending.withLock { $0 } }

    /// Whether the peer has said Hello.
    var isGreeted: Bool { hello.load(ordering: .relaxed) }

    func greeted() { hello.store(true, ordering: .relaxed) }

    func send(_ message: Message) {
        channel.eventLoop.execute { [self] in write(Wire.encode(message)) }
    }

    /// Signs the heads of our own feeds and sends the entries; all of them are durable.
    func push(_ entries: ReadEntries, of feeds: [FeedIdentity]) {
        channel.eventLoop.execute { [self] in
            do throws(SigningError) {
                let heads = try entries.parts.map { part throws(SigningError) in
                    if let head = part.head { return head }
                    return try sign(
                        FeedHead(feed: part.feed, size: part.last, root: part.root)
                    )
                }
                write(PushEncoder.encode(entries, of: feeds, heads: heads))
            } catch {
                close(Fault(.storeStopped, "this node cannot sign: \(error)"))
            }
        }
    }

    func close(_ fault: Fault?) {
        // The first reason is the reason.
        ending.withLock { $0 = $0 ?? fault }
        channel.eventLoop.execute { [self] in
            if let fault { write(Wire.encode(.fault(fault))) }
            channel.close(promise: nil)
        }
    }

    /// Ends the session for a reason that is no peer's protocol: a reload that refuses it.
    func refuse(_ reason: RefusalReason) {
        channel.eventLoop.execute { [self] in
            channel.pipeline.fireUserInboundEventTriggered(LinkRefusal(reason: reason))
        }
    }

    private func write(_ bytes: Bytes) {
        peers.update(peer.member) { $0.bytesSent += UInt64(bytes.count) }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    private func sign(_ head: FeedHead) throws(SigningError) -> SignedHead {
        let bytes = head.signedBytes(alliance: alliance, member: credentials.member)
        return SignedHead(
            head: head,
            key: credentials.certificate.fingerprint,
            signature: try credentials.signingKey.sign(bytes)
        )
    }
}

/// Told to a link's handler: its peer would be refused today.
struct LinkRefusal {
    var reason: RefusalReason
}
