package import AllianceModel
internal import COpenSSL

/// The alliance's certificate authorities, with their revocation lists: one, or two during a change.
///
/// Sendable: the X509_STORE is filled in the initialiser and only read from then on; OpenSSL locks
/// its cache of lookups itself.
package final class Authorities: @unchecked Sendable {
    /// An X509_STORE that this object owns.
    let store: OpaquePointer
    let certificates: [Certificate]
    private let revocations: [RevocationList]

    /// Authorities without revocation lists, which judge stored signatures only.
    ///
    /// Nil when the text holds no certificate or a damaged one.
    package convenience init?(pem: Bytes) {
        guard let certificates = Certificate.all(pem: pem), !certificates.isEmpty else {
            return nil
        }
        self.init(certificates: certificates, revocations: [])
    }

    init?(certificates: [Certificate], revocations: [RevocationList]) {
        guard let store = X509_STORE_new() else { return nil }
        self.store = store
        self.certificates = certificates
        self.revocations = revocations
        for certificate in certificates
        where X509_STORE_add_cert(store, certificate.x509) != 1 {
            return nil
        }
        for list in revocations where X509_STORE_add_crl(store, list.crl) != 1 { return nil }
    }

    deinit { X509_STORE_free(store) }

    /// When the first of the authorities runs out of a valid list, seconds since 1970; nil while one
    /// of them has none at all.
    package var nextUpdateUnixSeconds: Int64? {
        let latest = certificates.map { authority in
            revocations.filter { $0.names(authority) }.compactMap(\.nextUpdateUnixSeconds).max()
        }
        return latest.contains(nil) ? nil : latest.compactMap { $0 }.min()
    }

    /// The member whose signing certificate this is, for signatures that are stored.
    ///
    /// Judged by authority and name alone: neither the dates nor the revocation list count, else
    /// what holds would depend on when it arrived. Whether the member is in the roster is the
    /// caller's to say.
    package func memberOfSigningCertificate(der: Bytes, trustDomain: Text) -> MemberCode? {
        guard let certificate = Certificate(der: der) else { return nil }
        return memberOfSigningCertificate(certificate, trustDomain: trustDomain)
    }

    package func memberOfSigningCertificate(
        _ certificate: Certificate,
        trustDomain: Text
    ) -> MemberCode? {
        let rules = ChainRules(
            flags: Int(X509_V_FLAG_X509_STRICT | X509_V_FLAG_NO_CHECK_TIME),
            part: nil,
            nowUnixSeconds: nil
        )
        guard rules.refusal(of: certificate, by: self) == nil else { return nil }
        return try? MemberIdentity.member(of: certificate, trustDomain: trustDomain).get()
    }
}
