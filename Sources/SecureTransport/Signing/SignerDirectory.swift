package import AllianceModel
internal import Synchronization

/// A member with the key that its certificate holds.
package struct Signer: Sendable {
    package let member: MemberCode
    package let key: VerificationKey
}

/// Parsed and judged signing certificates: judging one costs about as much as two signatures, and
/// every frame names one.
package final class SignerDirectory: Sendable {
    /// Members have a handful of keys over the years; a flood of forged ones must not grow this.
    package static let signerCountMaximum = 4096

    private let authorities: Authorities
    private let trustDomain: Text
    private let known = Mutex<[Digest: Signer]>([:])

    package init(authorities: Authorities, trustDomain: Text) {
        self.authorities = authorities
        self.trustDomain = trustDomain
    }

    /// The signer that a certificate stands for, judged by authority and name alone; nil when no
    /// authority of the alliance issued it or its name or key do not fit.
    ///
    /// Only good ones are kept.
    package func signer(certificateDER: Bytes) -> Signer? {
        let fingerprint = SHA256.hash(certificateDER)
        if let signer = signer(fingerprint: fingerprint) { return signer }
        guard let certificate = Certificate(der: certificateDER),
            let key = VerificationKey(certificate),
            let member = authorities.memberOfSigningCertificate(
                certificate,
                trustDomain: trustDomain
            )
        else { return nil }
        let signer = Signer(member: member, key: key)
        known.withLock { signers in
            if signers.count >= SignerDirectory.signerCountMaximum { signers.removeAll() }
            signers[fingerprint] = signer
        }
        return signer
    }

    /// A signer that was judged good before, by SHA-256 of its certificate.
    package func signer(fingerprint: Digest) -> Signer? {
        known.withLock { $0[fingerprint] }
    }
}
