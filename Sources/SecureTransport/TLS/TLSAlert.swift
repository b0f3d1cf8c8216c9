internal import COpenSSL

/// The alerts of TLS 1.3 by their names (RFC 8446, section 6).
package enum TLSAlert {
    private static let names: [UInt8: String] = [
        0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
        40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate",
        44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
        47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
        51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security",
        80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
        109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
        113: "bad_certificate_status_response", 115: "unknown_psk_identity",
        116: "certificate_required", 120: "no_application_protocol",
    ]

    /// The alert's name, or its number in words where the RFC has none.
    package static func name(of alert: UInt8) -> String {
        names[alert] ?? "alert \(alert)"
    }
}

extension RefusalReason {
    /// What an X509_V_ERR number means to us.
    init(x509Code: Int32) {
        self =
            switch x509Code {
            case X509_V_ERR_CERT_HAS_EXPIRED: .expired
            case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
            case X509_V_ERR_CERT_REVOKED: .revoked
            case X509_V_ERR_INVALID_PURPOSE: .purposeWrong
            case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION: .identityForeign
            case X509_V_ERR_UNABLE_TO_GET_CRL: .crlMissing
            case X509_V_ERR_CRL_HAS_EXPIRED: .crlExpired
            case X509_V_ERR_CRL_NOT_YET_VALID: .crlNotYetValid
            case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, X509_V_ERR_CRL_SIGNATURE_FAILURE,
                X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
                X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
                X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
                X509_V_ERR_DIFFERENT_CRL_SCOPE, X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
                .crlInvalid
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_CERT_SIGNATURE_FAILURE,
                X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_CHAIN_TOO_LONG,
                X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_CERT_UNTRUSTED,
                X509_V_ERR_CERT_REJECTED, X509_V_ERR_INVALID_CA:
                .authorityUnknown
            default: .certificateInvalid(x509Code: x509Code)
            }
    }

    /// The X509_V_ERR number that makes OpenSSL send the alert that fits best.
    var x509Code: Int32 {
        switch self {
        case .authorityUnknown: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        case .expired: X509_V_ERR_CERT_HAS_EXPIRED
        case .notYetValid: X509_V_ERR_CERT_NOT_YET_VALID
        case .revoked: X509_V_ERR_CERT_REVOKED
        case .purposeWrong, .keyUnsuited: X509_V_ERR_INVALID_PURPOSE
        case .crlMissing: X509_V_ERR_UNABLE_TO_GET_CRL
        case .crlExpired: X509_V_ERR_CRL_HAS_EXPIRED
        case .crlNotYetValid: X509_V_ERR_CRL_NOT_YET_VALID
        case .identityMissing, .identityAmbiguous, .identityForeign, .memberUnknown,
            .memberUnexpected:
            X509_V_ERR_HOSTNAME_MISMATCH
        case .certificateInvalid(let number): number
        default: X509_V_ERR_APPLICATION_VERIFICATION
        }
    }

    /// What OpenSSL's error queue says of a handshake or a session that failed.
    ///
    /// An alert of the peer outranks all else; else the oldest entry is the cause, later ones are
    /// its consequences.
    init(_ fault: OpenSSLFault) {
        let reasons = fault.entries.filter { $0.library == ERR_LIB_SSL }.map(\.reason)
        let offset = SSL_AD_REASON_OFFSET
        if let alert = reasons.first(where: { (offset...offset + 255).contains($0) }) {
            self = .alert(UInt8(truncatingIfNeeded: alert - offset))
            return
        }
        // A server that selects what was not offered: newer OpenSSLs find it before our callback.
        if fault.entries.contains(where: { $0.function == "tls_parse_stoc_alpn" }) {
            self = .alpnWrong
            return
        }
        let known = reasons.lazy.compactMap { RefusalReason(sslCode: $0) }.first
        self = known ?? .protocolViolation(sslCode: reasons.first ?? 0)
    }

    /// Nil for those SSL_R numbers that are breaches of the protocol.
    private init?(sslCode: Int32) {
        switch sslCode {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: self = .noCertificate
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_WRONG_SSL_VERSION,
            SSL_R_UNKNOWN_SSL_VERSION, SSL_R_UNSUPPORTED_SSL_VERSION:
            self = .protocolVersion
        case SSL_R_NO_APPLICATION_PROTOCOL: self = .alpnWrong
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
            self = .parametersUnshared
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: self = .peerClosed
        default: return nil
        }
    }
}
