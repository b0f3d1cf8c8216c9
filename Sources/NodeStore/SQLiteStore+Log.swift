package import AllianceModel
package import ReplicationCore

extension SQLiteStore {
    package func insertFeed(_ identity: FeedIdentity, digest: Digest) throws(StoreError) -> FeedRow
    {
        try connection.run(
            """
            INSERT INTO feeds
                (digest, member, incarnation, audience, class, roster, size, frontier, latest)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0)
            """
        ) {
            $0.bind(1, digest)
            $0.bind(2, identity.member)
            $0.bind(3, identity.writer.incarnation.rawValue)
            $0.bind(4, identity.audience.stored)
            $0.bind(5, identity.deliveryClass.name)
            $0.bind(6, identity.roster)
            $0.bind(7, MerkleFrontier().encoded)
        }
        return FeedRow(rawValue: connection.lastInsertedRow)
    }

    package func append(_ entry: NewEntry) throws(StoreError) -> LogPosition {
        let statement = try connection.statement(
            """
            INSERT INTO log
                (position, kind, feed, sequence, timestamp, leaf, opening, writes, salt, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """
        )
        let position = nextPosition()
        let kind = entry.isChangeset ? (entry.isApplied ? 0 : 1) : 2
        statement.bind(1, position)
        statement.bind(2, kind)
        statement.bind(3, entry.feed.rawValue)
        statement.bind(4, entry.sequence)
        statement.bind(5, entry.timestamp.rawValue)
        // The bytes stay where they are until the statement has run, so SQLite need not copy them.
        let code = entry.leaf.withUnsafeBytes { leaf in
            statement.bind(6, borrowed: leaf)
            return entry.bytes.opening.withUnsafeBytes { opening in
                statement.bind(7, borrowed: opening)
                return entry.bytes.writes.withUnsafeBytes { writes in
                    statement.bind(8, borrowed: writes)
                    return entry.bytes.salt.withUnsafeBytes { salt in
                        statement.bind(9, borrowed: salt)
                        return entry.bytes.body.withUnsafeBytes { body in
                            statement.bind(10, borrowed: body)
                            return statement.step()
                        }
                    }
                }
            }
        }
        try connection.finish(statement, code)
        return position
    }

    package func appendRelease(of held: LogPosition) throws(StoreError) -> LogPosition {
        let position = nextPosition()
        try connection.run("INSERT INTO log (position, kind, released) VALUES (?1, 3, ?2)") {
            $0.bind(1, position)
            $0.bind(2, held)
        }
        return position
    }

    package func updateTip(_ feed: FeedRow, _ tip: FeedTip) throws(StoreError) {
        let frontier = tip.frontier.encoded
        try connection.run(
            "UPDATE feeds SET size = ?2, frontier = ?3, latest = ?4 WHERE feed = ?1"
        ) {
            $0.bind(1, feed.rawValue)
            $0.bind(2, tip.size)
            $0.bind(3, frontier)
            $0.bind(4, tip.latest.rawValue)
        }
        let stored = try storedFrontier(feed)
        guard tip.size >= stored + SQLiteStore.frontierEntries else { return }
        try connection.run("INSERT INTO frontiers (feed, size, frontier) VALUES (?1, ?2, ?3)") {
            $0.bind(1, feed.rawValue)
            $0.bind(2, tip.size)
            $0.bind(3, frontier)
        }
        storedFrontiers[feed] = tip.size
    }

    /// Entries of a feed after which its frontier is stored again, at the end of a transaction: at
    /// most so many leaves, and a transaction's, are read to know the root at any size.
    static let frontierEntries: UInt64 = 1_024

    private func storedFrontier(_ feed: FeedRow) throws(StoreError) -> UInt64 {
        if let size = storedFrontiers[feed] { return size }
        let size = try connection.first(
            "SELECT max(size) FROM frontiers WHERE feed = ?1",
            { $0.bind(1, feed.rawValue) },
            row: { $0.unsigned(0) }
        )
        storedFrontiers[feed] = size ?? 0
        return size ?? 0
    }

    package func insertHead(_ feed: FeedRow, _ head: SignedHead) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO heads (feed, size, root, key, signature) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO NOTHING
            """
        ) {
            $0.bind(1, feed.rawValue)
            $0.bind(2, head.head.size)
            $0.bind(3, head.head.root)
            $0.bind(4, head.key)
            $0.bind(5, head.signature)
        }
    }
}
