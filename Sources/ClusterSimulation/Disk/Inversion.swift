import GRDBSQLite
import NodeStore

extension SimulatedDisk {
    /// Inverts the last bit of every value in a column of bytes, given as `table.column`, while no
    /// process has the database open; false if there is none, or SQLite refuses.
    ///
    /// Unlike a bit somewhere in the file (`corrupt`) it means the same wherever the pages lie. Indexes
    /// follow, so that SQLite's own check has nothing to find.
    func invert(_ place: String) -> Bool {
        let names = place.split(separator: ".").map(String.init)
        guard names.count == 2 else { return false }
        let (table, column) = (names[0], names[1])
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        let file = "\(path)/\(DataFolder.databaseName)"
        guard sqlite3_open_v2(file, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
            return false
        }
        let values = values(of: column, in: table, handle)
        return !values.isEmpty
            && values.allSatisfy { value in
                let sql = """
                    UPDATE \(table) SET \(column) = x'\(inverted(value))'
                    WHERE \(column) = x'\(value)'
                    """
                // None is changed where the column holds no bytes, but a text or a number.
                return sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK
                    && sqlite3_changes(handle) > 0
            }
    }

    /// In hexadecimal digits, each once, in order; none if there is no such column.
    private func values(
        of column: String,
        in table: String,
        _ handle: OpaquePointer?
    ) -> [String] {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        let sql = """
            SELECT DISTINCT hex(\(column)) FROM \(table) WHERE length(\(column)) > 0 ORDER BY 1
            """
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { return [] }
        var values: [String] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            if let text = sqlite3_column_text(statement, 0) {
                values.append(String(cString: text))
            }
        }
        return values
    }

    private func inverted(_ digits: String) -> String {
        guard let last = digits.last?.hexDigitValue else { return digits }
        return digits.dropLast() + String(last ^ 1, radix: 16)
    }
}
