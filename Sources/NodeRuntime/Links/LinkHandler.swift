import AllianceModel
import Logging
import NIOCore
import ReplicationCore
import ReplicationWire
import SecureTransport

/// Whom a link's handler reports to.
protocol LinkDelegate: AnyObject, Sendable {
    func opened(
        _ peer: PeerIdentity,
        on channel: any Channel,
        with credentials: Credentials
    )
        -> PeerLink
    func received(_ message: Message, on link: PeerLink, bytes: Int)
    /// A session ended: by a fault, or by a refusal that came when the peer had been accepted here.
    func closed(_ link: PeerLink, _ theirs: Fault?, _ refusal: RefusalReason?)
    /// A connection ended before its peer was accepted.
    func refused(_ reason: RefusalReason, called: MemberCode?, from address: String)
    var signers: SignerDirectory { get }
}

/// Turns plaintext into messages, on the event loop: framing, decoding, leaves, head signatures.
///
/// What reaches the writer is decoded and genuine, or a fault that ends the session.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private weak let delegate: (any LinkDelegate)?
    private let credentials: Credentials
    private let called: MemberCode?
    private let alliance: Text
    private let hash: HashFunction
    private let logger: Logger
    private var decoder: FrameDecoder
    private let gate: HandshakeGate
    /// The address that is to leave the gate when the handshake is over, either way.
    private var waiting: String?
    private var link: PeerLink?
    private var fault: Fault?
    private var refusal: RefusalReason?

    init(
        delegate: any LinkDelegate,
        credentials: Credentials,
        called: MemberCode?,
        alliance: Text,
        limits: WireLimits,
        gate: HandshakeGate,
        hash: @escaping HashFunction,
        logger: Logger
    ) {
        self.delegate = delegate
        self.credentials = credentials
        self.called = called
        self.alliance = alliance
        self.hash = hash
        self.logger = logger
        self.gate = gate
        decoder = FrameDecoder(limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Only who dials in can flood.
        guard called == nil else { return }
        let address = context.remoteAddress?.ipAddress ?? "local"
        if gate.enter(address) {
            waiting = address
        } else {
            logger.debug(
                "too many connections in their handshake",
                metadata: ["address": "\(address)"]
            )
            context.close(promise: nil)
        }
    }

    private func leaveGate() {
        if let waiting { gate.leave(waiting) }
        waiting = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as TLSHandler.HandshakeCompleted:
            leaveGate()
            link = delegate?.opened(event.peer, on: context.channel, with: credentials)
            if link == nil { context.close(promise: nil) }
        case let event as LinkRefusal:
            refusal = event.reason
            context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let link, fault == nil else { return }
        let buffer = unwrapInboundIn(data)
        do throws(Fault) {
            try buffer.withUnsafeReadableBytes { raw throws(Fault) in
                var chunk = raw
                while let frame = try decoder.next(from: &chunk) {
                    try take(frame, on: link)
                }
            }
        } catch {
            fault = error
            link.close(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .refused(let reason) = error as? TransportError { refusal = reason }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leaveGate()
        if let link {
            delegate?.closed(link, fault, refusal)
        } else if let refusal {
            let address = context.remoteAddress?.description ?? "unknown address"
            delegate?.refused(refusal, called: called, from: address)
        }
        link = nil
        context.fireChannelInactive()
    }

    // MARK: Frames

    private func take(_ frame: Bytes, on link: PeerLink) throws(Fault) {
        let message = try Wire.decode(frame, hash: hash)
        switch message {
        case .hello(let hello):
            decoder.phase = .open
            for certificate in hello.certificates {
                _ = delegate?.signers.signer(certificateDER: certificate)
            }
        case .push(let push):
            for certificate in push.certificates {
                _ = delegate?.signers.signer(certificateDER: certificate)
            }
            for part in push.parts { try verify(part.head, of: part.identity.member) }
        case .proved(let proved):
            if let certificate = proved.certificate {
                _ = delegate?.signers.signer(certificateDER: certificate)
            }
            try verify(proved.head, of: proved.member)
        case .fault(let theirs): fault = theirs
        case .ping, .have, .want, .ack, .ask, .prove, .check, .checked, .unknown: break
        }
        delegate?.received(message, on: link, bytes: frame.count + FrameDecoder.lengthBytes)
    }

    /// Every head is signed by a key of its feed's member.
    private func verify(_ head: SignedHead, of member: MemberCode) throws(Fault) {
        guard let signer = delegate?.signers.signer(fingerprint: head.key),
            signer.member == member,
            signer.key.isValid(
                signature: head.signature,
                for: head.head.signedBytes(alliance: alliance, member: member)
            )
        else {
            throw Fault(
                .signatureInvalid,
                "a head of \(member) is not signed by a key of that member"
            )
        }
    }
}
