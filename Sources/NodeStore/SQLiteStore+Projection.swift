import AllianceModel
import ReplicationCore

extension SQLiteStore {
    /// Lets the list index follow the log by about `limit` records; true if it is still behind.
    ///
    /// A transaction of its own, to be called between others, where nobody waits. It is not synced:
    /// what a power cut takes of an index is made again, and the next commit's sync covers it.
    package func projectIndexes(limit: Int) throws(StoreError) -> Bool {
        guard try isProjectionBehind() else { return false }
        try connection.execute("PRAGMA synchronous = NORMAL")
        let isBehind: Bool
        do {
            try begin()
            isBehind = try project(limit: limit)
            try commit()
        } catch {
            rollback()
            if !isStopped { try connection.execute("PRAGMA synchronous = FULL") }
            throw error
        }
        try connection.execute("PRAGMA synchronous = FULL")
        return isBehind
    }

    /// Whether a commit syncs before it returns, as it must everywhere but in a projection.
    package func isSynchronous() throws(StoreError) -> Bool {
        try connection.first("PRAGMA synchronous") { $0.int(0) } == 2
    }

    private func isProjectionBehind() throws(StoreError) -> Bool {
        try connection.first(
            """
            SELECT EXISTS (SELECT 1 FROM records WHERE record > projected_record)
                OR EXISTS (SELECT 1 FROM applied WHERE position > projected)
            FROM meta
            """
        ) { $0.int(0) } == 1
    }

    /// Projects within the open transaction; true if more is left.
    private func project(limit: Int) throws(StoreError) -> Bool {
        let mark = try projectionMark()
        let new = try newRecords(after: mark.record, limit: limit)
        let changes = try changes(behind: mark, limit: limit)
        var listings: [Listing] = []
        listings.reserveCapacity(new.count + changes.rows.count)
        for row in changes.rows.sorted(by: { $0.rawValue < $1.rawValue }) {
            listings.append(try listing(record(row), isKnown: true))
        }
        for found in new { listings.append(try listing(storedRecord(found), isKnown: false)) }
        let next = ProjectionMark(
            position: changes.position,
            record: new.last?.row.rawValue ?? mark.record
        )
        try store(listings, upTo: next)
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
        /// True if the index may hold it already.
        var isKnown: Bool
        /// What the index holds now.
        var former: Text?
    }

    private func listing(_ record: StoredRecord, isKnown: Bool) throws(StoreError) -> Listing {
        let terms = try settings.terms(record, self)
        guard isKnown else { return Listing(row: record.row, terms: terms, isKnown: false) }
        let former = try connection.first(
            "SELECT subject FROM listed WHERE record = ?1 AND subject IS NOT NULL",
            { $0.bind(1, record.row.rawValue) },
            row: { (row) throws(StoreError) in try connection.text(row, 0) }
        )
        return Listing(row: record.row, terms: terms, isKnown: true, former: former)
    }

    /// Stores them in the order of rows, then the subjects in theirs: so every page of every index
    /// is visited about once.
    private func store(_ listings: [Listing], upTo mark: ProjectionMark) throws(StoreError) {
        var subjects: [(subject: Text, row: RecordRow)] = []
        for listing in listings {
            if listing.isKnown { try remove(listing) }
            guard let terms = listing.terms else {
                try setUniques(listing.row, [], isDeleted: false)
                continue
            }
            try insert(listing.row, terms)
            if listing.isKnown || terms.isDeleted {
                try setUniques(listing.row, terms.uniques, isDeleted: terms.isDeleted)
            } else {
                for digest in terms.uniques { try insertUnique(digest, of: listing.row, .open) }
            }
            if let subject = terms.subject, !listing.isKnown || subject != listing.former {
                subjects.append((subject, listing.row))
            }
        }
        subjects.sort { ($0.subject, $0.row.rawValue) < ($1.subject, $1.row.rawValue) }
        for (subject, row) in subjects {
            try connection.run("INSERT INTO subjects (subject, record) VALUES (?1, ?2)") {
                $0.bind(1, subject)
                $0.bind(2, row.rawValue)
            }
        }
        try connection.run("UPDATE meta SET projected = ?1, projected_record = ?2") {
            $0.bind(1, mark.position)
            $0.bind(2, mark.record)
        }
    }

    /// Takes a record out of the index, but for a subject that it is to have again.
    private func remove(_ listing: Listing) throws(StoreError) {
        try connection.run("DELETE FROM listed WHERE record = ?1") {
            $0.bind(1, listing.row.rawValue)
        }
        guard let former = listing.former, former != listing.terms?.subject else { return }
        try connection.run("DELETE FROM subjects WHERE subject = ?1 AND record = ?2") {
            $0.bind(1, former)
            $0.bind(2, listing.row.rawValue)
        }
    }

    private func insert(_ row: RecordRow, _ terms: IndexTerms) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO listed (record, item, home, stage, holder, subject, updated)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """
        ) {
            $0.bind(1, row.rawValue)
            $0.bind(2, terms.item)
            $0.bind(3, terms.home)
            $0.bind(4, terms.stage)
            $0.bind(5, terms.holder)
            $0.bind(6, terms.subject)
            $0.bind(7, terms.updated)
        }
    }
}
