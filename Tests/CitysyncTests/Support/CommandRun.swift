import Foundation

@testable import citysync

/// What one command line did.
struct CommandRun: Sendable {
    var status: Int32
    var output: String
    var errors: String

    init(
        _ arguments: [String],
        environment: [String: String] = [:],
        isTerminal: Bool = false
    ) async {
        let output = Written()
        let errors = Written()
        let console = Console(
            write: { output.append($0) },
            writeError: { errors.append($0) },
            environment: environment,
            outputIsTerminal: isTerminal,
            errorIsTerminal: false
        )
        status = await Console.$current.withValue(console) { await Citysync.execute(arguments) }
        self.output = output.text
        self.errors = errors.text
    }

    /// Runs against a stub.
    init(_ node: StubNode, _ arguments: String..., isTerminal: Bool = false) async {
        await self.init(["--api", node.api] + arguments, isTerminal: isTerminal)
    }
}

private final class Written: @unchecked Sendable {
    private let lock = NSLock()
    private var pieces: [String] = []

    var text: String { lock.withLock { pieces.joined() } }
    func append(_ piece: String) { lock.withLock { pieces.append(piece) } }
}

/// A folder that is gone after the test.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = "/tmp/cs-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    do {
        let result = try await body(path)
        try FileManager.default.removeItem(atPath: path)
        return result
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
}

func store(_ text: String, at path: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}
