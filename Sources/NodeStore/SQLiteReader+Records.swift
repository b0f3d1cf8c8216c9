import AllianceModel
package import ReplicationCore

extension SQLiteReader {
    package func record(_ key: RecordKey) throws(StoreError) -> StoredRecord? {
        let found = try connection.first(
            "SELECT record, key, made_at, position, state FROM records WHERE key = ?1",
            { $0.bind(1, key.encoded) },
            row: { (row) throws(StoreError) in try RecordRowContent(row, connection) }
        )
        return try found.map { found throws(StoreError) in try storedRecord(found) }
    }

    package func record(_ identifier: RecordIdentifier) throws(StoreError) -> StoredRecord? {
        func end(_ word: UInt64) -> Bytes {
            RecordKey(identifier: identifier, headerDigest: UUIDBytes(high: word, low: word))
                .encoded
        }
        let found = try connection.first(
            """
            SELECT record, key, made_at, position, state FROM records
            WHERE key >= ?1 AND key <= ?2 ORDER BY key LIMIT 1
            """,
            {
                $0.bind(1, end(.min))
                $0.bind(2, end(.max))
            },
            row: { (row) throws(StoreError) in try RecordRowContent(row, connection) }
        )
        return try found.map { found throws(StoreError) in try storedRecord(found) }
    }

    package func rows(of identifier: RecordIdentifier) throws(StoreError) -> [RecordRow] {
        func end(_ word: UInt64) -> Bytes {
            RecordKey(identifier: identifier, headerDigest: UUIDBytes(high: word, low: word))
                .encoded
        }
        return try connection.all(
            "SELECT record FROM records WHERE key >= ?1 AND key <= ?2 ORDER BY key",
            {
                $0.bind(1, end(.min))
                $0.bind(2, end(.max))
            },
            row: { RecordRow(rawValue: $0.int(0)) }
        )
    }

    package func record(_ row: RecordRow) throws(StoreError) -> StoredRecord {
        let found = try connection.first(
            "SELECT record, key, made_at, position, state FROM records WHERE record = ?1",
            { $0.bind(1, row.rawValue) },
            row: { (row) throws(StoreError) in try RecordRowContent(row, connection) }
        )
        guard let found else {
            throw connection.damage("record row \(row.rawValue) is named and missing")
        }
        return try storedRecord(found)
    }

    package func records(after key: RecordKey?, limit: Int) throws(StoreError) -> [StoredRecord] {
        let found = try connection.all(
            """
            SELECT record, key, made_at, position, state FROM records
            WHERE key > ?1 ORDER BY key LIMIT ?2
            """,
            {
                $0.bind(1, key?.encoded ?? [])
                $0.bind(2, limit)
            },
            row: { (row) throws(StoreError) in try RecordRowContent(row, connection) }
        )
        var records: [StoredRecord] = []
        records.reserveCapacity(found.count)
        for row in found { records.append(try storedRecord(row)) }
        return records
    }

    /// A record's row as it stands, before the log is asked for what made it.
    struct RecordRowContent {
        var row: RecordRow
        var key: RecordKey
        var madeAt: LogPosition
        var position: LogPosition
        var state: Bytes?

        init(_ row: Statement, _ connection: Connection) throws(StoreError) {
            self.row = RecordRow(rawValue: row.int(0))
            key = try connection.key(row, 1)
            madeAt = row.int(2)
            position = row.int(3)
            state = row.isNull(4) ? nil : row.bytes(4)
        }
    }

    func storedRecord(_ found: RecordRowContent) throws(StoreError) -> StoredRecord {
        let content: StoredRecord.Content =
            if let state = found.state {
                .state(state)
            } else {
                .made(by: try entryApplied(at: found.madeAt))
            }
        return StoredRecord(
            row: found.row,
            key: found.key,
            content: content,
            position: found.position
        )
    }

    /// The entry that took effect at a position: the one there, or the one released there.
    private func entryApplied(at position: LogPosition) throws(StoreError) -> StoredEntry {
        if let entry = try entry(at: position) { return entry }
        let released = try connection.first(
            "SELECT released FROM log WHERE position = ?1 AND kind = 3",
            { $0.bind(1, position) },
            row: { $0.int(0) }
        )
        return try entryStored(at: released ?? position)
    }

    package func history(
        _ row: RecordRow,
        upTo position: LogPosition
    )
        throws(StoreError) -> [AppliedEntry]
    {
        let madeAt = try connection.first(
            "SELECT made_at FROM records WHERE record = ?1 AND made_at <= ?2",
            {
                $0.bind(1, row.rawValue)
                $0.bind(2, position)
            },
            row: { $0.int(0) }
        )
        guard let madeAt else { return [] }
        let made = AppliedEntry(entry: try entryApplied(at: madeAt), applied: madeAt)
        return [made]
            + (try connection.all(
                """
                SELECT applied.position, log.position, feed, sequence, opening, writes, salt, body
                FROM applied JOIN log ON log.position = applied.stored
                WHERE record = ?1 AND applied.position <= ?2 AND feed IS NOT NULL
                ORDER BY applied.position
                """,
                {
                    $0.bind(1, row.rawValue)
                    $0.bind(2, position)
                },
                row: { AppliedEntry(entry: storedEntry($0, from: 1), applied: $0.int(0)) }
            ))
    }

    package func isApplied(
        _ row: RecordRow,
        at position: LogPosition
    ) throws(StoreError) -> Bool {
        try connection.first(
            """
            SELECT 1 FROM applied WHERE position = ?2 AND record = ?1
            UNION ALL SELECT 1 FROM records WHERE record = ?1 AND made_at = ?2
            """,
            {
                $0.bind(1, row.rawValue)
                $0.bind(2, position)
            },
            row: { _ in true }
        ) ?? false
    }

    package func touches(_ row: RecordRow, _ feed: FeedRow) throws(StoreError) -> Bool {
        // The newest first: a feed that touches the record at all most likely did so lately.
        let later = try connection.first(
            """
            SELECT 1 FROM applied JOIN log ON log.position = applied.stored
            WHERE record = ?1 AND feed = ?2 ORDER BY applied.position DESC LIMIT 1
            """,
            {
                $0.bind(1, row.rawValue)
                $0.bind(2, feed.rawValue)
            },
            row: { _ in true }
        )
        if later != nil { return true }
        let madeAt = try connection.first(
            "SELECT made_at FROM records WHERE record = ?1",
            { $0.bind(1, row.rawValue) },
            row: { $0.int(0) }
        )
        guard let madeAt else { return false }
        return try entryApplied(at: madeAt).feed == feed
    }
}
