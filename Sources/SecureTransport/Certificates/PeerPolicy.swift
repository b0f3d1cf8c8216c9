package import AllianceModel
internal import COpenSSL

/// Whom a session may be with.
package struct PeerPolicy: Hashable, Sendable {
    package let trustDomain: Text
    /// The members of the roster, this node's own left out or in: it never calls itself.
    package let members: Set<MemberCode>
    /// The member that was called; nil on the side that was.
    package let expected: MemberCode?

    package init(trustDomain: Text, members: Set<MemberCode>, expected: MemberCode? = nil) {
        self.trustDomain = trustDomain
        self.members = members
        self.expected = expected
    }

    /// The member that a certificate stands for, whose chain holds already.
    func judge(x509: OpaquePointer) -> Result<MemberCode, RefusalReason> {
        guard SigningAlgorithm.suits(X509_get0_pubkey(x509)) else { return .failure(.keyUnsuited) }
        return MemberIdentity.member(ofX509: x509, trustDomain: trustDomain).flatMap { member in
            guard members.contains(member) else { return .failure(.memberUnknown(member.string)) }
            guard expected == nil || expected == member else {
                return .failure(.memberUnexpected(member.string))
            }
            return .success(member)
        }
    }
}

/// Who is at the other end of a session, as its certificate was judged.
package struct PeerIdentity: Hashable, Sendable {
    package let member: MemberCode
    /// The part that the peer plays: the client has dialled.
    package let part: TLSPart
    package let certificateDER: Bytes
    /// The end of the certificate's validity, seconds since 1970.
    package let notAfterUnixSeconds: Int64
}
