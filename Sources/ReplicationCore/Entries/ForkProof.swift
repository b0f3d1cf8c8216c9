package import AllianceModel

/// That a member signed two histories of one feed: one sequence with two leaves, each with its path
/// to a signed head.
///
/// It holds hashes only, so it may travel to all, also to those outside the feed's audience. From the
/// least sequence proven on, both branches are void everywhere. It speaks of `member`'s feed alone:
/// anybody can sign a head over anybody's digest, so a reader compares `member` with the feed's own
/// (`bears(on:)`) before it believes anything.
package struct ForkProof: Hashable, Sendable {
    package struct Branch: Hashable, Sendable {
        package var leaf: Digest
        /// Inclusion path to the head's root (RFC 9162, section 2.1.3.1).
        package var path: [Digest]
        package var head: SignedHead

        package init(leaf: Digest, path: [Digest], head: SignedHead) {
            self.leaf = leaf
            self.path = path
            self.head = head
        }
    }

    /// Who signed both.
    package let member: MemberCode
    /// Digest of the feed's identity.
    package let feed: Digest
    package let sequence: UInt64
    /// Of two different leaves the smaller one's.
    package let first: Branch
    package let second: Branch

    /// Nil unless the leaves differ, both heads are of the feed, and each path leads to its head.
    ///
    /// The signatures are for whoever holds keys: `heads`.
    package init?(
        of member: MemberCode,
        feed: Digest,
        sequence: UInt64,
        _ one: Branch,
        _ other: Branch,
        hash: HashFunction
    ) {
        guard one.leaf != other.leaf else { return nil }
        for branch in [one, other] {
            let head = branch.head.head
            let root = MerkleTree.root(
                from: branch.leaf,
                at: sequence,
                size: head.size,
                path: branch.path,
                hash: hash
            )
            guard head.feed == feed, root == head.root else { return nil }
        }
        self.member = member
        self.feed = feed
        self.sequence = sequence
        first = min(one, other)
        second = max(one, other)
    }

    /// The heads whose signatures by `member` make it a proof.
    package var heads: [SignedHead] { [first.head, second.head] }
}

extension ForkProof.Branch: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.leaf < right.leaf }
}
