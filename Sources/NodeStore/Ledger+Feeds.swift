import AllianceModel
import ReplicationCore

extension Ledger {
    /// Appends a changeset of this member for one audience and applies nothing: returns where it
    /// stands and the bytes' changeset as every receiver will read it.
    mutating func appendOwn(
        _ part: ChangeDraft.Part,
        of deliveryClass: DeliveryClass,
        key: RecordKey,
        header: RecordHeader?,
        at timestamp: HybridTimestamp
    ) throws(StoreError) -> (position: LogPosition, evidence: Evidence) {
        let changeset = Changeset(
            timestamp: timestamp,
            key: key,
            header: header,
            writes: part.writes
        )
        let bytes = EntryCoding.encode(changeset, salt: settings.random(16))
        let feed = try ownFeed(for: part.audience, deliveryClass)
        let position = try append(bytes, to: feed, at: timestamp)
        let provenance = Provenance(
            feed: feed,
            sequence: feeds[feed]?.tip.size ?? 0,
            writer: Writer(member: settings.member, incarnation: settings.incarnation),
            audience: part.audience
        )
        return (position, Evidence(changeset: changeset, provenance: provenance))
    }

    /// Appends a statement of this member to its alliance feed.
    mutating func appendOwn(
        statement body: Bytes,
        at timestamp: HybridTimestamp
    )
        throws(StoreError) -> LogPosition
    {
        let bytes = EntryCoding.encode(
            statement: body,
            timestamp: timestamp,
            salt: settings.random(16)
        )
        return try append(
            bytes,
            to: ownFeed(for: .alliance, .normal),
            at: timestamp,
            isChangeset: false
        )
    }

    /// The feed of this incarnation for that audience and class, begun if there is none.
    mutating func ownFeed(
        for audience: Audience,
        _ deliveryClass: DeliveryClass
    )
        throws(StoreError) -> Digest
    {
        let digest = try feed(
            FeedIdentity(
                writer: Writer(member: settings.member, incarnation: settings.incarnation),
                audience: audience,
                deliveryClass: deliveryClass,
                roster: settings.rosterDigest
            )
        )
        if !transaction.ownFeeds.contains(digest) { transaction.ownFeeds.append(digest) }
        return digest
    }

    /// The digest of a feed, which is begun in the store if it was not known.
    mutating func feed(_ identity: FeedIdentity) throws(StoreError) -> Digest {
        let digest = identity.digest(hash: settings.hash)
        guard feeds[digest] == nil else { return digest }
        let row = try store.insertFeed(identity, digest: digest)
        knownFeeds[row] = KnownFeed(identity: identity, digest: digest)
        feeds[digest] = StoredFeed(
            row: row,
            tip: FeedTip(
                identity: identity,
                digest: digest,
                frontier: MerkleFrontier(),
                latest: .zero
            )
        )
        try countForks(of: digest)
        return digest
    }

    mutating func append(
        _ bytes: EntryBytes,
        to digest: Digest,
        at timestamp: HybridTimestamp,
        isChangeset: Bool = true
    ) throws(StoreError) -> LogPosition {
        let leaf = EntryCoding.leaf(of: bytes, hash: settings.hash)
        feeds[digest]?.tip.frontier.append(leaf, hash: settings.hash)
        feeds[digest]?.tip.latest = timestamp
        transaction.grownFeeds.insert(digest)
        guard let feed = feeds[digest] else {
            throw .damaged(path: "citysync.sqlite", reason: "feed \(digest.short) is missing")
        }
        return try store.append(
            NewEntry(
                feed: feed.row,
                sequence: feed.tip.size,
                leaf: leaf,
                timestamp: timestamp,
                bytes: bytes,
                isApplied: true,
                isChangeset: isChangeset
            )
        )
    }
}
