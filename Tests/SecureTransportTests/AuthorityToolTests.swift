import AllianceModel
import Foundation
import SecureTransport
import Testing

/// `Certs/ca` as an operator meets it.
struct AuthorityToolTests {
    private let folder: URL
    private typealias Usage = (arguments: [String], status: Int32)

    private static let usages: [Usage] = [
        ([], 64), (["frobnicate"], 64), (["issue", "12"], 64), (["issue", "035010"], 64),
        (["init", "--dir", "x", "--trust-domain", "Not A Domain"], 64),
        (["crl", "--bogus", "x"], 64), (["crl", "--dir"], 64), (["crl", "--dir", "nowhere"], 1),
        (["--help"], 0), (["issue", "--help"], 0),
    ]
    private static let domain = "fuzhou-metro.example"

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("citysync-ca-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        TestFolders.removeAtExit(folder)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func ca(
        _ arguments: [String],
        passphrase: String? = TestAlliance.passphrase
    ) throws -> Command.Outcome {
        try Command.outcome(
            Command.authority,
            arguments,
            environment: Command.environment(passphrase)
        )
    }

    private func mode(_ name: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
        return attributes[.posixPermissions] as? Int
    }

    private func begin() throws {
        let domain = Self.domain
        #expect(try ca(["init", "--dir", path("ca"), "--trust-domain", domain]).status == 0)
        let request = ["request", "350100", "--out", path("node"), "--trust-domain", domain]
        #expect(try ca(request).status == 0)
    }

    private var issue: [String] {
        [
            "issue", "350100", "--dir", path("ca"), "--request", path("node/node.csr"), "--out",
            path("node/node.pem"),
        ]
    }

    @Test func `keys are closed to others, and the authority's is encrypted`() throws {
        try begin()
        #expect(try mode("ca/ca.key") == 0o600)
        #expect(try mode("node/node.key") == 0o600)
        #expect(try mode("ca") == 0o700)
        let key = try String(contentsOfFile: path("ca/ca.key"), encoding: .utf8)
        #expect(key.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
    }

    @Test func `the list tells valid, expired and revoked apart`() throws {
        try begin()
        #expect(try ca(issue).status == 0)
        let past = ["--not-before", "2020-01-01T00:00:00Z", "--not-after", "2021-01-01T00:00:00Z"]
        #expect(try ca(issue + past).status == 0)
        #expect(try ca(issue).status == 0)
        func states() throws -> [String] {
            try ca(["list", "--dir", path("ca")]).output.split(separator: "\n").dropFirst()
                .compactMap { $0.split(separator: " ").first.map(String.init) }
        }
        #expect(try states() == ["valid", "expired", "valid"])
        #expect(try ca(["revoke", "350100", "--dir", path("ca")]).status == 0)
        #expect(try states() == ["revoked", "revoked", "revoked"])
        let again = try ca(["revoke", "350100", "--dir", path("ca")])
        #expect(again.status == 1)
        #expect(again.errors.contains("no valid certificate of 350100"))
        #expect(try ca(["renew", "350100", "--dir", path("ca"), "--out", path("x")]).status == 1)
    }

    /// What a request asks for beside its key does not count: a node that asks for another's name,
    /// or to be an authority, gets its own.
    @Test func `extensions of the request are ignored`() throws {
        try begin()
        let profile = """
            [req]
            prompt = no
            distinguished_name = name
            req_extensions = asked
            [name]
            CN = 350700
            [asked]
            basicConstraints = critical, CA:TRUE
            subjectAltName = URI:spiffe://\(Self.domain)/member/350700

            """
        try profile.write(toFile: path("profile"), atomically: true, encoding: .utf8)
        try Command.run(
            "/usr/bin/env",
            [
                "openssl", "req", "-new", "-config", path("profile"), "-key",
                path("node/node.key"), "-out", path("node/node.csr"),
            ]
        )
        #expect(try ca(issue).status == 0)
        let text = try Command.run(
            "/usr/bin/env",
            ["openssl", "x509", "-in", path("node/node.pem"), "-noout", "-text"]
        )
        #expect(text.contains("Subject: CN = 350100"))
        #expect(text.contains("URI:spiffe://\(Self.domain)/member/350100\n"))
        #expect(text.contains("CA:FALSE"))
        #expect(!text.contains("350700"))
    }

    @Test func `a wrong passphrase changes nothing and says so`() throws {
        try begin()
        let outcome = try ca(issue, passphrase: "not this one")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("remedy: see what openssl said above; is the passphrase"))
        #expect(!FileManager.default.fileExists(atPath: path("node/node.pem")))
        #expect(try ca(["list", "--dir", path("ca")]).output.split(separator: "\n").count == 1)
        let left = try FileManager.default.contentsOfDirectory(atPath: path("ca"))
        #expect(left.allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func `a passphrase file that others can read is refused`() throws {
        try begin()
        let file = path("passphrase")
        try "\(TestAlliance.passphrase)\n".write(toFile: file, atomically: true, encoding: .utf8)
        var environment = Command.environment(nil)
        environment["CITYSYNC_CA_PASSPHRASE_FILE"] = file
        for (mode, status) in [(0o644, Int32(1)), (0o600, 0)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            let outcome = try Command.outcome(Command.authority, issue, environment: environment)
            #expect(outcome.status == status)
            if status == 1 { #expect(outcome.errors.contains("chmod 600 \(file)")) }
        }
    }

    @Test func `no key is ever overwritten`() throws {
        try begin()
        let before = try String(contentsOfFile: path("node/node.key"), encoding: .utf8)
        let request = [
            "request", "350100", "--out", path("node"), "--trust-domain", Self.domain,
        ]
        #expect(try ca(request).status == 1)
        #expect(try ca(request + ["--reuse-key"]).status == 0)
        #expect(try String(contentsOfFile: path("node/node.key"), encoding: .utf8) == before)
        let again = try ca(["init", "--dir", path("ca"), "--trust-domain", Self.domain])
        #expect(again.status == 1)
        #expect(again.errors.contains("already holds an authority"))
    }

    @Test func `the tool is clean POSIX shell`() throws {
        let verdict = try Command.outcome(
            "/usr/bin/env",
            ["shellcheck", "--shell=sh", Command.authority],
            environment: Command.environment(nil)
        )
        #expect(verdict.status == 0, "\(verdict.output)\(verdict.errors)")
    }

    @Test(arguments: usages)
    func `wrong usage is told with a remedy and its own exit status`(
        arguments: [String],
        status: Int32
    ) throws {
        let outcome = try ca(arguments)
        #expect(outcome.status == status)
        if status == 0 {
            #expect(outcome.output.contains("ca issue CODE --dir D --request FILE --out FILE"))
        } else if !arguments.isEmpty {
            #expect(outcome.errors.contains("remedy: "))
        }
    }
}
