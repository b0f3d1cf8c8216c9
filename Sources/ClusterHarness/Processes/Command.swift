import Foundation

/// A program run to its end.
package struct Command: Sendable {
    package struct Outcome: Sendable, CustomStringConvertible {
        package var exit: ChildProcess.Exit
        package var output: [UInt8]
        package var errors: [UInt8]

        package var succeeded: Bool { exit == .code(0) }
        package var outputText: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errors, as: UTF8.self) }
        package var description: String { "\(exit)\n\(outputText)\(errorText)" }
    }

    package struct Failure: Error, CustomStringConvertible {
        package var command: String
        package var outcome: Outcome
        package var description: String { "\(command): \(outcome)" }
    }

    package var program: String
    package var arguments: [String]
    /// Beside PATH, HOME and TMPDIR of this process.
    package var environment: [String: String]
    package var input: [UInt8]

    package init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: [UInt8] = []
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.input = input
    }

    /// The little that children get of this process's environment, and `more`.
    package static func environment(_ more: [String: String] = [:]) -> [String: String] {
        var result = ["LC_ALL": "C.UTF-8"]
        for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
            result[name] = ProcessInfo.processInfo.environment[name]
        }
        return result.merging(more) { _, new in new }
    }

    /// Its output goes through files, so that no amount of it can stop it.
    @discardableResult
    package func run() async throws -> Outcome {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (input, output, errors) = ("\(folder)/in", "\(folder)/out", "\(folder)/err")
        try Data(self.input).write(to: URL(filePath: input))
        let child = try ChildProcess(
            program,
            arguments,
            environment: Command.environment(environment),
            input: .file(input),
            output: .file(output),
            errors: .file(errors)
        )
        let exit = await withTaskCancellationHandler {
            await child.waitForExit()
        } onCancel: {
            child.send(signal: SIGKILL)
        }
        return Outcome(
            exit: exit,
            output: [UInt8](try Data(contentsOf: URL(filePath: output))),
            errors: [UInt8](try Data(contentsOf: URL(filePath: errors)))
        )
    }

    /// The outcome, if it exits 0; else throws what it said.
    @discardableResult
    package func succeed() async throws -> Outcome {
        let outcome = try await run()
        guard outcome.succeeded else {
            let command = ([program] + arguments).joined(separator: " ")
            throw Failure(command: command, outcome: outcome)
        }
        return outcome
    }
}
