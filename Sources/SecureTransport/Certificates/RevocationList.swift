internal import COpenSSL

/// A parsed certificate revocation list (RFC 5280, section 5).
///
/// Immutable after parsing.
final class RevocationList: @unchecked Sendable {
    /// An X509_CRL that this object owns.
    let crl: OpaquePointer

    private init(owning crl: OpaquePointer) {
        self.crl = crl
    }

    deinit { X509_CRL_free(crl) }

    /// Seconds since 1970; nil where the list names no next update.
    var nextUpdateUnixSeconds: Int64? {
        UnixTime.seconds(X509_CRL_get0_nextUpdate(crl))
    }

    /// The lists in PEM text; nil where one of them is damaged.
    static func all(pem: [UInt8]) -> [RevocationList]? {
        PEM.all(
            pem,
            read: { PEM_read_bio_X509_CRL($0, nil, nil, nil) },
            wrap: { RevocationList(owning: $0) }
        )
    }

    /// Whether the list is in an authority's name.
    func names(_ authority: Certificate) -> Bool {
        X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority.x509)) == 0
    }

    /// Whether an authority's key signed it.
    func isSigned(by authority: Certificate) -> Bool {
        defer { ERR_clear_error() }
        guard let key = X509_get0_pubkey(authority.x509) else { return false }
        return X509_CRL_verify(crl, key) == 1
    }
}
