package import AllianceModel
package import ReplicationCore

extension SQLiteStore: DisputeStore {
    package func insertGone(
        _ writer: Writer,
        at timestamp: HybridTimestamp
    ) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO gone (member, incarnation, timestamp) VALUES (?1, ?2, ?3)
            ON CONFLICT DO NOTHING
            """
        ) {
            $0.bind(1, writer.member)
            $0.bind(2, writer.incarnation.rawValue)
            $0.bind(3, timestamp.rawValue)
        }
    }

    package func insertCeiling(
        _ writer: Writer,
        _ ceiling: HybridTimestamp
    ) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO ceilings (member, incarnation, ceiling) VALUES (?1, ?2, ?3)
            ON CONFLICT DO NOTHING
            """
        ) {
            $0.bind(1, writer.member)
            $0.bind(2, writer.incarnation.rawValue)
            $0.bind(3, ceiling.rawValue)
        }
    }

    package func insertFork(_ fork: Fork, proof: Bytes) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO forks (feed, member, sequence, proof) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING
            """
        ) {
            $0.bind(1, fork.feed)
            $0.bind(2, fork.member)
            $0.bind(3, fork.sequence)
            $0.bind(4, proof)
        }
    }

    package func insertHeader(
        _ header: RecordHeader,
        of key: RecordKey
    ) throws(StoreError) {
        try connection.run(
            "INSERT INTO headers (key, header) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        ) {
            $0.bind(1, key.encoded)
            $0.bind(2, header.encoded)
        }
    }

    package func setJudging(
        _ feed: Digest,
        _ place: JudgingPlace?
    ) throws(StoreError) {
        guard let place else {
            try connection.run("DELETE FROM judging WHERE feed = ?1") { $0.bind(1, feed) }
            return
        }
        try connection.run(
            """
            INSERT INTO judging (feed, sequence, carried, carried_position)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (feed) DO UPDATE SET sequence = ?2, carried = ?3, carried_position = ?4
            """
        ) {
            $0.bind(1, feed)
            $0.bind(2, place.sequence)
            $0.bind(3, place.carried.map { Int64(bitPattern: $0.sequence) })
            $0.bind(4, place.carried?.position)
        }
    }

    package func appendJudgement(on row: RecordRow) throws(StoreError) -> LogPosition {
        let position = nextPosition()
        try connection.run("INSERT INTO log (position, kind) VALUES (?1, 4)") {
            $0.bind(1, position)
        }
        try insertApplied(row, stored: position, applied: position)
        return position
    }

    package func setDispute(_ row: RecordRow, _ dispute: Dispute?) throws(StoreError) {
        guard let dispute else {
            try connection.run("DELETE FROM disputes WHERE record = ?1") {
                $0.bind(1, row.rawValue)
            }
            return
        }
        try connection.run(
            """
            INSERT INTO disputes (record, waiting, since, field, conflict, owner, void)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (record) DO UPDATE SET waiting = ?2, since = ?3, field = ?4,
                conflict = ?5, owner = ?6, void = ?7
            """
        ) {
            $0.bind(1, row.rawValue)
            $0.bind(2, dispute.waiting)
            $0.bind(3, dispute.since.map { Int64(bitPattern: $0.rawValue) })
            $0.bind(4, dispute.field)
            $0.bind(5, dispute.conflict)
            $0.bind(6, dispute.owner)
            $0.bind(7, dispute.voids)
        }
    }

    package func insertCarry(
        of stored: LogPosition,
        in feed: FeedRow
    ) throws(StoreError) {
        try connection.run("INSERT INTO carries (stored, feed) VALUES (?1, ?2)") {
            $0.bind(1, stored)
            $0.bind(2, feed.rawValue)
        }
    }

    package func insertCarried(
        from feed: Digest,
        _ sequence: UInt64,
        at position: LogPosition
    ) throws(StoreError) {
        try connection.run(
            "INSERT INTO carried_from (feed, sequence, position) VALUES (?1, ?2, ?3)"
        ) {
            $0.bind(1, feed)
            $0.bind(2, sequence)
            $0.bind(3, position)
        }
    }

    package func noteRegained(
        _ feed: FeedRow,
        entries: Int,
        at wallMilliseconds: Int64
    ) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO regained (feed, entries, since) VALUES (?1, ?2, ?3)
            ON CONFLICT (feed) DO UPDATE SET entries = entries + ?2
            """
        ) {
            $0.bind(1, feed.rawValue)
            $0.bind(2, entries)
            $0.bind(3, wallMilliseconds)
        }
    }

    package func setUniques(
        _ row: RecordRow,
        _ digests: [Digest],
        isDeleted: Bool
    ) throws(StoreError) {
        let former = try connection.all(
            "SELECT digest, kind FROM uniques WHERE record = ?1",
            { $0.bind(1, row.rawValue) },
            row: { (row) throws(StoreError) in (try connection.digest(row, 0), row.int(1)) }
        )
        let twin: UniqueKind = isDeleted ? .closedTwin : .twin
        for (digest, kind) in former {
            switch UniqueKind(rawValue: kind) {
            case .twin, .closedTwin:
                if kind != twin.rawValue { try insertUnique(digest, of: row, twin) }
            case .open, nil:
                if !digests.contains(digest) { try deleteUnique(digest, of: row) }
            }
        }
        for digest in digests where !former.contains(where: { $0.0 == digest }) {
            try insertUnique(digest, of: row, .open)
        }
    }

    package func insertTwin(
        _ row: RecordRow,
        of digest: Digest,
        isDeleted: Bool
    ) throws(StoreError) {
        try insertUnique(digest, of: row, isDeleted ? .closedTwin : .twin)
    }

    /// `uniques.kind`.
    enum UniqueKind: Int64 {
        case open = 0
        case twin = 1
        case closedTwin = 2
    }

    func insertUnique(
        _ digest: Digest,
        of row: RecordRow,
        _ kind: UniqueKind
    ) throws(StoreError) {
        // Nearly always it is the only one, and then there is nothing more to look at.
        let isAlone = try records(unique: digest, limit: 1).isEmpty
        try connection.run(
            """
            INSERT INTO uniques (digest, record, kind) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET kind = ?3
            """
        ) {
            $0.bind(1, digest)
            $0.bind(2, row.rawValue)
            $0.bind(3, kind.rawValue)
        }
        if !isAlone { try noteCollision(digest) }
    }

    private func deleteUnique(_ digest: Digest, of row: RecordRow) throws(StoreError) {
        try connection.run("DELETE FROM uniques WHERE digest = ?1 AND record = ?2") {
            $0.bind(1, digest)
            $0.bind(2, row.rawValue)
        }
        try noteCollision(digest)
    }

    /// A twin that is closed has its id still, and collides with nothing.
    private func noteCollision(_ digest: Digest) throws(StoreError) {
        let count = try connection.first(
            "SELECT count(*) FROM uniques WHERE digest = ?1 AND kind <> 2",
            { $0.bind(1, digest) },
            row: { $0.int(0) }
        )
        if count ?? 0 > 1 {
            try connection.run("INSERT INTO collisions (digest) VALUES (?1) ON CONFLICT DO NOTHING")
            { $0.bind(1, digest) }
        } else {
            try connection.run("DELETE FROM collisions WHERE digest = ?1") { $0.bind(1, digest) }
        }
    }
}
