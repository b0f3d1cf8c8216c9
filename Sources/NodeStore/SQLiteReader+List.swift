package import AllianceModel
import ReplicationCore

// Lists run in the order in which records came to this node, which never changes: a cursor is the
// last record's row, and every record that matches all the while is listed exactly once.
//
// The index follows the log behind. A list reads the index without the records that changed since,
// then looks at those themselves, so that it is exact at any time.
extension SQLiteReader {
    package func list(_ query: RecordQuery) throws(StoreError) -> RecordPage {
        guard let after = RecordQuery.row(of: query.cursor) else {
            return RecordPage(records: [], next: nil)
        }
        let limit = min(max(query.limit, 1), 1_000)
        let mark = try projectionMark()
        let changed = try changedRecords(behind: mark)
        var rows: [StoredRecord] = []
        var waiting = try matching(changed.filter { $0.rawValue > after }, query)
        try forEachListed(query, after: after) { (row) throws(StoreError) in
            if changed.contains(row) { return true }
            while let next = waiting.first, next.row.rawValue < row.rawValue, rows.count <= limit {
                rows.append(next)
                waiting.removeFirst()
            }
            guard rows.count <= limit else { return false }
            rows.append(try record(row))
            return rows.count <= limit
        }
        for record in waiting where rows.count <= limit { rows.append(record) }
        if rows.count <= limit {
            try appendNew(behind: mark, query, after: after, limit: limit, to: &rows)
        }
        let page = Array(rows.prefix(limit))
        let next = rows.count > limit ? page.last.map { RecordQuery.cursor(at: $0.row) } : nil
        return RecordPage(records: page, next: next)
    }

    /// How far the list index follows.
    struct ProjectionMark {
        /// Log position up to which it knows every change.
        var position: LogPosition
        /// Row up to which it knows every record.
        var record: Int64
    }

    func projectionMark() throws(StoreError) -> ProjectionMark {
        let mark = try connection.first("SELECT projected, projected_record FROM meta") {
            ProjectionMark(position: $0.int(0), record: $0.int(1))
        }
        guard let mark else { throw connection.damage("the store has no projection mark") }
        return mark
    }

    /// Records that the index knows, but not as they are now.
    func changedRecords(behind mark: ProjectionMark) throws(StoreError) -> Set<RecordRow> {
        Set(
            try connection.all(
                "SELECT record FROM applied WHERE position > ?1 AND record <= ?2",
                {
                    $0.bind(1, mark.position)
                    $0.bind(2, mark.record)
                },
                row: { RecordRow(rawValue: $0.int(0)) }
            )
        )
    }

    /// Those of the rows that match, in order.
    private func matching(
        _ rows: Set<RecordRow>,
        _ query: RecordQuery
    )
        throws(StoreError) -> [StoredRecord]
    {
        var records: [StoredRecord] = []
        for row in rows.sorted(by: { $0.rawValue < $1.rawValue }) {
            let record = try record(row)
            if try settings.terms(record, self)?.match(query) == true { records.append(record) }
        }
        return records
    }

    /// Records that the index does not know yet; they are behind all that it knows.
    private func appendNew(
        behind mark: ProjectionMark,
        _ query: RecordQuery,
        after: Int64,
        limit: Int,
        to rows: inout [StoredRecord]
    ) throws(StoreError) {
        var last = max(after, mark.record)
        while rows.count <= limit {
            let new = try newRecords(after: last, limit: 256)
            guard let end = new.last else { return }
            for found in new where rows.count <= limit {
                let record = try storedRecord(found)
                if try settings.terms(record, self)?.match(query) == true { rows.append(record) }
            }
            last = end.row.rawValue
        }
    }

    func newRecords(after row: Int64, limit: Int) throws(StoreError) -> [RecordRowContent] {
        try connection.all(
            """
            SELECT record, key, made_at, position, state FROM records
            WHERE record > ?1 ORDER BY record LIMIT ?2
            """,
            {
                $0.bind(1, row)
                $0.bind(2, limit)
            },
            row: { (row) throws(StoreError) in try RecordRowContent(row, connection) }
        )
    }

    /// The rows that the index says match, in order, until `body` returns false.
    private func forEachListed(
        _ query: RecordQuery,
        after: Int64,
        _ body: (RecordRow) throws(StoreError) -> Bool
    ) throws(StoreError) {
        try connection.forEach(
            try path(query).sql,
            { statement in
                statement.bind(1, after)
                statement.bind(2, query.item)
                statement.bind(3, query.home)
                statement.bind(4, query.stage)
                statement.bind(5, query.holder)
                statement.bind(6, query.subject)
                statement.bind(7, query.updatedAfter)
            },
            row: { (row) throws(StoreError) in try body(RecordRow(rawValue: row.int(0))) }
        )
    }

    /// Which index to walk: of the conditions given, the one that as a rule leaves the fewest.
    private func path(_ query: RecordQuery) throws(StoreError) -> ListPath {
        if query.subject != nil { return .subject }
        if let moment = query.updatedAfter, try isRecent(moment) { return .updated }
        if query.holder != nil { return .holder }
        if query.stage != nil { return .stage }
        if query.home != nil { return .home }
        return query.item != nil ? .item : .all
    }

    /// True if so few records changed after the moment that sorting them is cheaper than a walk in
    /// the order of rows; with more, such a walk meets enough of them soon.
    private func isRecent(_ moment: Int64) throws(StoreError) -> Bool {
        let few = 5_000
        let count = try connection.first(
            "SELECT count(*) FROM (SELECT 1 FROM listed WHERE updated > ?1 LIMIT ?2)",
            {
                $0.bind(1, moment)
                $0.bind(2, few + 1)
            },
            row: { $0.int(0) }
        )
        return count.map { $0 <= few } ?? false
    }
}

/// A walk over the list index.
///
/// Each statement names its index: which one is worth walking is known here, while SQLite's planner
/// knows no counts.
private enum ListPath {
    case all, item, home, stage, holder, subject, updated

    /// Parameters: row to begin after, item, home, stage, holder, subject, updated after.
    var sql: StaticString {
        switch self {
        case .all:
            """
            SELECT record FROM listed NOT INDEXED WHERE record > ?1
                AND (?2 IS NULL OR item = ?2) AND (?3 IS NULL OR home = ?3)
                AND (?4 IS NULL OR stage = ?4) AND (?5 IS NULL OR holder = ?5)
                AND (?6 IS NULL OR subject = ?6) AND (?7 IS NULL OR updated > ?7)
            ORDER BY record
            """
        case .item:
            """
            SELECT record FROM listed INDEXED BY listed_by_item WHERE record > ?1
                AND item = ?2 AND (?3 IS NULL OR home = ?3)
                AND (?4 IS NULL OR stage = ?4) AND (?5 IS NULL OR holder = ?5)
                AND (?6 IS NULL OR subject = ?6) AND (?7 IS NULL OR updated > ?7)
            ORDER BY record
            """
        case .home:
            """
            SELECT record FROM listed INDEXED BY listed_by_home WHERE record > ?1
                AND (?2 IS NULL OR item = ?2) AND home = ?3
                AND (?4 IS NULL OR stage = ?4) AND (?5 IS NULL OR holder = ?5)
                AND (?6 IS NULL OR subject = ?6) AND (?7 IS NULL OR updated > ?7)
            ORDER BY record
            """
        case .stage:
            """
            SELECT record FROM listed INDEXED BY listed_by_stage WHERE record > ?1
                AND (?2 IS NULL OR item = ?2) AND (?3 IS NULL OR home = ?3)
                AND stage = ?4 AND (?5 IS NULL OR holder = ?5)
                AND (?6 IS NULL OR subject = ?6) AND (?7 IS NULL OR updated > ?7)
            ORDER BY record
            """
        case .holder:
            """
            SELECT record FROM listed INDEXED BY listed_by_holder WHERE record > ?1
                AND (?2 IS NULL OR item = ?2) AND (?3 IS NULL OR home = ?3)
                AND (?4 IS NULL OR stage = ?4) AND holder = ?5
                AND (?6 IS NULL OR subject = ?6) AND (?7 IS NULL OR updated > ?7)
            ORDER BY record
            """
        case .subject:
            """
            SELECT record FROM subjects CROSS JOIN listed USING (record) WHERE record > ?1
                AND (?2 IS NULL OR item = ?2) AND (?3 IS NULL OR home = ?3)
                AND (?4 IS NULL OR stage = ?4) AND (?5 IS NULL OR holder = ?5)
                AND subjects.subject = ?6 AND (?7 IS NULL OR updated > ?7)
            ORDER BY subjects.record
            """
        case .updated:
            """
            SELECT record FROM listed INDEXED BY listed_by_updated WHERE record > ?1
                AND (?2 IS NULL OR item = ?2) AND (?3 IS NULL OR home = ?3)
                AND (?4 IS NULL OR stage = ?4) AND (?5 IS NULL OR holder = ?5)
                AND (?6 IS NULL OR subject = ?6) AND updated > ?7
            ORDER BY record
            """
        }
    }
}

extension RecordQuery {
    /// Eight bytes, big-endian: the last row listed.
    static func cursor(at row: RecordRow) -> Bytes {
        withUnsafeBytes(of: row.rawValue.bigEndian) { Bytes($0) }
    }

    /// True for what a page gave as its `next`; a list from any other bytes is empty.
    package static func isCursor(_ bytes: Bytes) -> Bool { row(of: bytes) != nil }

    /// The row to begin after: 0 without a cursor, nil for a cursor that is none.
    static func row(of cursor: Bytes?) -> Int64? {
        guard let cursor else { return 0 }
        guard cursor.count == 8 else { return nil }
        let row = cursor.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return row == 0 ? nil : Int64(exactly: row)
    }
}
