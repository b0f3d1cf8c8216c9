import AllianceModel
package import ReplicationCore

extension SQLiteStore {
    package func insertRecord(
        _ state: RecordState,
        madeAt position: LogPosition
    )
        throws(StoreError) -> RecordRow
    {
        let statement = try connection.statement(
            "INSERT INTO records (key, made_at, position) VALUES (?1, ?2, ?2)"
        )
        statement.bind(2, position)
        let code = state.key.encoded.withUnsafeBytes { key in
            statement.bind(1, borrowed: key)
            return statement.step()
        }
        try connection.finish(statement, code)
        return RecordRow(rawValue: connection.lastInsertedRow)
    }

    package func updateRecord(
        _ row: RecordRow,
        _ state: RecordState,
        appliedAt position: LogPosition
    ) throws(StoreError) {
        let statement = try connection.statement(
            "UPDATE records SET position = ?2, state = ?3 WHERE record = ?1"
        )
        statement.bind(1, row.rawValue)
        statement.bind(2, position)
        let code = state.encoded.withUnsafeBytes { bytes in
            statement.bind(3, borrowed: bytes)
            return statement.step()
        }
        try connection.finish(statement, code)
    }

    package func insertApplied(
        _ row: RecordRow,
        stored: LogPosition,
        applied: LogPosition
    )
        throws(StoreError)
    {
        try connection.run("INSERT INTO applied (position, record, stored) VALUES (?1, ?2, ?3)") {
            $0.bind(1, applied)
            $0.bind(2, row.rawValue)
            $0.bind(3, stored)
        }
    }

    // MARK: Held

    package func insertHeld(_ held: HeldEntry, bytes: Int) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO held
                (position, reason, detail, author, timestamp, key, definition, since, next_try,
                waits_member, waits_incarnation, bytes)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
            """
        ) {
            $0.bind(1, held.position)
            $0.bind(2, held.reason.rawValue)
            $0.bind(3, held.detail)
            $0.bind(4, held.author)
            $0.bind(5, held.timestamp.rawValue)
            $0.bind(6, held.key?.encoded)
            $0.bind(7, held.definition)
            $0.bind(8, held.since)
            $0.bind(9, held.nextTry)
            $0.bind(10, held.waitsFor?.member)
            $0.bind(11, held.waitsFor.map { Int64(bitPattern: $0.incarnation.rawValue) })
            $0.bind(12, bytes)
        }
    }

    package func updateHeld(_ held: HeldEntry) throws(StoreError) {
        try connection.run(
            """
            UPDATE held SET reason = ?2, detail = ?3, next_try = ?4, waits_member = ?5,
                waits_incarnation = ?6, definition = ?7
            WHERE position = ?1
            """
        ) {
            $0.bind(1, held.position)
            $0.bind(2, held.reason.rawValue)
            $0.bind(3, held.detail)
            $0.bind(4, held.nextTry)
            $0.bind(5, held.waitsFor?.member)
            $0.bind(6, held.waitsFor.map { Int64(bitPattern: $0.incarnation.rawValue) })
            $0.bind(7, held.definition)
        }
    }

    package func deleteHeld(_ position: LogPosition) throws(StoreError) {
        try connection.run("DELETE FROM held WHERE position = ?1") { $0.bind(1, position) }
    }
}
