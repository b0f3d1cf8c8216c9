package import AllianceModel

/// Asks a peer for what it holds of some records: because something waits here for what it may have,
/// or because a check found a difference.
///
/// It is answered by what the peer then carries in its own feed, so there is no answer to this
/// message itself.
package struct Ask: Hashable, Sendable {
    /// Sorted, each once; at least one, at most `countMaximum`.
    package var records: [RecordKey]

    package static let countMaximum = 1_000

    package init(records: [RecordKey]) {
        self.records = records
    }
}

/// Asks where the entry at a sequence stands under the greatest head of the feed that the receiver
/// can show.
package struct Prove: Hashable, Sendable {
    package var feed: Digest
    /// At least 1.
    package var sequence: UInt64

    package init(feed: Digest, sequence: UInt64) {
        self.feed = feed
        self.sequence = sequence
    }
}

/// One leaf of a feed with its path to a signed head.
///
/// The leaf and the path are hashes: it shows nothing of what was written.
package struct Proved: Hashable, Sendable {
    /// Whose feed it is, hence who signed the head.
    package var member: MemberCode
    package var sequence: UInt64
    package var leaf: Digest
    /// Inclusion path to the head's root (RFC 9162, section 2.1.3.1).
    package var path: [Digest]
    package var head: SignedHead
    /// The certificate (DER) of the key that signed, if it is not the sender's own.
    package var certificate: Bytes?

    package var feed: Digest { head.head.feed }

    package init(
        member: MemberCode,
        sequence: UInt64,
        leaf: Digest,
        path: [Digest],
        head: SignedHead,
        certificate: Bytes? = nil
    ) {
        self.member = member
        self.sequence = sequence
        self.leaf = leaf
        self.path = path
        self.head = head
        self.certificate = certificate
    }

    /// Whether the path leads from the leaf to the head.
    package func isSound(hash: HashFunction) -> Bool {
        let root = MerkleTree.root(
            from: leaf,
            at: sequence,
            size: head.head.size,
            path: path,
            hash: hash
        )
        return root == head.head.root
    }

    package var branch: ForkProof.Branch { ForkProof.Branch(leaf: leaf, path: path, head: head) }
}
