internal import AllianceModel
internal import COpenSSL

/// The judgements that OpenSSL asks for in the course of a handshake.
extension TLSEngine {
    /// The peer's certificate, before any of its application bytes.
    func judgeCertificate(_ check: OpaquePointer) -> Bool {
        let verdict = judgement(check)
        judged = verdict
        guard case .failure(let reason) = verdict else {
            X509_STORE_CTX_set_error(check, X509_V_OK)
            return true
        }
        // It chooses the alert.
        X509_STORE_CTX_set_error(check, reason.x509Code)
        return false
    }

    private func judgement(_ check: OpaquePointer) -> Result<PeerIdentity, RefusalReason> {
        if let reason = protocolRefusal { return .failure(reason) }
        let rules = ChainRules.session(part: peerPart, nowUnixSeconds: nowUnixSeconds)
        if let reason = rules.refusal(inPreparedCheck: check) { return .failure(reason) }
        guard let x509 = X509_STORE_CTX_get0_cert(check), X509_up_ref(x509) == 1,
            let certificate = Certificate(owning: x509)
        else { return .failure(.noCertificate) }
        return policy.judge(x509: certificate.x509).map { member in
            PeerIdentity(
                member: member,
                part: peerPart,
                certificateDER: certificate.der,
                notAfterUnixSeconds: certificate.notAfterUnixSeconds
            )
        }
    }

    /// Whether both sides have settled on our protocol; known before certificates are.
    private var protocolRefusal: RefusalReason? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard count > 0 else { return .alpnMissing }
        let chosen = UnsafeBufferPointer(start: name, count: Int(count))
        return chosen.elementsEqual(TLSContext.applicationProtocol.utf8) ? nil : .alpnWrong
    }

    /// A client that names no application protocol is told so at once.
    ///
    /// One that does not even offer TLS 1.3 is left to OpenSSL, which refuses its version.
    func judgeHello(_ alert: UnsafeMutablePointer<Int32>?) -> Bool {
        guard hasExtension(TLSEXT_TYPE_supported_versions),
            !hasExtension(TLSEXT_TYPE_application_layer_protocol_negotiation)
        else { return true }
        judged = .failure(.alpnMissing)
        alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
        return false
    }

    private func hasExtension(_ type: Int32) -> Bool {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        return SSL_client_hello_get0_ext(ssl, UInt32(type), &bytes, &count) == 1
    }
}
