package import AllianceModel

/// To whom a feed, and every changeset in it, is open.
package enum Audience: Hashable, Sendable {
    /// Never leaves its member.
    case `private`
    /// Exactly these members, sorted bytewise, each once; its writer is one of them.
    case members([MemberCode])
    /// Every member of the alliance.
    case alliance

    package func includes(_ member: MemberCode) -> Bool {
        switch self {
        case .private: false
        case .members(let members): members.contains(member)
        case .alliance: true
        }
    }
}

/// What makes a feed the one it is.
///
/// Feeds are named to others by the digest of these parts, so that heads can be shown to all
/// without telling who shares with whom.
package struct FeedIdentity: Hashable, Sendable {
    package var writer: Writer
    package var audience: Audience
    package var deliveryClass: DeliveryClass
    /// Digest of the roster under which the feed was begun.
    package var roster: Digest

    package var member: MemberCode { writer.member }

    package init(writer: Writer, audience: Audience, deliveryClass: DeliveryClass, roster: Digest) {
        self.writer = writer
        self.audience = audience
        self.deliveryClass = deliveryClass
        self.roster = roster
    }
}

/// A feed's tree at one size.
///
/// Signed, it says what the feed's member stands by.
package struct FeedHead: Hashable, Sendable {
    /// Digest of the feed's identity.
    package var feed: Digest
    /// Entries in the feed; at least 1.
    package var size: UInt64
    /// Root of the Merkle tree over the leaves 1...size (RFC 9162, section 2.1).
    package var root: Digest

    package init(feed: Digest, size: UInt64, root: Digest) {
        self.feed = feed
        self.size = size
        self.root = root
    }
}

/// A head with its member's signature.
package struct SignedHead: Hashable, Sendable {
    package var head: FeedHead
    /// SHA-256 of the signing certificate (DER).
    package var key: Digest
    /// Raw r || s, 64 bytes, in suite 1 (ECDSA P-256 with SHA-256).
    package var signature: Bytes

    package init(head: FeedHead, key: Digest, signature: Bytes) {
        self.head = head
        self.key = key
        self.signature = signature
    }
}
