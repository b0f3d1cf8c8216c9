import Foundation
import Glibc
import Synchronization

/// One node of a cluster, down or running.
package final class NodeProcess: Sendable {
    package struct StartFailure: Error, CustomStringConvertible {
        package var member: Member
        package var exit: ChildProcess.Exit?
        package var log: String

        package var description: String {
            let how = exit.map { "ended with \($0)" } ?? "does not take writes"
            return "citysyncd of \(member.english) \(how); its last words:\n\(log)"
        }
    }

    package let place: NodePlace
    package let client: NodeClient
    let installation: Installation
    private let child = Mutex<ChildProcess?>(nil)

    package var member: Member { place.member }

    init(_ place: NodePlace, _ installation: Installation) {
        self.place = place
        self.installation = installation
        client = NodeClient(socket: place.socket)
    }

    /// The process started last, also when it has ended.
    package var process: ChildProcess? { child.withLock { $0 } }

    package var isRunning: Bool { process.map { $0.exit == nil } ?? false }

    /// Starts the process and returns at once.
    ///
    /// `wrapper`: a program and its arguments that runs the node in its own process (`strace -D`).
    @discardableResult
    package func launch(
        environment: [String: String] = [:],
        wrapper: [String] = []
    ) throws -> ChildProcess {
        let words = wrapper + [installation.daemon, "--config", place.configuration]
        let started = try ChildProcess(
            words[0],
            Array(words.dropFirst()),
            environment: Command.environment(environment),
            errors: .file(place.log)
        )
        child.withLock { $0 = started }
        return started
    }

    /// Starts the process and waits until the node takes writes.
    package func start(
        environment: [String: String] = [:],
        wrapper: [String] = [],
        within limit: Duration = .seconds(30)
    ) async throws {
        let started = try launch(environment: environment, wrapper: wrapper)
        do {
            try await waitUntil(
                "\(member.english) is ready",
                within: limit,
                every: .milliseconds(10)
            ) {
                if let exit = started.exit { throw failure(exit) }
                return try await client.isReady() ? nil : "readyz is not 200"
            }
        } catch {
            started.send(signal: SIGKILL)
            throw failure(started.exit)
        }
    }

    private func failure(_ exit: ChildProcess.Exit?) -> StartFailure {
        StartFailure(member: member, exit: exit, log: lastLines(of: 20))
    }

    /// SIGKILL; returns when the process is gone.
    package func kill() async {
        guard let process else { return }
        process.send(signal: SIGKILL)
        _ = await process.waitForExit()
    }

    /// SIGTERM; returns how it ended.
    @discardableResult
    package func stop() async -> ChildProcess.Exit? {
        guard let process else { return nil }
        process.send(signal: SIGTERM)
        return await process.waitForExit()
    }

    /// SIGSTOP: the process stands still, its connections stay open.
    package func pause() { process?.send(signal: SIGSTOP) }
    package func resume() { process?.send(signal: SIGCONT) }
    /// SIGHUP: takes up certificates, revocations and tokens anew.
    package func reload() { process?.send(signal: SIGHUP) }

    /// Everything that it wrote to standard error.
    package func log() -> String {
        guard let bytes = FileManager.default.contents(atPath: place.log) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    package func lastLines(of count: Int) -> String {
        log().split(separator: "\n").suffix(count).joined(separator: "\n")
    }

    /// Runs `citysync` against this node's socket.
    package func citysync(_ arguments: [String]) async throws -> Command.Outcome {
        try await Command(installation.tool, ["--api", "unix:\(place.socket)"] + arguments).run()
    }

    /// Makes a token with `citysync token`, which a running node takes up at `reload`.
    package func makeToken(named name: String, role: String) async throws -> String {
        let arguments = ["token", "new", "--file", place.tokens, "--name", name, "--role", role]
        let outcome = try await Command(installation.tool, arguments).succeed()
        return outcome.outputText.split(separator: "\n").last.map(String.init) ?? ""
    }

    /// A client over TCP, as a counter's program would be.
    package func client(token: String) -> NodeClient {
        NodeClient(port: place.apiPort, token: token)
    }
}
