import AllianceModel
import COpenSSL

/// A TLS peer that keeps none of our rules: OpenSSL as it comes, with whatever certificate, version
/// and application protocol a test wants.
///
/// It judges nobody.
final class RawPeer {
    struct Settings: Sendable {
        /// Paths; nil for a peer without a certificate.
        var certificate: String?
        var key: String?
        var version = TLS1_3_VERSION
        /// What a client offers and a server selects, in either case without asking; nil for none.
        var applicationProtocol: String? = "citysync/1"
    }

    enum Part {
        case client
        case server
    }

    private let ssl: OpaquePointer
    private let context: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private let settings: Settings
    private(set) var isDone = false
    private(set) var hasFailed = false
    /// The alert that ended it, if one did.
    private(set) var alert: UInt8?
    private(set) var received: Bytes = []

    init(_ part: Part, _ settings: Settings) throws {
        self.settings = settings
        guard let context = SSL_CTX_new(TLS_method()), let input = BIO_new(BIO_s_mem()),
            let output = BIO_new(BIO_s_mem())
        else { throw CommandFailure(text: "no SSL_CTX") }
        self.context = context
        self.input = input
        self.output = output
        _ = shim_SSL_CTX_set_min_proto_version(context, settings.version)
        _ = shim_SSL_CTX_set_max_proto_version(context, settings.version)
        if let certificate = settings.certificate, let key = settings.key {
            guard SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) == 1,
                SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
            else { throw CommandFailure(text: "cannot use \(certificate)") }
        }
        guard let ssl = SSL_new(context) else { throw CommandFailure(text: "no SSL") }
        self.ssl = ssl
        SSL_set_bio(ssl, input, output)
        switch part {
        case .client:
            if let name = settings.applicationProtocol {
                let list = [UInt8(name.utf8.count)] + Array(name.utf8)
                SSL_set_alpn_protos(ssl, list, UInt32(list.count))
            }
            SSL_set_connect_state(ssl)
        case .server:
            // Asks for a certificate and takes any.
            SSL_set_verify(ssl, SSL_VERIFY_PEER) { _, _ in 1 }
            serve()
            SSL_set_accept_state(ssl)
        }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    private func serve() {
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, count, _, _, argument in
                guard let argument else { return SSL_TLSEXT_ERR_NOACK }
                let peer = Unmanaged<RawPeer>.fromOpaque(argument).takeUnretainedValue()
                guard let name = peer.settings.applicationProtocol else {
                    return SSL_TLSEXT_ERR_NOACK
                }
                // Never freed: OpenSSL wants it to stay.
                let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: name.utf8.count)
                for (index, byte) in name.utf8.enumerated() { copy[index] = byte }
                chosen?.pointee = UnsafePointer(copy)
                count?.pointee = UInt8(name.utf8.count)
                return SSL_TLSEXT_ERR_OK
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Goes on as far as what has come allows; once its handshake is done it sends `message` at once.
    func advance(sending message: Bytes) {
        guard !hasFailed else { return }
        if !isDone {
            ERR_clear_error()
            let result = SSL_do_handshake(ssl)
            guard result == 1 else { return settle(result) }
            isDone = true
            SSL_write(ssl, message, Int32(message.count))
        }
        var buffer = Bytes(repeating: 0, count: 16 << 10)
        while true {
            ERR_clear_error()
            let count = SSL_read(ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { return settle(count) }
            received += buffer.prefix(Int(count))
        }
    }

    private func settle(_ result: Int32) {
        guard SSL_get_error(ssl, result) == SSL_ERROR_SSL else { return }
        hasFailed = true
        while case let code = ERR_get_error(), code != 0 {
            let reason = shim_ERR_reason(code)
            if reason >= SSL_AD_REASON_OFFSET {
                alert = UInt8(truncatingIfNeeded: reason - SSL_AD_REASON_OFFSET)
            }
        }
    }

    func feed(_ bytes: Bytes) {
        BIO_write(input, bytes, Int32(bytes.count))
    }

    func takeOutput() -> Bytes {
        var bytes = Bytes(repeating: 0, count: BIO_ctrl_pending(output))
        let count = BIO_read(output, &bytes, Int32(bytes.count))
        return Bytes(bytes.prefix(Int(max(0, count))))
    }
}
