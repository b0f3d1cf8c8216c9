package import AllianceModel
package import ReplicationCore

/// Reads a store on one connection.
///
/// As itself a reader that sees the last commit; `SQLiteStore` is one on the connection that
/// writes.
package class SQLiteReader: StoreReading {
    let connection: Connection
    let settings: StoreSettings
    let frontiers: FrontierCache
    /// Identities never change, so they are read once.
    private var knownFeeds: [FeedRow: KnownFeed] = [:]

    init(_ connection: Connection, _ settings: StoreSettings, _ frontiers: FrontierCache) {
        self.connection = connection
        self.settings = settings
        self.frontiers = frontiers
    }

    package var hash: HashFunction { settings.hash }

    // MARK: Start

    package func feeds() throws(StoreError) -> [StoredFeed] {
        try connection.all(
            """
            SELECT feed, member, incarnation, audience, class, roster, digest, size, frontier, latest
            FROM feeds ORDER BY feed
            """
        ) { (row) throws(StoreError) in
            let tip = FeedTip(
                identity: try identity(row, from: 1),
                digest: try connection.digest(row, 6),
                frontier: try connection.frontier(row, 8, size: row.unsigned(7)),
                latest: HybridTimestamp(rawValue: row.unsigned(9))
            )
            return StoredFeed(row: FeedRow(rawValue: row.int(0)), tip: tip)
        }
    }

    package func feedIdentity(_ row: FeedRow) throws(StoreError) -> FeedIdentity? {
        try knownFeed(row)?.identity
    }

    package func knownFeed(_ row: FeedRow) throws(StoreError) -> KnownFeed? {
        if let known = knownFeeds[row] { return known }
        let found = try connection.first(
            "SELECT member, incarnation, audience, class, roster, digest FROM feeds WHERE feed = ?1",
            { $0.bind(1, row.rawValue) },
            row: { (statement) throws(StoreError) in
                KnownFeed(
                    identity: try identity(statement, from: 0),
                    digest: try connection.digest(statement, 5)
                )
            }
        )
        // What a transaction may yet undo is not remembered.
        if !connection.isInTransaction || connection.mode == .reader { knownFeeds[row] = found }
        return found
    }

    private func identity(_ row: Statement, from column: Int32) throws(StoreError) -> FeedIdentity {
        let name = row.string(column + 3)
        guard let audience = Audience(stored: row.string(column + 2)),
            let deliveryClass = DeliveryClass.allCases.first(where: { $0.name == name })
        else { throw connection.damage("the identity of a feed does not decode") }
        return FeedIdentity(
            writer: Writer(
                member: try connection.member(row, column),
                incarnation: Incarnation(rawValue: row.unsigned(column + 1))
            ),
            audience: audience,
            deliveryClass: deliveryClass,
            roster: try connection.digest(row, column + 4)
        )
    }

    package func incarnations() throws(StoreError) -> [IncarnationSpan] {
        try connection.all("SELECT incarnation, first, last FROM incarnations ORDER BY number") {
            IncarnationSpan(
                incarnation: Incarnation(rawValue: $0.unsigned(0)),
                first: $0.int(1),
                last: $0.optionalInt(2)
            )
        }
    }

    package func requestSecret() throws(StoreError) -> Bytes {
        let secret = try connection.first("SELECT secret FROM meta") { $0.bytes(0) }
        guard let secret else { throw connection.damage("the store has no secret") }
        return secret
    }

    package func lastPosition() throws(StoreError) -> LogPosition {
        try connection.first("SELECT max(position) FROM log") { $0.int(0) } ?? 0
    }
}
