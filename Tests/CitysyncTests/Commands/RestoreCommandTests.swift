import Foundation
import NodeStore
import SecureTransport
import Testing

@testable import citysync

struct RestoreCommandTests {
    private static let settings = StoreSettings(
        hash: SHA256.function,
        random: { SecureRandom.bytes($0) },
        terms: { _, _ in nil }
    )

    /// Makes a store in `data` and a backup of it.
    private static func makeBackup(of data: String, to path: String) throws {
        let folder = try DataFolder(data)
        _ = try SQLiteStore(folder, settings)
        _ = try StoreBackup.make(of: folder.databasePath, to: path, settings)
    }

    /// A folder with a configuration, a store and a backup.
    private func withNode<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        try await withFolder { path in
            try store(Samples.configuration(path), at: "\(path)/node.yaml")
            try store(Samples.alliance, at: "\(path)/alliance.yaml")
            try RestoreCommandTests.makeBackup(
                of: "\(path)/data",
                to: "\(path)/backup.sqlite"
            )
            return try await body(path)
        }
    }

    private func run(_ path: String, _ file: String = "backup.sqlite") async -> CommandRun {
        await CommandRun(["restore", "--config", "\(path)/node.yaml", "\(path)/\(file)"])
    }

    @Test func `a backup takes the store's place, and what it replaces is named`() async throws {
        try await withNode { path in
            let run = await run(path)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("up to log position 0, into \(path)/data."))
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(path)/data")
            // With it, under the same name, what SQLite keeps beside a store that is open.
            let kept = try #require(
                names.first {
                    $0.wholeMatch(of: /citysync\.sqlite\.replaced-\d{8}T\d{6}Z/) != nil
                },
                "\(names)"
            )
            #expect(run.output.contains("is kept: \(path)/data/\(kept)\n"))
            // The store opens, and is nobody's.
            _ = try SQLiteStore(
                try DataFolder("\(path)/data"),
                RestoreCommandTests.settings
            )
        }
    }

    @Test func `while a node holds the folder nothing is touched, and its process is named`()
        async throws
    {
        try await withNode { path in
            let folder = try DataFolder("\(path)/data")
            let run = await run(path)
            #expect(run.status == 1)
            #expect(run.errors.contains("A node uses \(path)/data (process \(getpid()))."))
            #expect(run.errors.contains("systemctl stop citysyncd"))
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(path)/data")
            #expect(!names.contains { $0.contains("replaced") || $0.contains("restoring") })
            folder.unlock()
        }
    }

    @Test func `what is no backup is refused with what to do`() async throws {
        try await withNode { path in
            try store("no database", at: "\(path)/text")
            try store("x", at: "\(path)/backup.sqlite-wal")
            for (file, words) in [
                ("text", "does not verify"), ("missing", "cannot be opened"),
                ("backup.sqlite", "a write-ahead log is beside it"),
            ] {
                let run = await run(path, file)
                #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
                #expect(run.errors.contains("Do: "))
            }
        }
    }

    @Test func `a configuration that cannot be used is refused first`() async throws {
        try await withFolder { path in
            let run = await CommandRun(["restore", "--config", "\(path)/node.yaml", "/x"])
            #expect(run.status == 1 && run.errors.contains("The configuration cannot be used."))
        }
    }
}
