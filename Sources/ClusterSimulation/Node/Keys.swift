import AllianceModel
import ReplicationCore

/// What stands in for keys and certificates: whoever knows a member's secret can sign for it, and
/// the simulation sees to it that only its nodes ask.
enum Keys {
    /// The digest that a member's heads and approvals name as their key.
    static func digest(of member: MemberCode) -> Digest {
        Hashing.digest(Array("certificate of \(member)".utf8))
    }

    /// 64 bytes, as a signature of P-256 has.
    static func sign(_ bytes: Bytes, for member: MemberCode) -> Bytes {
        let secret = Array("secret of \(member)\0".utf8)
        let tag = Hashing.digest(secret + bytes).bytes
        return tag + tag
    }

    static func isGenuine(_ signature: Bytes, of bytes: Bytes, by member: MemberCode) -> Bool {
        signature == sign(bytes, for: member)
    }

    static func sign(_ head: FeedHead, alliance: Text, for member: MemberCode) -> SignedHead {
        SignedHead(
            head: head,
            key: digest(of: member),
            signature: sign(head.signedBytes(alliance: alliance, member: member), for: member)
        )
    }

    /// Whether a head is signed by the member whose feed it is of.
    static func isGenuine(_ part: Push.Part, alliance: Text) -> Bool {
        isGenuine(part.head, of: part.identity.member, alliance: alliance)
    }

    static func isGenuine(_ head: SignedHead, of member: MemberCode, alliance: Text) -> Bool {
        head.key == digest(of: member)
            && isGenuine(
                head.signature,
                of: head.head.signedBytes(alliance: alliance, member: member),
                by: member
            )
    }
}
