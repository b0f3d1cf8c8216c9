import Foundation

struct CommandFailure: Error, CustomStringConvertible {
    let text: String

    var description: String { text }
}

/// Programs run to their end.
enum Command {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    /// `Certs/ca` of this tree, wherever the tests were built from.
    static let authority: String = {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.appendingPathComponent("Certs/ca").path
    }()

    /// What the program printed; throws with its errors when it failed.
    @discardableResult
    static func run(
        _ program: String,
        _ arguments: [String],
        passphrase: String? = nil
    ) throws -> String {
        let outcome = try outcome(program, arguments, environment: environment(passphrase))
        guard outcome.status == 0 else {
            throw CommandFailure(
                text: "\(program) \(arguments): \(outcome.status)\n\(outcome.errors)"
            )
        }
        return outcome.output
    }

    static func environment(_ passphrase: String?) -> [String: String] {
        var environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        environment["CITYSYNC_CA_PASSPHRASE"] = passphrase
        return environment
    }

    /// Output goes to files: a pipe that nobody reads would stop the program.
    static func outcome(
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        input: String = ""
    ) throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("citysync-command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["input", "output", "errors"].map { folder.appendingPathComponent($0) }
        for file in files { try Data(input.utf8).write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1]).emptied()
        process.standardError = try FileHandle(forWritingTo: files[2]).emptied()
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOf: files[1], encoding: .utf8),
            errors: try String(contentsOf: files[2], encoding: .utf8)
        )
    }
}

extension FileHandle {
    fileprivate func emptied() throws -> FileHandle {
        try truncate(atOffset: 0)
        return self
    }
}

/// Folders that are gone when the run is over.
enum TestFolders {
    private nonisolated(unsafe) static var folders: [URL] = []
    private static let lock = NSLock()

    static func removeAtExit(_ folder: URL) {
        lock.lock()
        defer { lock.unlock() }
        if folders.isEmpty {
            atexit {
                for folder in TestFolders.folders {
                    try? FileManager.default.removeItem(at: folder)
                }
            }
        }
        folders.append(folder)
    }
}
