import ClusterHarness
import Foundation
import GRDBSQLite
import NIOCore
import NIOPosix

/// What the machine can do at best, for the same bytes, measured beside the figures.
enum RawLimits {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Rows a second that SQLite itself appends to a log and a table with a unique key, durable,
    /// that many to a commit; about half a kilobyte each.
    static func sqliteRows(perCommit: Int, rows: Int) throws -> Double {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var database: OpaquePointer?
        guard sqlite3_open("\(folder.path)/raw.sqlite", &database) == SQLITE_OK else {
            throw Failure(description: "SQLite does not open a file")
        }
        defer { sqlite3_close(database) }
        try run(
            database,
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 16384;
            CREATE TABLE log (position INTEGER PRIMARY KEY, body BLOB) STRICT;
            CREATE TABLE records (record INTEGER PRIMARY KEY, key BLOB UNIQUE, at INTEGER) STRICT;
            """
        )
        var log: OpaquePointer?
        var record: OpaquePointer?
        sqlite3_prepare_v2(database, "INSERT INTO log (body) VALUES (?1)", -1, &log, nil)
        sqlite3_prepare_v2(
            database,
            "INSERT INTO records (key, at) VALUES (?1, ?2)",
            -1,
            &record,
            nil
        )
        defer {
            sqlite3_finalize(log)
            sqlite3_finalize(record)
        }
        let body = [UInt8](repeating: 0x5a, count: 512)
        let begun = ContinuousClock.now
        for number in 0..<rows {
            if number % perCommit == 0 { try run(database, "BEGIN IMMEDIATE") }
            sqlite3_bind_blob(log, 1, body, Int32(body.count), nil)
            guard sqlite3_step(log) == SQLITE_DONE else {
                throw Failure(description: "SQLite does not insert")
            }
            sqlite3_reset(log)
            var key = UInt64(number).bigEndian
            try withUnsafeBytes(of: &key) { key in
                sqlite3_bind_blob(record, 1, key.baseAddress, Int32(key.count), nil)
                sqlite3_bind_int64(record, 2, Int64(number))
                guard sqlite3_step(record) == SQLITE_DONE else {
                    throw Failure(description: "SQLite does not insert")
                }
                sqlite3_reset(record)
            }
            if number % perCommit == perCommit - 1 { try run(database, "COMMIT") }
        }
        if rows % perCommit != 0 { try run(database, "COMMIT") }
        return Double(rows) / (ContinuousClock.now - begun).inSeconds
    }

    private static func run(_ database: OpaquePointer?, _ sql: String) throws {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
            throw Failure(description: "SQLite refused: \(sql)")
        }
    }

    /// Milliseconds of one write of a record's bytes with fdatasync, the median.
    ///
    /// Into a file that does not grow, as a write-ahead log that has been around once.
    static func syncMilliseconds(count: Int) throws -> Double {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let descriptor = open("\(folder.path)/raw", O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw Failure(description: "no file: errno \(errno)") }
        defer { close(descriptor) }
        let body = [UInt8](repeating: 0x5a, count: 512)
        for _ in 0..<count { _ = write(descriptor, body, body.count) }
        guard fsync(descriptor) == 0 else {
            throw Failure(description: "no durable write: errno \(errno)")
        }
        let latencies = Latencies()
        for number in 0..<count {
            let begun = NIODeadline.now()
            guard pwrite(descriptor, body, body.count, off_t(number * body.count)) == body.count,
                fdatasync(descriptor) == 0
            else { throw Failure(description: "no durable write: errno \(errno)") }
            latencies.record(nanoseconds: UInt64((NIODeadline.now() - begun).nanoseconds))
        }
        return latencies.milliseconds(percentile: 50)
    }

    /// Milliseconds of one round trip of a small message over a Unix socket between two event loops:
    /// median and 99th percentile.
    static func roundTripMilliseconds(count: Int) async throws -> (median: Double, p99: Double) {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = "\(folder.path)/echo.sock"
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let server = try await ServerBootstrap(group: group.next())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Responder())
                }
            }
            .bind(unixDomainSocketPath: path)
            .get()
        let latencies = Latencies()
        let counter = Counter(count)
        let request = PreparedRequest.get("/")
        try await LoadConnection.run(
            socket: path,
            on: group.next(),
            next: { counter.next() == nil ? nil : request },
            take: { latencies.record(nanoseconds: $0.nanoseconds) }
        )
        try await server.close()
        try await group.shutdownGracefully()
        return (
            latencies.milliseconds(percentile: 50), latencies.milliseconds(percentile: 99)
        )
    }

    /// Answers anything at once.
    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        }
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
