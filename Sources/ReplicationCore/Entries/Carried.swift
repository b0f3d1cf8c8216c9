package import AllianceModel

/// A changeset or a statement, mostly another member's, or the proof that a record was begun, with what shows that
/// its writer stands by it: where it stands in the writer's feed, the path from there, and a signed head.
///
/// It keeps its dots, so receiving it twice is nothing. What is carried stands in the feed of whoever
/// carries it, under that entry's own timestamp; its own is inside.
package struct Carried: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// The whole entry, verbatim: a changeset; or a statement, which reaches nobody by its own feed
        /// who has another branch of that.
        case entry(EntryBytes)
        /// Only that the record is: nothing of what was written.
        ///
        /// An opening with the record's header, SHA-256(writes) and SHA-256(salt, body).
        case creation(opening: ArraySlice<UInt8>, writes: Digest, body: Digest)
    }

    /// The feed that the entry was written to.
    package var identity: FeedIdentity
    package var sequence: UInt64
    /// Inclusion path from the entry's leaf to `head` (RFC 9162, section 2.1.3.1).
    package var path: [Digest]
    /// Of that feed, at any size from `sequence` on.
    package var head: SignedHead
    package var content: Content

    package init(
        identity: FeedIdentity,
        sequence: UInt64,
        path: [Digest],
        head: SignedHead,
        content: Content
    ) {
        self.identity = identity
        self.sequence = sequence
        self.path = path
        self.head = head
        self.content = content
    }

    /// The opening of the entry carried.
    package var opening: ArraySlice<UInt8> {
        switch content {
        case .entry(let bytes): bytes.opening
        case .creation(let opening, _, _): opening
        }
    }

    /// The leaf of the entry carried if its path leads to the head, and the head is of its feed; nil
    /// if not.
    ///
    /// Whether the head is signed by the feed's member is for whoever holds keys.
    package func verifiedLeaf(hash: HashFunction) -> Digest? {
        let leaf = leaf(hash: hash)
        let root = MerkleTree.root(
            from: leaf,
            at: sequence,
            size: head.head.size,
            path: path,
            hash: hash
        )
        guard root == head.head.root, head.head.feed == identity.digest(hash: hash) else {
            return nil
        }
        return leaf
    }

    private func leaf(hash: HashFunction) -> Digest {
        switch content {
        case .entry(let bytes): EntryCoding.leaf(of: bytes, hash: hash)
        case .creation(let opening, let writes, let body):
            EntryCoding.leaf(opening: opening, writes: writes, body: body, hash: hash)
        }
    }

    /// What the entry carried says, in its own writer's name; nil of a creation, which says only what
    /// its opening does.
    package var entry: EntryContent? {
        guard case .entry(let bytes) = content else { return nil }
        return EntryCoding.decode(bytes, writer: identity.writer)
    }
}
