import AllianceModel
import ReplicationCore

extension SQLiteReader {
    /// The deep check: SQLite's own (`integrity_check`, `foreign_key_check`), and every entry
    /// hashed again, since a flipped bit inside a value passes SQLite's.
    ///
    /// Reads everything; minutes for millions of entries.
    ///
    /// Returns what is wrong, one line each, without values; empty if all is well.
    package func verify() throws(StoreError) -> [String] {
        var findings = try connection.all("PRAGMA integrity_check(100)") { $0.string(0) }
            .filter { $0 != "ok" }
        findings += try connection.all("PRAGMA foreign_key_check") {
            "\($0.string(0)) row \($0.int(1)) names a row of \($0.string(2)) that is missing"
        }
        for feed in try feeds() { findings += try verify(feed) }
        return findings
    }

    private func verify(_ feed: StoredFeed) throws(StoreError) -> [String] {
        var roots: [UInt64: Digest] = [:]
        for head in try heads(feed.row) { roots[head.head.size] = head.head.root }
        let stored = try storedFrontiers(feed.row)
        var findings: [String] = []
        var frontier = MerkleFrontier()
        try connection.forEach(
            """
            SELECT sequence, leaf, opening, writes, salt, body FROM log
            WHERE feed = ?1 AND sequence IS NOT NULL ORDER BY sequence
            """,
            { $0.bind(1, feed.row.rawValue) },
            row: { (row) throws(StoreError) in
                let sequence = row.unsigned(0)
                let place = "entry \(sequence) of feed \(feed.tip.digest.short)"
                guard sequence == frontier.size + 1 else {
                    findings.append("\(place) follows entry \(frontier.size)")
                    return false
                }
                let bytes = connection.entryBytes(row, from: 2)
                let leaf = EntryCoding.leaf(of: bytes, hash: settings.hash)
                if try connection.digest(row, 1) != leaf {
                    findings.append("\(place) does not have its leaf's hash")
                }
                frontier.append(leaf, hash: settings.hash)
                if let expected = stored[sequence], expected != frontier {
                    findings.append("\(place) does not lead to the frontier stored for it")
                }
                if let root = roots[sequence], root != frontier.root(hash: settings.hash) {
                    findings.append("\(place) does not lead to the root that its head signs")
                }
                return true
            }
        )
        if frontier != feed.tip.frontier {
            findings.append("feed \(feed.tip.digest.short) does not lead to its tip")
        }
        return findings
    }

    private func storedFrontiers(_ feed: FeedRow) throws(StoreError) -> [UInt64: MerkleFrontier] {
        let stored = try connection.all(
            "SELECT size, frontier FROM frontiers WHERE feed = ?1",
            { $0.bind(1, feed.rawValue) },
            row: { (row) throws(StoreError) in
                try connection.frontier(row, 1, size: row.unsigned(0))
            }
        )
        return Dictionary(stored.map { ($0.size, $0) }) { first, _ in first }
    }
}
