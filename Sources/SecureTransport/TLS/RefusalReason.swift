/// Why a connection was not made, or was ended.
///
/// All but `alert` and `peerClosed` are this side's own judgement; those two stand at the side that
/// was refused, which learns no more than the alert.
package enum RefusalReason: Error, Hashable, Sendable {
    /// The peer presented no certificate.
    case noCertificate
    /// No authority of ours issued it, or the signature is not that authority's.
    case authorityUnknown
    case expired
    case notYetValid
    case revoked
    /// The certificate is not for the part that its holder plays here (client or server).
    case purposeWrong
    /// No URI in the subject alternative name.
    case identityMissing
    /// More than one URI in the subject alternative name.
    case identityAmbiguous
    /// The URI names no member of this trust domain.
    case identityForeign
    /// A member of the trust domain that is not in the roster.
    case memberUnknown(String)
    /// A member of the roster, but not the one that was called.
    case memberUnexpected(String)
    /// The key is none that suite 1 signs with (ECDSA P-256).
    case keyUnsuited
    /// Anything else wrong with the certificate: OpenSSL's X509_V_ERR number.
    case certificateInvalid(x509Code: Int32)
    /// No revocation list of the certificate's authority is here.
    case crlMissing
    /// The revocation list is past its next update.
    case crlExpired
    case crlNotYetValid
    /// The revocation list's signature or form is wrong.
    case crlInvalid
    /// TLS older than 1.3.
    case protocolVersion
    /// The peer named no application protocol.
    case alpnMissing
    /// The peer speaks other application protocols only.
    case alpnWrong
    /// No key exchange group, cipher suite or signature algorithm in common.
    case parametersUnshared
    case handshakeTimeout
    /// Not TLS, or TLS that breaks its rules: OpenSSL's SSL_R number.
    case protocolViolation(sslCode: Int32)
    /// The peer refused, with this alert (RFC 8446, section 6).
    case alert(UInt8)
    /// The connection ended without the peer's close_notify.
    case peerClosed

    /// The stable word for logs, metrics and `peers`.
    package var code: String {
        switch self {
        case .noCertificate: "no_certificate"
        case .authorityUnknown: "authority_unknown"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .revoked: "revoked"
        case .purposeWrong: "purpose_wrong"
        case .identityMissing: "identity_missing"
        case .identityAmbiguous: "identity_ambiguous"
        case .identityForeign: "identity_foreign"
        case .memberUnknown: "member_unknown"
        case .memberUnexpected: "member_unexpected"
        case .keyUnsuited: "key_unsuited"
        case .certificateInvalid: "certificate_invalid"
        case .crlMissing: "crl_missing"
        case .crlExpired: "crl_expired"
        case .crlNotYetValid: "crl_not_yet_valid"
        case .crlInvalid: "crl_invalid"
        case .protocolVersion: "protocol_version"
        case .alpnMissing: "alpn_missing"
        case .alpnWrong: "alpn_wrong"
        case .parametersUnshared: "parameters_unshared"
        case .handshakeTimeout: "handshake_timeout"
        case .protocolViolation: "protocol_violation"
        case .alert: "alert"
        case .peerClosed: "peer_closed"
        }
    }

    /// Whether this side refused; false where it was refused.
    package var wasJudgedHere: Bool {
        switch self {
        case .alert, .peerClosed: false
        default: true
        }
    }

    /// The member that the certificate named, where that is what was refused.
    package var claimedMember: String? {
        switch self {
        case .memberUnknown(let member), .memberUnexpected(let member): member
        default: nil
        }
    }
}

extension RefusalReason: CustomStringConvertible {
    /// The code, with the number or member that belongs to it.
    package var description: String {
        switch self {
        case .memberUnknown(let member), .memberUnexpected(let member): "\(code) (\(member))"
        case .certificateInvalid(let number): "\(code) (x509 error \(number))"
        case .protocolViolation(let number): "\(code) (ssl reason \(number))"
        case .alert(let number): "\(code) (\(TLSAlert.name(of: number)))"
        default: code
        }
    }
}
