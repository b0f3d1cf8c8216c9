package import AllianceModel
internal import COpenSSL

/// A member's name in a certificate: the one URI `spiffe://<trust-domain>/member/<code>` in the
/// subject alternative name (SPIFFE X.509-SVID, section 2).
///
/// The common name never counts.
package enum MemberIdentity {
    /// The member that a certificate names in a trust domain.
    ///
    /// Says nothing about who issued it.
    package static func member(
        of certificate: Certificate,
        trustDomain: Text
    ) -> Result<MemberCode, RefusalReason> {
        member(ofX509: certificate.x509, trustDomain: trustDomain)
    }

    static func member(
        ofX509 x509: OpaquePointer,
        trustDomain: Text
    ) -> Result<MemberCode, RefusalReason> {
        var state: Int32 = 0
        guard let raw = X509_get_ext_d2i(x509, NID_subject_alt_name, &state, nil) else {
            ERR_clear_error()
            switch state {
            case -1: return .failure(.identityMissing)
            case -2: return .failure(.identityAmbiguous)
            default:
                return .failure(.certificateInvalid(x509Code: X509_V_ERR_INVALID_EXTENSION))
            }
        }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        let uris = (0..<shim_general_names_count(names)).compactMap {
            shim_general_names_uri(names, $0)
        }
        guard let uri = uris.first else { return .failure(.identityMissing) }
        guard uris.count == 1 else { return .failure(.identityAmbiguous) }
        let bytes = UnsafeBufferPointer(
            start: ASN1_STRING_get0_data(uri),
            count: Int(ASN1_STRING_length(uri))
        )
        guard let member = member(uri: bytes, trustDomain: trustDomain) else {
            return .failure(.identityForeign)
        }
        return .success(member)
    }

    /// Compared byte by byte, so that no case, escape or embedded NUL makes two names alike.
    private static func member(
        uri: UnsafeBufferPointer<UInt8>,
        trustDomain: Text
    ) -> MemberCode? {
        let prefix = Bytes("spiffe://".utf8) + trustDomain.utf8 + Bytes("/member/".utf8)
        guard uri.starts(with: prefix) else { return nil }
        return MemberCode(utf8: Bytes(uri.dropFirst(prefix.count)))
    }
}
