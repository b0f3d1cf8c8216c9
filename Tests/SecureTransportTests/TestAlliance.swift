import AllianceModel
import Foundation
import SecureTransport

/// Certificates of every kind, good and bad, made once per run: the good ones by `Certs/ca`, those
/// that it would never issue by openssl under the same authority.
struct TestAlliance: Sendable {
    static let shared = Result { try TestAlliance() }

    static let trustDomain: Text = "fuzhou-metro.example"
    static let passphrase = "correct horse battery"

    /// Certificates that `Certs/ca` would not issue, by the extensions that they have.
    private static let extensions: [String: String] = [
        "server-only": san("350300") + "\nextendedKeyUsage = serverAuth",
        "client-only": san("350300") + "\nextendedKeyUsage = clientAuth",
        "no-purpose": san("350300"),
        "no-san": both,
        "two-sans": """
        subjectAltName = URI:spiffe://fuzhou-metro.example/member/350300, \
        URI:spiffe://fuzhou-metro.example/member/350100
        """ + "\n" + both,
        "wrong-path": "subjectAltName = URI:spiffe://fuzhou-metro.example/node/350300\n" + both,
        "wrong-case": "subjectAltName = URI:SPIFFE://fuzhou-metro.example/member/350300\n" + both,
        "wrong-domain": "subjectAltName = URI:spiffe://other.example/member/350300\n" + both,
        "longer-code": "subjectAltName = URI:spiffe://fuzhou-metro.example/member/3503001\n" + both,
        "dns-only": "subjectAltName = DNS:350300\n" + both,
    ]
    private static let both = "extendedKeyUsage = serverAuth, clientAuth"

    let folder: URL

    private static func san(_ code: String) -> String {
        "subjectAltName = URI:spiffe://fuzhou-metro.example/member/\(code)"
    }

    private init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("citysync-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        TestFolders.removeAtExit(folder)
        for authority in ["ca", "other-ca"] {
            try ca("init", "--dir", path(authority), "--trust-domain", "\(Self.trustDomain)")
        }
        for code in ["350100", "350300", "350700", "350900"] { try member(code, as: code) }
        try member("350300", as: "expired", from: "2020-01-01", until: "2021-01-01")
        try member("350300", as: "not-yet", from: "2034-01-01", until: "2035-01-01")
        try member("350300", as: "revoked")
        try member("350300", as: "stranger", authority: "other-ca")
        for (name, text) in Self.extensions { try misissue(name, text) }
        let serial = try serial(of: path("revoked/node.pem"))
        try ca("crl", "--dir", path("ca"), "--out", path("before.crl"))
        try ca("revoke", serial, "--dir", path("ca"), "--reason", "keyCompromise")
        try ca("crl", "--dir", path("ca"), "--out", path("ca.crl"))
        try ca("crl", "--dir", path("other-ca"), "--out", path("other.crl"))
        try ca(
            "crl",
            "--dir",
            path("ca"),
            "--out",
            path("stale.crl"),
            "--last-update",
            "2024-01-01T00:00:00Z",
            "--next-update",
            "2024-02-01T00:00:00Z"
        )
        try ca(
            "crl",
            "--dir",
            path("ca"),
            "--out",
            path("early.crl"),
            "--last-update",
            "2034-01-01T00:00:00Z",
            "--next-update",
            "2034-02-01T00:00:00Z"
        )
        try join(["ca/ca.pem", "other-ca/ca.pem"], as: "both.pem")
        try join(["ca.crl", "other.crl"], as: "both.crl")
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// What a node of that folder's certificate would be configured with.
    func files(
        _ name: String,
        authority: String = "ca/ca.pem",
        revocations: String = "ca.crl"
    ) -> CredentialFiles {
        CredentialFiles(
            certificate: path("\(name)/node.pem"),
            key: path("\(name)/node.key"),
            authority: path(authority),
            revocations: path(revocations)
        )
    }

    func credentials(
        _ name: String,
        authority: String = "ca/ca.pem",
        revocations: String = "ca.crl"
    ) throws -> Credentials {
        try Credentials.load(
            files(name, authority: authority, revocations: revocations),
            trustDomain: Self.trustDomain
        )
    }

    /// The one certificate of a folder, in DER.
    func certificateDER(_ name: String) throws -> Bytes {
        let text = try String(contentsOfFile: path("\(name)/node.pem"), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        guard let data = Data(base64Encoded: lines.joined()) else {
            throw CommandFailure(text: "\(name) is not PEM")
        }
        return Bytes(data)
    }

    @discardableResult
    func ca(_ arguments: String...) throws -> String {
        try Command.run(Command.authority, arguments, passphrase: Self.passphrase)
    }

    func member(
        _ code: String,
        as name: String,
        authority: String = "ca",
        from: String? = nil,
        until: String? = nil
    ) throws {
        let domain = "\(Self.trustDomain)"
        try ca("request", code, "--out", path(name), "--trust-domain", domain)
        var arguments = [
            "issue", code, "--dir", path(authority), "--request", path("\(name)/node.csr"),
            "--out", path("\(name)/node.pem"),
        ]
        if let from { arguments += ["--not-before", "\(from)T00:00:00Z"] }
        if let until { arguments += ["--not-after", "\(until)T00:00:00Z"] }
        try Command.run(Command.authority, arguments, passphrase: Self.passphrase)
    }

    func serial(of certificate: String) throws -> String {
        try Command.run(
            "/usr/bin/env",
            ["openssl", "x509", "-in", certificate, "-noout", "-serial"]
        ).split(separator: "=").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    }

    /// A certificate under the alliance's authority with extensions of our own choice.
    private func misissue(_ name: String, _ extensions: String) throws {
        try ca("request", "350300", "--out", path(name), "--trust-domain", "\(Self.trustDomain)")
        let profile = """
            basicConstraints = critical, CA:FALSE
            keyUsage = critical, digitalSignature
            subjectKeyIdentifier = hash
            authorityKeyIdentifier = keyid:always
            \(extensions)

            """
        try profile.write(toFile: path("\(name)/profile"), atomically: true, encoding: .utf8)
        try Command.run(
            "/usr/bin/env",
            [
                "openssl", "x509", "-req", "-sha256", "-days", "30",
                "-in", path("\(name)/node.csr"), "-out", path("\(name)/node.pem"),
                "-CA", path("ca/ca.pem"), "-CAkey", path("ca/ca.key"),
                "-passin", "pass:\(Self.passphrase)", "-extfile", path("\(name)/profile"),
            ]
        )
    }

    private func join(_ names: [String], as name: String) throws {
        let texts = try names.map { try String(contentsOfFile: path($0), encoding: .utf8) }
        try texts.joined().write(toFile: path(name), atomically: true, encoding: .utf8)
    }
}

extension PeerPolicy {
    /// The test alliance's roster.
    static func roster(expecting expected: String? = nil) -> PeerPolicy {
        let codes = ["350100", "350300", "350700", "330111-07"].compactMap { MemberCode($0) }
        return PeerPolicy(
            trustDomain: TestAlliance.trustDomain,
            members: Set(codes),
            expected: expected.flatMap { MemberCode($0) }
        )
    }
}
