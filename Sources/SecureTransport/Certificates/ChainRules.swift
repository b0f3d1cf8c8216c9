internal import COpenSSL

/// The part that a certificate's holder plays in a TLS session.
package enum TLSPart: Hashable, Sendable {
    case client
    case server
}

/// How OpenSSL is to check a chain: the same rules in a handshake, for a live session and for
/// stored signatures.
struct ChainRules {
    let flags: Int
    /// Nil: for no TLS part, so that no purpose is asked of it.
    let part: TLSPart?
    /// Nil: the validity dates do not count.
    let nowUnixSeconds: Int64?

    /// The rules of a session (RFC 5280, section 6): strict, in time, and with a revocation list
    /// that is in time.
    static func session(part: TLSPart, nowUnixSeconds: Int64) -> ChainRules {
        ChainRules(
            flags: Int(X509_V_FLAG_X509_STRICT | X509_V_FLAG_CRL_CHECK),
            part: part,
            nowUnixSeconds: nowUnixSeconds
        )
    }

    /// Lays the rules on a check that OpenSSL has prepared.
    ///
    /// Depth 0: the alliance's authorities sign members directly, nothing stands between.
    private func apply(to check: OpaquePointer) -> Bool {
        guard let parameters = X509_STORE_CTX_get0_param(check) else { return false }
        X509_VERIFY_PARAM_set_flags(parameters, UInt(flags))
        X509_VERIFY_PARAM_set_depth(parameters, 0)
        X509_VERIFY_PARAM_set_auth_level(parameters, 2)
        if let nowUnixSeconds {
            X509_VERIFY_PARAM_set_time(parameters, time_t(nowUnixSeconds))
        }
        guard let part else { return true }
        let purpose = part == .client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER
        return X509_VERIFY_PARAM_set_purpose(parameters, purpose) == 1
    }

    /// Nil when the chain that `check` was prepared for holds.
    func refusal(inPreparedCheck check: OpaquePointer) -> RefusalReason? {
        defer { ERR_clear_error() }
        guard apply(to: check) else {
            return .certificateInvalid(x509Code: X509_V_ERR_INVALID_CALL)
        }
        let verified = X509_verify_cert(check)
        let code = X509_STORE_CTX_get_error(check)
        guard verified == 1, code == X509_V_OK else {
            return RefusalReason(x509Code: code == X509_V_OK ? X509_V_ERR_UNSPECIFIED : code)
        }
        guard let part, let certificate = X509_STORE_CTX_get0_cert(check) else { return nil }
        // OpenSSL takes a certificate without the extension as good for everything.
        let usage = X509_get_extended_key_usage(certificate)
        let wanted = UInt32(part == .client ? XKU_SSL_CLIENT : XKU_SSL_SERVER)
        return usage == UInt32.max || usage & wanted == 0 ? .purposeWrong : nil
    }

    /// Nil when the certificate holds under these authorities.
    func refusal(of certificate: Certificate, by authorities: Authorities) -> RefusalReason? {
        guard let check = X509_STORE_CTX_new() else {
            return .certificateInvalid(x509Code: X509_V_ERR_OUT_OF_MEM)
        }
        defer { X509_STORE_CTX_free(check) }
        guard X509_STORE_CTX_init(check, authorities.store, certificate.x509, nil) == 1 else {
            ERR_clear_error()
            return .certificateInvalid(x509Code: X509_V_ERR_OUT_OF_MEM)
        }
        return refusal(inPreparedCheck: check)
    }
}
