package import AllianceModel
package import ReplicationCore

/// Paths that show a peer, or this node, where an entry stands in a feed.
extension Ledger {
    /// Where an entry stands under the greatest head that can be shown: of our own feed one signed
    /// now, of another's the one at its durable size.
    ///
    /// Nil if there is no such entry, or the key does not sign. Only between transactions: what is
    /// not durable must not be signed.
    package func proved(_ prove: Prove) throws(StoreError) -> Proved? {
        guard let feed = feeds[prove.feed], prove.sequence >= 1, prove.sequence <= feed.tip.size,
            let head = try head(of: feed),
            let leaf = try store.leaves(feed.row, prove.sequence...prove.sequence).first
        else { return nil }
        let member = feed.tip.identity.member
        return Proved(
            member: member,
            sequence: prove.sequence,
            leaf: leaf,
            path: try inclusionPath(prove.sequence, in: feed.row, size: head.head.size),
            head: head,
            certificate: member == settings.member
                ? nil : try certificates(of: [head.key]).first
        )
    }

    private func head(of feed: StoredFeed) throws(StoreError) -> SignedHead? {
        let tip = feed.tip
        guard tip.identity.member == settings.member else {
            return try store.head(feed.row, covering: tip.size)
        }
        let head = FeedHead(
            feed: tip.digest,
            size: tip.size,
            root: tip.frontier.root(hash: settings.hash)
        )
        let bytes = head.signedBytes(
            alliance: settings.roster.alliance,
            member: settings.member
        )
        return settings.sign(bytes).map {
            SignedHead(head: head, key: $0.key, signature: $0.signature)
        }
    }

    /// The certificates (DER) of these keys that are here, in the order of the keys.
    package func certificates(of keys: [Digest]) throws(StoreError) -> [Bytes] {
        guard !keys.isEmpty else { return [] }
        let known = Dictionary(
            try store.certificates().map { ($0.digest, $0.der) }
        ) { first, _ in first }
        return keys.compactMap { known[$0] }
    }

    /// What is proven of feeds that are here, each with the root before its fork where that much of
    /// it is here; sorted by feed.
    package func forkedFeeds() throws(StoreError) -> [ForkedFeed] {
        var forked: [ForkedFeed] = []
        for (digest, from) in facts.forks.sorted(by: { $0.key < $1.key }) {
            guard let feed = feeds[digest], from >= 1 else { continue }
            var prefix: Digest?
            if from > 1, feed.tip.size >= from - 1 {
                prefix = try store.frontier(of: feed.row, at: from - 1).root(hash: settings.hash)
            }
            forked.append(ForkedFeed(feed: digest, from: from, prefix: prefix))
        }
        return forked
    }
}
