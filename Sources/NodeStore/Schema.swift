import AllianceModel
import GRDB
import GRDBSQLite

/// The schema's versions.
///
/// Each is a file in `SQL/`, run once, in order, in one transaction together with its number
/// (`user_version`).
enum Schema {
    /// `application_id` of a CitySync database: "City".
    static let applicationID: Int64 = 0x4369_7479

    /// SwiftPM names a resource by its file, the first digit replaced by `_`.
    static let migrations: [(name: String, sql: String)] = [
        ("001_schema", text(PackageResources._01_schema_sql)),
        ("002_conflicts", text(PackageResources._02_conflicts_sql)),
        ("003_requests", text(PackageResources._03_requests_sql)),
        ("004_judging", text(PackageResources._04_judging_sql)),
        ("005_held_bytes", text(PackageResources._05_held_bytes_sql)),
    ]

    /// The version that this program writes.
    static var version: Int { migrations.count }

    /// The table in which GRDB notes which migrations were run.
    static let migrationTable = "grdb_migrations"

    /// Brings the database to `version`; `secret` is stored when the database is made.
    ///
    /// A connection of its own, closed before the node's are opened: GRDB's migrator looks after
    /// foreign keys while tables change, and leaves nothing half done.
    static func migrate(
        path: String,
        secret: Bytes,
        to version: Int = version
    ) throws(StoreError) {
        var configuration = Configuration()
        configuration.label = "citysync.migration"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        }
        var migrator = DatabaseMigrator()
        for (index, migration) in migrations.prefix(version).enumerated() {
            migrator.registerMigration(migration.name) { database in
                try database.execute(sql: migration.sql)
                if index == 0 {
                    try database.execute(
                        sql: "INSERT INTO meta (id, secret, projected, projected_record) "
                            + "VALUES (1, x'\(Hexadecimal.encode(secret))', 0, 0)"
                    )
                    try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                }
                try database.execute(sql: "PRAGMA user_version = \(index + 1)")
            }
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try migrator.migrate(queue)
            try queue.close()
        } catch {
            throw storeError(error, path)
        }
    }

    private static func storeError(_ error: any Error, _ path: String) -> StoreError {
        guard let error = error as? DatabaseError else {
            return .unopenable(path: path, reason: "\(error)")
        }
        return StoreError(
            code: error.extendedResultCode.rawValue,
            errno: nil,
            message: error.message ?? "",
            path: path
        )
    }

    private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
