import AllianceModel
internal import COpenSSL

/// One TLS 1.3 session without a socket: ciphertext in and out, plaintext in and out, and a state.
///
/// It is used from one thread at a time. OpenSSL works on two memory BIOs; time enters once, as the
/// moment by which certificates are judged.
///
/// In TLS 1.3 the client has finished before the server has judged the client's certificate. A
/// refusing server never decrypts what the client sends behind its certificate: plaintext is read in
/// the state `open` only. The refused client is `open` until the alert comes, then `closed` with it.
package final class TLSEngine {
    /// The longest plaintext of one record (RFC 8446, section 5.1).
    package static let recordBytesMaximum = 16 << 10

    package enum State: Hashable, Sendable {
        /// Can transition to `open` and `closed`.
        case handshaking
        /// Both sides are judged, as far as this side can know. Can transition to `closed`.
        case open(PeerIdentity)
        /// For ever. Output may still wait to be sent.
        case closed(Closure)
    }

    package enum Closure: Hashable, Sendable {
        /// close_notify was received or sent.
        case orderly
        case refused(RefusalReason)
    }

    package internal(set) var state = State.handshaking

    let policy: PeerPolicy
    let nowUnixSeconds: Int64
    /// What a callback judged; OpenSSL's own words come after it.
    var judged: Result<PeerIdentity, RefusalReason>?
    let ssl: OpaquePointer
    /// Ciphertext from the peer and to the peer; `ssl` owns both.
    private let input: OpaquePointer
    private let output: OpaquePointer
    /// Keeps the SSL_CTX's owner alive.
    private let credentials: Credentials
    private let isClient: Bool

    /// A session with a peer that the policy allows: dialled when it names whom to expect, else
    /// accepted.
    package init(
        credentials: Credentials,
        policy: PeerPolicy,
        nowUnixSeconds: Int64
    ) throws(CredentialsError) {
        self.credentials = credentials
        self.policy = policy
        self.nowUnixSeconds = nowUnixSeconds
        isClient = policy.expected != nil
        guard let ssl = SSL_new(credentials.context) else {
            throw .unusable(text: OpenSSLFault.drain().description)
        }
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw .unusable(text: OpenSSLFault.drain().description)
        }
        SSL_set_bio(ssl, input, output)
        self.ssl = ssl
        self.input = input
        self.output = output
        _ = shim_SSL_set_app_data(ssl, Unmanaged.passUnretained(self).toOpaque())
        if isClient { SSL_set_connect_state(ssl) } else { SSL_set_accept_state(ssl) }
    }

    deinit { SSL_free(ssl) }

    /// The engine that an SSL belongs to; it outlives the SSL.
    static func of(_ ssl: OpaquePointer) -> TLSEngine? {
        shim_SSL_get_app_data(ssl).map {
            Unmanaged<TLSEngine>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// The part that the peer plays.
    var peerPart: TLSPart { isClient ? .server : .client }

    /// The client's first flight; on the server nothing.
    package func start() {
        if isClient { handshake() }
    }

    /// Takes ciphertext in.
    ///
    /// Afterwards ask for state, plaintext and output.
    package func receive(_ ciphertext: UnsafeRawBufferPointer) {
        guard !isClosed, let base = ciphertext.baseAddress else { return }
        var rest = ciphertext.count
        while rest > 0 {
            let count = BIO_write(
                input,
                base + (ciphertext.count - rest),
                Int32(clamping: rest)
            )
            guard count > 0 else { return end(.refused(RefusalReason(OpenSSLFault.drain()))) }
            rest -= Int(count)
        }
        if case .handshaking = state { handshake() }
    }

    /// The peer's end of the connection is closed; without a close_notify before, that is a cut.
    package func receiveEnd() {
        if !isClosed { end(.refused(.peerClosed)) }
    }

    /// Ciphertext that has come and plaintext that did not fit a buffer yet; at least as many bytes as
    /// can be read now.
    package var inputByteCount: Int { BIO_ctrl_pending(input) + Int(SSL_pending(ssl)) }

    /// Decrypts into a buffer until it is full or no whole record is left; returns the count.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard case .open = state, let base = buffer.baseAddress else { return 0 }
        var filled = 0
        while filled < buffer.count {
            ERR_clear_error()
            let room = Int32(clamping: buffer.count - filled)
            let count = SSL_read(ssl, base + filled, room)
            guard count > 0 else {
                settle(count)
                break
            }
            filled += Int(count)
        }
        return filled
    }

    /// Encrypts, in records of 16 KiB and one shorter; false when the session is not open.
    package func write(_ plaintext: UnsafeRawBufferPointer) -> Bool {
        guard case .open = state, let base = plaintext.baseAddress else { return false }
        var written = 0
        while written < plaintext.count {
            ERR_clear_error()
            let rest = Int32(clamping: plaintext.count - written)
            let count = SSL_write(ssl, base + written, rest)
            guard count > 0 else {
                settle(count)
                return false
            }
            written += Int(count)
        }
        return true
    }

    /// Ciphertext that waits to be sent.
    package var outputByteCount: Int { BIO_ctrl_pending(output) }

    /// Moves waiting ciphertext into a buffer; returns the count.
    package func readOutput(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        return max(0, Int(BIO_read(output, base, Int32(clamping: buffer.count))))
    }

    /// Ends the session: a close_notify where a handshake was finished.
    package func close() {
        guard !isClosed else { return }
        sendCloseNotify()
        end(.orderly)
    }

    /// Ends the session for a reason found outside: a timeout, a reload that revoked the peer.
    package func refuse(_ reason: RefusalReason) {
        guard !isClosed else { return }
        sendCloseNotify()
        end(.refused(reason))
    }

    private var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    private func sendCloseNotify() {
        guard case .open = state else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    private func end(_ closure: Closure) {
        state = .closed(closure)
        _ = shim_BIO_reset(input)
    }

    private func handshake() {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result == 1 else { return settle(result) }
        // The callbacks have judged by now; without their word nothing is open.
        guard case .success(let peer) = judged, SSL_version(ssl) == TLS1_3_VERSION,
            SSL_session_reused(ssl) == 0
        else { return end(.refused(.noCertificate)) }
        state = .open(peer)
    }

    /// Draws the consequence of a call that did not succeed.
    private func settle(_ result: Int32) {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: ERR_clear_error()
        case SSL_ERROR_ZERO_RETURN:
            sendCloseNotify()
            end(.orderly)
        default:
            let fault = OpenSSLFault.drain()
            if case .failure(let reason) = judged { return end(.refused(reason)) }
            end(.refused(RefusalReason(fault)))
        }
    }
}
