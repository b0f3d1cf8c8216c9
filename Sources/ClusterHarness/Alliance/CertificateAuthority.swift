import Foundation
import Synchronization

/// A throw-away authority made with `Certs/ca`.
///
/// One may serve several clusters of a test run: what it has issued to a member is issued once.
package final class CertificateAuthority: Sendable {
    /// Files of one member: `node.key` and `node.pem` in a folder.
    package struct Credential: Hashable, Sendable {
        package var certificate: String
        package var key: String
    }

    package let folder: String
    package let trustDomain: String
    package var certificate: String { "\(folder)/ca/ca.pem" }

    private let tool: String
    let passphrase = "only for this run"
    private let latest = Mutex<Task<Void, Never>?>(nil)
    private let issued = Mutex<[String: Task<Credential, any Error>]>([:])

    package init(_ installation: Installation, trustDomain: String, in folder: String) async throws
    {
        self.folder = folder
        self.trustDomain = trustDomain
        tool = installation.authorityTool
        try await run("init", ["--dir", "\(folder)/ca", "--trust-domain", trustDomain])
    }

    /// Runs `ca COMMAND`, one command after the other: the tool refuses a second at once.
    @discardableResult
    package func run(_ command: String, _ arguments: [String]) async throws -> Command.Outcome {
        let command = Command(
            tool,
            [command] + arguments,
            environment: ["CITYSYNC_CA_PASSPHRASE": passphrase]
        )
        let task = latest.withLock { latest in
            let before = latest
            let task = Task {
                await before?.value
                return try await command.succeed()
            }
            latest = Task { _ = await task.result }
            return task
        }
        return try await task.value
    }

    /// A good certificate and key of a member, made at the first call.
    package func credential(of code: String) async throws -> Credential {
        let task = issued.withLock { issued in
            if let task = issued[code] { return task }
            let task = Task { try await self.issue(to: code, named: code) }
            issued[code] = task
            return task
        }
        return try await task.value
    }

    /// A new key and certificate; `options` go to `ca issue` (`--not-after` and the like).
    package func issue(
        to code: String,
        named name: String,
        options: [String] = []
    ) async throws -> Credential {
        let out = "\(folder)/issued/\(name)"
        let domain = ["--trust-domain", trustDomain]
        try await run("request", [code, "--out", out] + domain)
        let credential = Credential(certificate: "\(out)/node.pem", key: "\(out)/node.key")
        let files = ["--request", "\(out)/node.csr", "--out", credential.certificate]
        try await run("issue", [code, "--dir", "\(folder)/ca"] + files + options)
        return credential
    }

    package func revoke(_ codeOrSerial: String) async throws {
        try await run("revoke", [codeOrSerial, "--dir", "\(folder)/ca"])
    }

    /// Writes the list of what is revoked now; `options` go to `ca crl`.
    package func writeRevocations(to path: String, options: [String] = []) async throws {
        try await run("crl", ["--dir", "\(folder)/ca", "--out", path] + options)
    }
}
