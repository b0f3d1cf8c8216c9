package import AllianceModel
package import ReplicationCore

extension SQLiteReader {
    package func held(on key: RecordKey) throws(StoreError) -> [HeldEntry] {
        try connection.all(
            """
            SELECT position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation
            FROM held WHERE key = ?1 ORDER BY position
            """,
            { $0.bind(1, key.encoded) },
            row: heldEntry
        )
    }

    package func held(onDefinition digest: Digest) throws(StoreError) -> [HeldEntry] {
        try connection.all(
            """
            SELECT position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation
            FROM held WHERE definition = ?1 ORDER BY position
            """,
            { $0.bind(1, digest) },
            row: heldEntry
        )
    }

    package func heldDue(at milliseconds: Int64, limit: Int) throws(StoreError) -> [HeldEntry] {
        try connection.all(
            """
            SELECT position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation
            FROM held WHERE next_try <= ?1 OR next_try - ?2 > ?1 AND reason <> 'clock_ahead'
            ORDER BY next_try, position LIMIT ?3
            """,
            {
                $0.bind(1, milliseconds)
                $0.bind(2, HeldEntry.restMilliseconds)
                $0.bind(3, limit)
            },
            row: heldEntry
        )
    }

    package func held(after position: LogPosition, limit: Int) throws(StoreError) -> [HeldEntry] {
        try connection.all(
            """
            SELECT position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation
            FROM held WHERE position > ?1 ORDER BY position LIMIT ?2
            """,
            {
                $0.bind(1, position)
                $0.bind(2, limit)
            },
            row: heldEntry
        )
    }

    package func held(at position: LogPosition) throws(StoreError) -> HeldEntry? {
        try connection.first(
            """
            SELECT position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation
            FROM held WHERE position = ?1
            """,
            { $0.bind(1, position) },
            row: heldEntry
        )
    }

    package func heldWaiting(
        outside recent: ClosedRange<Int64>,
        after position: LogPosition,
        limit: Int
    ) throws(StoreError) -> [HeldEntry] {
        try connection.all(
            """
            SELECT position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation
            FROM held WHERE since NOT BETWEEN ?1 AND ?2 AND reason IN
                ('record_unknown', 'predecessor_missing', 'ground_missing', 'party_unknown',
                    'definition_not_agreed') AND next_try IS NULL AND position > ?4
            ORDER BY position LIMIT ?3
            """,
            {
                $0.bind(1, recent.lowerBound)
                $0.bind(2, recent.upperBound)
                $0.bind(3, limit)
                $0.bind(4, position)
            },
            row: heldEntry
        )
    }

    package func heldSummaries() throws(StoreError) -> [MemberCode: HeldSummary] {
        // What has a next try and does not wait for the clock rests until then: see `HeldEntry.rests`.
        // Timestamps from 2^63 on, the latest, are stored as negative numbers.
        let summaries = try connection.all(
            """
            SELECT author, count(*) FILTER (WHERE waits),
                coalesce(
                    min(timestamp) FILTER (WHERE waits AND timestamp >= 0),
                    min(timestamp) FILTER (WHERE waits)),
                count(*) FILTER (WHERE NOT waits), sum(bytes)
            FROM (SELECT author, timestamp, bytes,
                next_try IS NULL OR reason = 'clock_ahead' AS waits FROM held)
            GROUP BY author
            """
        ) { (row) throws(StoreError) in
            (
                try connection.member(row, 0),
                HeldSummary(
                    count: row.unsigned(1),
                    oldest: row.isNull(2) ? nil : HybridTimestamp(rawValue: row.unsigned(2)),
                    resting: row.unsigned(3),
                    bytes: row.unsigned(4)
                )
            )
        }
        return Dictionary(summaries) { first, _ in first }
    }

    package func heldCounts() throws(StoreError) -> [MemberCode: [HeldReason: UInt64]] {
        var counts: [MemberCode: [HeldReason: UInt64]] = [:]
        try connection.forEach(
            """
            SELECT author, reason, count(*) FROM held
            WHERE next_try IS NULL OR reason = 'clock_ahead' GROUP BY author, reason
            """
        ) { (row) throws(StoreError) in
            let author = try connection.member(row, 0)
            counts[author, default: [:]][try reason(row, 1)] = row.unsigned(2)
            return true
        }
        return counts
    }

    private func reason(_ row: Statement, _ column: Int32) throws(StoreError) -> HeldReason {
        guard let reason = HeldReason(rawValue: row.string(column)) else {
            throw connection.damage("a reason for holding that is none is stored")
        }
        return reason
    }

    private func heldEntry(_ row: Statement) throws(StoreError) -> HeldEntry {
        HeldEntry(
            position: row.int(0),
            reason: try reason(row, 1),
            detail: row.string(2),
            author: try connection.member(row, 3),
            timestamp: HybridTimestamp(rawValue: row.unsigned(4)),
            key: row.isNull(5) ? nil : try connection.key(row, 5),
            definition: try connection.optionalDigest(row, 6),
            since: row.int(7),
            nextTry: row.optionalInt(8),
            waitsFor: row.isNull(9)
                ? nil
                : Writer(
                    member: try connection.member(row, 9),
                    incarnation: Incarnation(rawValue: row.unsigned(10))
                )
        )
    }
}
