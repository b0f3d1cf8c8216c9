import ClusterHarness
import Foundation

/// Credentials that a node must refuse, each for its own reason, and good ones beside them.
struct Strangers: Sendable {
    /// Whose place the strangers take: a member of the roster that does not run.
    static let impersonated = Member.putian

    struct Stranger: Sendable, CustomStringConvertible {
        var name: String
        var credential: CertificateAuthority.Credential?
        /// What the node must say when the stranger calls it; nil: not tried that way.
        var reasonAsClient: String?
        /// What the node must say when it has called the stranger.
        var reasonAsServer: String?
        /// What the stranger's own openssl says, where it is the one who judged as a server.
        var wordsAsServer: String?
        var options: [String] = ["-alpn", "citysync/1", "-tls1_3"]
        var description: String { name }
    }

    var all: [Stranger]
    var good: Stranger

    private let authority: CertificateAuthority

    init(_ authority: CertificateAuthority, other: CertificateAuthority) async throws {
        self.authority = authority
        good = Stranger(
            name: "good",
            credential: try await authority.credential(of: Strangers.impersonated.code)
        )
        all = []
        try await addIssued(other)
        try await addCrafted()
        // OpenSSL without a certificate can offer no TLS 1.3 at all, and says so.
        all.append(
            Stranger(
                name: "no certificate",
                reasonAsClient: "no_certificate",
                reasonAsServer: "alert",
                wordsAsServer: "unsupported protocol"
            )
        )
        var old = good
        old.name = "TLS 1.2"
        old.options = ["-alpn", "citysync/1", "-tls1_2"]
        old.reasonAsClient = "protocol_version"
        // The server that knows no 1.3 refuses: this side learns its alert.
        old.reasonAsServer = "alert"
        old.wordsAsServer = "unsupported protocol"
        all.append(old)
        var foreign = good
        foreign.name = "another protocol"
        foreign.options = ["-alpn", "http/1.1", "-tls1_3"]
        foreign.reasonAsClient = "alpn_wrong"
        // Likewise: it finds no protocol in common and says so.
        foreign.reasonAsServer = "alert"
        foreign.wordsAsServer = "no application protocol"
        all.append(foreign)
        var silent = good
        silent.name = "no protocol"
        silent.options = ["-tls1_3"]
        silent.reasonAsClient = "alpn_missing"
        silent.reasonAsServer = "alpn_missing"
        all.append(silent)
    }

    private mutating func add(
        _ name: String,
        _ credential: CertificateAuthority.Credential,
        client: String?,
        server: String?
    ) {
        all.append(
            Stranger(
                name: name,
                credential: credential,
                reasonAsClient: client,
                reasonAsServer: server
            )
        )
    }

    /// What the authority's own tool makes.
    private mutating func addIssued(_ other: CertificateAuthority) async throws {
        let code = Strangers.impersonated.code
        let foreign = try await other.issue(to: code, named: "foreign")
        add("another authority", foreign, client: "authority_unknown", server: "authority_unknown")
        let expired = try await authority.issue(
            to: code,
            named: "expired",
            options: [
                "--not-before", "2026-01-01T00:00:00Z", "--not-after", "2026-02-01T00:00:00Z",
            ]
        )
        add("expired", expired, client: "expired", server: "expired")
        let early = try await authority.issue(
            to: code,
            named: "early",
            options: [
                "--not-before", "2035-01-01T00:00:00Z", "--not-after", "2036-01-01T00:00:00Z",
            ]
        )
        add("not yet valid", early, client: "not_yet_valid", server: "not_yet_valid")
        let revoked = try await authority.issue(to: code, named: "revoked")
        try await authority.revoke(try await authority.serial(of: revoked))
        add("revoked", revoked, client: "revoked", server: "revoked")
        let outsider = try await authority.issue(to: "350500", named: "outsider")
        add("no member", outsider, client: "member_unknown", server: "member_unknown")
        // A good member, but not the one that was called.
        let other = try await authority.credential(of: Member.ningde.code)
        add("another member", other, client: nil, server: "member_unexpected")
    }

    /// What only openssl makes.
    private mutating func addCrafted() async throws {
        let uri = "URI:spiffe://\(authority.trustDomain)/member"
        let both = "extendedKeyUsage = serverAuth, clientAuth"
        let name = "subjectAltName = \(uri)/\(Strangers.impersonated.code)"
        let server = try await authority.craft(
            named: "server-only",
            extensions: "extendedKeyUsage = serverAuth\n\(name)"
        )
        add("for servers only", server, client: "purpose_wrong", server: nil)
        let client = try await authority.craft(
            named: "client-only",
            extensions: "extendedKeyUsage = clientAuth\n\(name)"
        )
        add("for clients only", client, client: nil, server: "purpose_wrong")
        let none = try await authority.craft(
            named: "no-san",
            extensions: "\(both)\nsubjectAltName = DNS:putian.example"
        )
        add("no identity", none, client: "identity_missing", server: "identity_missing")
        let two = try await authority.craft(
            named: "two-sans",
            extensions: "\(both)\n\(name), \(uri)/350900"
        )
        add("two identities", two, client: "identity_ambiguous", server: "identity_ambiguous")
        let wrong = try await authority.craft(
            named: "wrong-san",
            extensions:
                "\(both)\nsubjectAltName = URI:spiffe://\(authority.trustDomain)/node/350300"
        )
        add("a wrong identity", wrong, client: "identity_foreign", server: "identity_foreign")
    }
}

extension Strangers.Stranger {
    private var files: [String] {
        guard let credential else { return [] }
        return ["-cert", credential.certificate, "-key", credential.key]
    }

    struct Served {
        /// What callers sent.
        var received: [UInt8]
        /// What openssl said on standard error.
        var said: String
    }

    /// Calls a node, sends `bytes`, and stays until the node closes; the output is what it sent.
    func call(
        port: Int,
        sending bytes: [UInt8] = [],
        seconds: Int = 10
    ) async throws
        -> Command.Outcome
    {
        let arguments = [
            "\(seconds)", "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)",
        ]
        return try await Command("timeout", arguments + files + options, input: bytes).run()
    }

    /// Answers calls at `port` until `body` ends.
    func serve(
        port: Int,
        authority: CertificateAuthority,
        _ body: () async throws -> Void
    )
        async throws -> Served
    {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (received, errors) = ("\(folder)/received", "\(folder)/errors")
        let arguments = [
            "s_server", "-quiet", "-accept", "127.0.0.1:\(port)", "-Verify", "1",
            "-CAfile", authority.certificate,
        ]
        // Its input must stay open, or it ends with the first connection.
        let server = try ChildProcess(
            "sh",
            ["-c", "sleep 600 | exec openssl \"$@\"", "sh"] + arguments
                + (credential == nil ? ["-nocert"] : files) + options,
            environment: Command.environment(),
            output: .file(received),
            errors: .file(errors)
        )
        defer { server.sendToGroup(signal: 9) }
        try await body()
        server.sendToGroup(signal: 9)
        _ = await server.waitForExit()
        func contents(_ path: String) -> [UInt8] {
            [UInt8](FileManager.default.contents(atPath: path) ?? Data())
        }
        return Served(
            received: contents(received),
            said: String(decoding: contents(errors), as: UTF8.self)
        )
    }
}
