package import AllianceModel
package import ReplicationCore

extension SQLiteReader {
    package func regained(request id: Bytes) throws(StoreError) -> [RecordKey] {
        try connection.all(
            "SELECT key FROM regained_requests WHERE request = ?1 ORDER BY key",
            { $0.bind(1, id) },
            row: { (row) throws(StoreError) in try connection.key(row, 0) }
        )
    }

    package func request(_ key: Digest) throws(StoreError) -> RequestRow? {
        try connection.first(
            "SELECT digest, status, subject FROM requests WHERE key = ?1",
            { $0.bind(1, key) },
            row: { (row) throws(StoreError) in
                RequestRow(
                    key: key,
                    request: try connection.digest(row, 0),
                    status: Int(row.int(1)),
                    subject: row.string(2)
                )
            }
        )
    }

    package func audit(before sequence: Int64?, limit: Int) throws(StoreError) -> [AuditRow] {
        try connection.all(
            """
            SELECT sequence, time, actor, route, subject, result FROM audit
            WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2
            """,
            {
                $0.bind(1, sequence ?? .max)
                $0.bind(2, limit)
            },
            row: {
                AuditRow(
                    sequence: $0.int(0),
                    time: $0.int(1),
                    actor: $0.string(2),
                    route: $0.string(3),
                    subject: $0.isNull(4) ? nil : $0.string(4),
                    result: Int($0.int(5))
                )
            }
        )
    }
}
