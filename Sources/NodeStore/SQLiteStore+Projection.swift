import AllianceModel
import ReplicationCore

extension SQLiteStore {
    /// Lets the list index follow the log by about `limit` records; true if it is still behind.
    ///
    /// A transaction of its own, to be called between others, where nobody waits. It is not synced:
    /// what a power cut takes of an index is made again, and the next commit's sync covers it.
    package func projectIndexes(limit: Int) throws(StoreError) -> Bool {
        let mark = try projectionMark()
        let new = try newRecords(after: mark.record, limit: limit)
        let changes = try changes(behind: mark, limit: limit)
        guard !new.isEmpty || !changes.rows.isEmpty else { return false }
        var listings: [Listing] = []
        listings.reserveCapacity(new.count + changes.rows.count)
        for found in new { listings.append(try listing(storedRecord(found))) }
        for row in changes.rows { listings.append(try listing(record(row))) }
        // Subjects are the one index with random keys; in their order its pages are visited once.
        listings.sort { ($0.subject, $0.row.rawValue) < ($1.subject, $1.row.rawValue) }
        let next = ProjectionMark(
            position: changes.position,
            record: new.last?.row.rawValue ?? mark.record
        )
        try connection.execute("PRAGMA synchronous = NORMAL")
        do {
            try begin()
            try store(listings, upTo: next)
            try commit()
        } catch {
            rollback()
            if !isStopped { try connection.execute("PRAGMA synchronous = FULL") }
            throw error
        }
        try connection.execute("PRAGMA synchronous = FULL")
        return new.count == limit || changes.isCut
    }

    /// Records that the index knows and that changed since.
    private struct Changes {
        var rows: Set<RecordRow>
        /// Log position up to which they are all here.
        var position: LogPosition
        /// True if there are more.
        var isCut: Bool
    }

    private func changes(behind mark: ProjectionMark, limit: Int) throws(StoreError) -> Changes {
        var count = 0
        var changes = Changes(rows: [], position: mark.position, isCut: false)
        try connection.forEach(
            "SELECT position, record FROM applied WHERE position > ?1 ORDER BY position LIMIT ?2",
            {
                $0.bind(1, mark.position)
                $0.bind(2, limit)
            },
            row: { row in
                count += 1
                changes.position = row.int(0)
                if row.int(1) <= mark.record {
                    changes.rows.insert(RecordRow(rawValue: row.int(1)))
                }
                return true
            }
        )
        changes.isCut = count == limit
        return changes
    }

    /// What the index shall hold of one record; without terms nothing.
    private struct Listing {
        var row: RecordRow
        var terms: IndexTerms?
        /// Nothing is least.
        var subject: Text

        init(row: RecordRow, terms: IndexTerms?) {
            self.row = row
            self.terms = terms
            subject = terms?.subject ?? ""
        }
    }

    private func listing(_ record: StoredRecord) throws(StoreError) -> Listing {
        Listing(row: record.row, terms: try settings.terms(record, self))
    }

    private func store(_ listings: [Listing], upTo mark: ProjectionMark) throws(StoreError) {
        for listing in listings {
            guard let terms = listing.terms else {
                try connection.run("DELETE FROM listed WHERE record = ?1") {
                    $0.bind(1, listing.row.rawValue)
                }
                continue
            }
            try connection.run(
                """
                INSERT INTO listed (record, item, home, stage, holder, subject, updated)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                ON CONFLICT (record) DO UPDATE SET item = ?2, home = ?3, stage = ?4, holder = ?5,
                    subject = ?6, updated = ?7
                """
            ) {
                $0.bind(1, listing.row.rawValue)
                $0.bind(2, terms.item)
                $0.bind(3, terms.home)
                $0.bind(4, terms.stage)
                $0.bind(5, terms.holder)
                $0.bind(6, terms.subject)
                $0.bind(7, terms.updated)
            }
        }
        try connection.run("UPDATE meta SET projected = ?1, projected_record = ?2") {
            $0.bind(1, mark.position)
            $0.bind(2, mark.record)
        }
    }
}
