package import AllianceModel
internal import COpenSSL

/// What a node shows to its peers and judges them by: certificate, key, authorities, revocation
/// lists.
///
/// Immutable; a reload makes another.
///
/// Sendable: the SSL_CTX is set up in the initialiser and only read from then on, which OpenSSL
/// allows from any thread; sessions are not cached in it.
package final class Credentials: @unchecked Sendable {
    package let member: MemberCode
    package let trustDomain: Text
    package let certificate: Certificate
    package let signingKey: SigningKey
    package let authorities: Authorities
    /// An SSL_CTX that this object owns.
    let context: OpaquePointer

    /// Reads and checks the files.
    ///
    /// Expired certificates and lists are taken (the node starts and says so; sessions are
    /// refused), all else that could not work is an error.
    ///
    /// `member`: the configured member, which the certificate must name; nil takes whom it names.
    package static func load(
        _ files: CredentialFiles,
        trustDomain: Text,
        member: MemberCode? = nil
    ) throws(CredentialsError) -> Credentials {
        let loader = CredentialsLoader(files: files, trustDomain: trustDomain)
        let credentials = try loader.load()
        if let member, member != credentials.member {
            throw .memberDiffers(
                file: files.certificate,
                named: credentials.member.string,
                configured: member.string
            )
        }
        return credentials
    }

    init(
        member: MemberCode,
        trustDomain: Text,
        certificate: Certificate,
        signingKey: SigningKey,
        authorities: Authorities
    ) throws(CredentialsError) {
        self.member = member
        self.trustDomain = trustDomain
        self.certificate = certificate
        self.signingKey = signingKey
        self.authorities = authorities
        context = try TLSContext.make(
            certificate: certificate,
            key: signingKey,
            authorities: authorities
        )
    }

    deinit { SSL_CTX_free(context) }

    /// The end of our own certificate's validity, seconds since 1970.
    package var notAfterUnixSeconds: Int64 { certificate.notAfterUnixSeconds }

    /// When the first of the authorities runs out of a valid revocation list, seconds since 1970;
    /// nil while one of them has none at all.
    package var revocationsNextUpdateUnixSeconds: Int64? { authorities.nextUpdateUnixSeconds }

    /// Why a live session's peer would be refused today; nil when it would be taken.
    ///
    /// Asked for every session after a reload, and when the roster changes.
    package func judge(
        _ peer: PeerIdentity,
        members: Set<MemberCode>,
        nowUnixSeconds: Int64
    ) -> RefusalReason? {
        judge(
            peerCertificateDER: peer.certificateDER,
            part: peer.part,
            policy: PeerPolicy(trustDomain: trustDomain, members: members, expected: peer.member),
            nowUnixSeconds: nowUnixSeconds
        )
    }

    package func judge(
        peerCertificateDER der: Bytes,
        part: TLSPart,
        policy: PeerPolicy,
        nowUnixSeconds: Int64
    ) -> RefusalReason? {
        guard let certificate = Certificate(der: der) else {
            return .certificateInvalid(x509Code: X509_V_ERR_UNSPECIFIED)
        }
        let rules = ChainRules.session(part: part, nowUnixSeconds: nowUnixSeconds)
        if let reason = rules.refusal(of: certificate, by: authorities) { return reason }
        switch policy.judge(x509: certificate.x509) {
        case .success: return nil
        case .failure(let reason): return reason
        }
    }
}
