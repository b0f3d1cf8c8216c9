package import AllianceModel
package import ReplicationCore
import ReplicationWire

extension SQLiteReader: DisputeReading {
    package func facts() throws(StoreError) -> RecordFacts {
        var facts = RecordFacts.none
        try connection.forEach("SELECT member, incarnation FROM gone") {
            (row) throws(StoreError) in
            facts.gone.insert(try writer(row, 0))
            return true
        }
        try connection.forEach(
            "SELECT member, incarnation, min(ceiling) FROM ceilings GROUP BY member, incarnation"
        ) { (row) throws(StoreError) in
            facts.ceilings[try writer(row, 0)] = HybridTimestamp(rawValue: row.unsigned(2))
            return true
        }
        try connection.forEach(
            """
            SELECT feeds.member, incarnation, digest, min(sequence) FROM forks
                JOIN feeds ON feeds.digest = forks.feed AND feeds.member = forks.member
            GROUP BY digest
            """
        ) { (row) throws(StoreError) in
            facts.forkedWriters.insert(try writer(row, 0))
            facts.forks[try connection.digest(row, 2)] = row.unsigned(3)
            return true
        }
        return facts
    }

    package func forks() throws(StoreError) -> [Fork] {
        try connection.all("SELECT feed, member, min(sequence) FROM forks GROUP BY feed, member") {
            (row) throws(StoreError) in
            Fork(
                feed: try connection.digest(row, 0),
                member: try connection.member(row, 1),
                sequence: row.unsigned(2)
            )
        }
    }

    package func forkProof(
        of feed: Digest,
        by member: MemberCode
    ) throws(StoreError) -> ReplicationCore.Statement? {
        let proof = try connection.first(
            "SELECT proof FROM forks WHERE feed = ?1 AND member = ?2 ORDER BY sequence LIMIT 1",
            {
                $0.bind(1, feed)
                $0.bind(2, member)
            },
            row: { $0.bytes(0) }
        )
        guard let proof else { return nil }
        guard
            case .statement(let statement) = StatementCoding.decode(
                proof[...],
                writer: member,
                hash: hash
            )
        else { throw connection.damage("the proof of a fork does not decode") }
        return statement
    }

    private func writer(_ row: Statement, _ column: Int32) throws(StoreError) -> Writer {
        Writer(
            member: try connection.member(row, column),
            incarnation: Incarnation(rawValue: row.unsigned(column + 1))
        )
    }

    package func header(_ key: RecordKey) throws(StoreError) -> RecordHeader? {
        try connection.first(
            "SELECT header FROM headers WHERE key = ?1",
            { $0.bind(1, key.encoded) },
            row: { (row) throws(StoreError) in
                guard let header = RecordHeader(encoded: row.bytes(0)[...]) else {
                    throw connection.damage("the header of a record does not decode")
                }
                return header
            }
        )
    }

    // MARK: Disputes

    package func disputes(
        after row: RecordRow?,
        limit: Int
    ) throws(StoreError) -> [(RecordRow, Dispute)] {
        try connection.all(
            """
            SELECT record, waiting, since, field, conflict, owner, void FROM disputes
            WHERE record > ?1 ORDER BY record LIMIT ?2
            """,
            {
                $0.bind(1, row?.rawValue ?? 0)
                $0.bind(2, limit)
            },
            row: { (row) throws(StoreError) in
                (RecordRow(rawValue: row.int(0)), try dispute(row))
            }
        )
    }

    package func disputeSummary() throws(StoreError) -> DisputeSummary {
        let totals = try connection.first(
            "SELECT count(*), coalesce(sum(waiting), 0), coalesce(sum(void), 0) FROM disputes"
        ) { (Int($0.int(0)), Int($0.int(1)), Int($0.int(2))) }
        let oldest = try connection.first(
            """
            SELECT record, waiting, since, field, conflict, owner, void FROM disputes
            WHERE waiting > 0 ORDER BY since, record LIMIT 1
            """
        ) { (row) throws(StoreError) in (RecordRow(rawValue: row.int(0)), try dispute(row)) }
        // What two records have in common in more than one way is one conflict.
        let collisions = try connection.first(
            """
            SELECT count(DISTINCT records) FROM (
                SELECT group_concat(record) AS records FROM collisions JOIN uniques USING (digest)
                WHERE kind <> 2 GROUP BY digest)
            """
        ) { Int($0.int(0)) }
        return DisputeSummary(
            records: totals?.0 ?? 0,
            waiting: (totals?.1 ?? 0) + (collisions ?? 0),
            voids: totals?.2 ?? 0,
            oldest: try oldest.map { row, dispute throws(StoreError) in
                (try record(row).key.identifier, dispute)
            }
        )
    }

    private func dispute(_ row: Statement) throws(StoreError) -> Dispute {
        Dispute(
            waiting: Int(row.int(1)),
            since: row.isNull(2) ? nil : HybridTimestamp(rawValue: row.unsigned(2)),
            field: row.isNull(3) ? nil : try connection.text(row, 3),
            conflict: row.isNull(4) ? nil : try connection.text(row, 4),
            owner: row.isNull(5) ? nil : try connection.member(row, 5),
            voids: Int(row.int(6))
        )
    }

    package func entries(
        of feed: Digest,
        after sequence: UInt64,
        limit: Int
    ) throws(StoreError) -> [StoredEntry] {
        try connection.all(
            """
            SELECT position, feed, sequence, opening, writes, salt, body FROM log
            WHERE feed = (SELECT feed FROM feeds WHERE digest = ?1) AND sequence > ?2
            ORDER BY sequence LIMIT ?3
            """,
            {
                $0.bind(1, feed)
                $0.bind(2, sequence)
                $0.bind(3, limit)
            },
            row: { storedEntry($0, from: 0) }
        )
    }

    package func carried(
        from feed: Digest,
        after place: CarriedPlace,
        limit: Int
    ) throws(StoreError) -> [CarriedPlace] {
        try connection.all(
            """
            SELECT sequence, position FROM carried_from
            WHERE feed = ?1 AND (sequence, position) > (?2, ?3)
            ORDER BY sequence, position LIMIT ?4
            """,
            {
                $0.bind(1, feed)
                $0.bind(2, place.sequence)
                $0.bind(3, place.position)
                $0.bind(4, limit)
            },
            row: { CarriedPlace(sequence: $0.unsigned(0), position: $0.int(1)) }
        )
    }

    package func judging() throws(StoreError) -> [Digest: JudgingPlace] {
        var places: [Digest: JudgingPlace] = [:]
        try connection.forEach("SELECT feed, sequence, carried, carried_position FROM judging") {
            (row) throws(StoreError) in
            var place = JudgingPlace(sequence: row.unsigned(1))
            if !row.isNull(2) {
                place.carried = CarriedPlace(sequence: row.unsigned(2), position: row.int(3))
            }
            places[try connection.digest(row, 0)] = place
            return true
        }
        return places
    }

    // MARK: Proofs

    package func leaves(
        _ feed: FeedRow,
        _ range: ClosedRange<UInt64>
    ) throws(StoreError) -> [Digest] {
        let leaves = try connection.all(
            """
            SELECT leaf FROM log WHERE feed = ?1 AND sequence >= ?2 AND sequence <= ?3
            ORDER BY sequence
            """,
            {
                $0.bind(1, feed.rawValue)
                $0.bind(2, range.lowerBound)
                $0.bind(3, range.upperBound)
            },
            row: { (row) throws(StoreError) in try connection.digest(row, 0) }
        )
        guard leaves.count == range.count else {
            throw connection.damage("feed row \(feed.rawValue) lacks entries of \(range)")
        }
        return leaves
    }

    package func head(
        _ feed: FeedRow,
        covering sequence: UInt64
    ) throws(StoreError) -> SignedHead? {
        try connection.first(
            """
            SELECT feeds.digest, heads.size, root, key, signature FROM heads
                JOIN feeds ON feeds.feed = heads.feed
            WHERE heads.feed = ?1 AND heads.size >= ?2 ORDER BY heads.size LIMIT 1
            """,
            {
                $0.bind(1, feed.rawValue)
                $0.bind(2, sequence)
            },
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

    package func isCarried(
        _ stored: LogPosition,
        in feed: FeedRow
    ) throws(StoreError) -> Bool {
        try connection.first(
            "SELECT 1 FROM carries WHERE stored = ?1 AND feed = ?2",
            {
                $0.bind(1, stored)
                $0.bind(2, feed.rawValue)
            },
            row: { _ in true }
        ) ?? false
    }

    package func regained() throws(StoreError) -> [Regained] {
        try connection.all(
            """
            SELECT incarnation, sum(entries), min(since) FROM regained
                JOIN feeds ON feeds.feed = regained.feed
            GROUP BY incarnation ORDER BY min(since), incarnation
            """
        ) {
            Regained(
                incarnation: Incarnation(rawValue: $0.unsigned(0)),
                entries: Int($0.int(1)),
                since: $0.int(2)
            )
        }
    }

    package func records(
        unique digest: Digest,
        limit: Int
    ) throws(StoreError) -> [RecordRow] {
        try connection.all(
            "SELECT record FROM uniques WHERE digest = ?1 ORDER BY record LIMIT ?2",
            {
                $0.bind(1, digest)
                $0.bind(2, limit)
            },
            row: { RecordRow(rawValue: $0.int(0)) }
        )
    }

    /// Records that are looked at: while a node takes in more than that at once, what the last of them
    /// collide with is found a moment later.
    private static let behindMaximum = 1_024

    package func uniquesBehind() throws(StoreError) -> [Digest: [RecordRow]] {
        let mark = try projectionMark()
        let changed = try changedRecords(behind: mark).sorted { $0.rawValue < $1.rawValue }
        var records: [StoredRecord] = []
        for row in changed.prefix(Self.behindMaximum) { records.append(try record(row)) }
        for found in try newRecords(after: mark.record, limit: Self.behindMaximum - records.count) {
            records.append(try storedRecord(found))
        }
        var rows: [Digest: [RecordRow]] = [:]
        for record in records {
            for digest in try settings.terms(record, self)?.uniques ?? [] {
                rows[digest, default: []].append(record.row)
            }
        }
        return rows
    }

    package func collisions(
        after digest: Digest?,
        limit: Int
    ) throws(StoreError) -> [Digest] {
        try connection.all(
            "SELECT digest FROM collisions WHERE digest > ?1 ORDER BY digest LIMIT ?2",
            {
                $0.bind(1, digest?.bytes ?? [])
                $0.bind(2, limit)
            },
            row: { (row) throws(StoreError) in try connection.digest(row, 0) }
        )
    }

    package func collisions(of row: RecordRow) throws(StoreError) -> [Digest] {
        try connection.all(
            """
            SELECT collisions.digest FROM uniques
                JOIN collisions ON collisions.digest = uniques.digest
            WHERE record = ?1 ORDER BY collisions.digest
            """,
            { $0.bind(1, row.rawValue) },
            row: { (row) throws(StoreError) in try connection.digest(row, 0) }
        )
    }

    package func isDisputed(_ row: RecordRow) throws(StoreError) -> Bool {
        try connection.first(
            "SELECT 1 FROM disputes WHERE record = ?1",
            { $0.bind(1, row.rawValue) },
            row: { _ in true }
        ) ?? false
    }
}
