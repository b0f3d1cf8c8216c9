import AllianceModel
package import ReplicationCore

extension SQLiteReader {
    package func entry(at position: LogPosition) throws(StoreError) -> StoredEntry? {
        try connection.first(
            """
            SELECT position, feed, sequence, opening, writes, salt, body FROM log
            WHERE position = ?1 AND feed IS NOT NULL
            """,
            { $0.bind(1, position) },
            row: { storedEntry($0, from: 0) }
        )
    }

    /// Columns position, feed, sequence, opening, writes, salt, body.
    func storedEntry(_ row: Statement, from column: Int32) -> StoredEntry {
        StoredEntry(
            position: row.int(column),
            feed: FeedRow(rawValue: row.int(column + 1)),
            sequence: row.unsigned(column + 2),
            bytes: connection.entryBytes(row, from: column + 3)
        )
    }

    package func applied(
        after position: LogPosition,
        limit: Int
    )
        throws(StoreError) -> [AppliedChange]
    {
        try connection.all(
            """
            SELECT released, position, feed, sequence, opening, writes, salt, body, kind FROM log
            WHERE position > ?1 AND kind IN (0, 3, 4) ORDER BY position LIMIT ?2
            """,
            {
                $0.bind(1, position)
                $0.bind(2, limit)
            },
            row: { (row) throws(StoreError) in
                let position = row.int(1)
                let content: AppliedChange.Content =
                    if row.int(8) == 4 {
                        .judgedAgain(try recordApplied(at: position))
                    } else if let released = row.optionalInt(0) {
                        .entry(try entryStored(at: released))
                    } else {
                        .entry(storedEntry(row, from: 1))
                    }
                return AppliedChange(applied: position, content: content)
            }
        )
    }

    private func recordApplied(at position: LogPosition) throws(StoreError) -> RecordRow {
        let row = try connection.first(
            "SELECT record FROM applied WHERE position = ?1",
            { $0.bind(1, position) },
            row: { RecordRow(rawValue: $0.int(0)) }
        )
        guard let row else {
            throw connection.damage("log position \(position) is of no record")
        }
        return row
    }

    /// The entry at a position that another row names.
    func entryStored(at position: LogPosition) throws(StoreError) -> StoredEntry {
        guard let entry = try entry(at: position) else {
            throw connection.damage("log position \(position) is named and holds no entry")
        }
        return entry
    }

    /// The heads received of a feed, the smallest first.
    package func heads(_ feed: FeedRow) throws(StoreError) -> [SignedHead] {
        try connection.all(
            """
            SELECT feeds.digest, heads.size, root, key, signature
            FROM heads JOIN feeds USING (feed) WHERE heads.feed = ?1 ORDER BY heads.size
            """,
            { $0.bind(1, feed.rawValue) },
            row: { (row) throws(StoreError) in
                SignedHead(
                    head: FeedHead(
                        feed: try connection.digest(row, 0),
                        size: row.unsigned(1),
                        root: try connection.digest(row, 2)
                    ),
                    key: try connection.digest(row, 3),
                    signature: row.bytes(4)
                )
            }
        )
    }
}
