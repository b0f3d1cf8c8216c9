import AllianceModel
import Foundation
import SecureTransport
import Testing

struct CredentialsTests {
    private let alliance: TestAlliance

    init() throws {
        alliance = try TestAlliance.shared.get()
    }

    /// A folder with copies of a member's files, which a test may spoil.
    private func copy(of name: String) throws -> URL {
        let folder = alliance.folder.appendingPathComponent(UUID().uuidString)
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let sources = ["\(name)/node.pem", "\(name)/node.key", "ca/ca.pem", "ca.crl"]
        for source in sources {
            let target = folder.appendingPathComponent(
                URL(fileURLWithPath: source).lastPathComponent
            )
            try files.copyItem(atPath: alliance.path(source), toPath: target.path)
        }
        return folder
    }

    private func files(in folder: URL) -> CredentialFiles {
        CredentialFiles(
            certificate: folder.appendingPathComponent("node.pem").path,
            key: folder.appendingPathComponent("node.key").path,
            authority: folder.appendingPathComponent("ca.pem").path,
            revocations: folder.appendingPathComponent("ca.crl").path
        )
    }

    private func failure(in folder: URL, member: MemberCode? = nil) -> CredentialsError? {
        do throws(CredentialsError) {
            _ = try Credentials.load(
                files(in: folder),
                trustDomain: TestAlliance.trustDomain,
                member: member
            )
            return nil
        } catch {
            return error
        }
    }

    // MARK: Loading

    @Test func `a member's files are read and say who it is`() throws {
        let credentials = try alliance.credentials("350100")
        #expect(credentials.member == MemberCode("350100"))
        let days = (credentials.notAfterUnixSeconds - WallClock.seconds + 43_200) / 86_400
        #expect(days == 398)
        let update = try #require(credentials.revocationsNextUpdateUnixSeconds)
        #expect((update - WallClock.seconds + 43_200) / 86_400 == 30)
    }

    @Test func `an expired certificate is loaded, so that the node can say so`() throws {
        let credentials = try alliance.credentials("expired")
        #expect(credentials.notAfterUnixSeconds < WallClock.seconds)
    }

    @Test(arguments: [0o640, 0o604, 0o644])
    func `a key that others can read is refused with the remedy`(mode: Int) throws {
        let folder = try copy(of: "350100")
        let key = files(in: folder).key
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
        let error = try #require(failure(in: folder))
        #expect(error == .keyReadableByOthers(file: key, mode: UInt32(mode)))
        #expect(error.remedy == "chmod 600 \(key)")
    }

    @Test(arguments: ["node.pem", "node.key", "ca.pem", "ca.crl"])
    func `a file that is missing or holds something else is named`(name: String) throws {
        let folder = try copy(of: "350100")
        let file = folder.appendingPathComponent(name)
        try FileManager.default.removeItem(at: file)
        guard case .unreadable(file.path, 2, _) = failure(in: folder) else {
            Issue.record("a missing \(name) is not named")
            return
        }
        for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            #expect(
                FileManager.default.createFile(
                    atPath: file.path,
                    contents: Data(text.utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            )
            guard case .malformed(file.path, _) = failure(in: folder) else {
                Issue.record("a spoilt \(name) is not named")
                return
            }
        }
    }

    @Test func `another's key, member, authority or name is refused`() throws {
        let mixed = try copy(of: "350100")
        try replace("node.key", in: mixed, by: "350300/node.key")
        #expect(
            failure(in: mixed)
                == .keyOfAnother(
                    key: files(in: mixed).key,
                    certificate: files(in: mixed).certificate
                )
        )

        let other = try #require(MemberCode("350700"))
        let whole = try copy(of: "350100")
        #expect(
            failure(in: whole, member: other)
                == .memberDiffers(
                    file: files(in: whole).certificate,
                    named: "350100",
                    configured: "350700"
                )
        )

        let strange = try copy(of: "stranger")
        guard case .issuerMissing(_, _, .authorityUnknown) = failure(in: strange) else {
            Issue.record("a certificate of another authority is taken")
            return
        }
        let double = try copy(of: "two-sans")
        guard case .identity(_, .identityAmbiguous, _) = failure(in: double) else {
            Issue.record("a certificate with two names is taken")
            return
        }
    }

    @Test func `a revocation list under the authority's name that it did not sign is refused`()
        throws
    {
        let folder = try copy(of: "350100")
        let list = files(in: folder).revocations
        let text = try String(contentsOfFile: list, encoding: .utf8)
        var lines = text.split(separator: "\n").map(String.init)
        let body = lines.filter { !$0.hasPrefix("-") }.joined()
        var der = try #require(Data(base64Encoded: body))
        // The last byte is the end of the signature.
        der[der.count - 1] ^= 1
        lines = [
            "-----BEGIN X509 CRL-----", der.base64EncodedString(), "-----END X509 CRL-----", "",
        ]
        try lines.joined(separator: "\n").write(toFile: list, atomically: true, encoding: .utf8)
        #expect(
            failure(in: folder)
                == .revocationsForged(file: list, authority: files(in: folder).authority)
        )
    }

    private func replace(_ name: String, in folder: URL, by source: String) throws {
        let target = folder.appendingPathComponent(name)
        try FileManager.default.removeItem(at: target)
        try FileManager.default.copyItem(atPath: alliance.path(source), toPath: target.path)
    }

    // MARK: Reload

    @Test func `a reloaded list ends the sessions of those it revokes, and of no others`() throws {
        let members = PeerPolicy.roster().members
        var pair = try EnginePair(
            client: alliance.credentials("350100", revocations: "before.crl"),
            server: alliance.credentials("revoked", revocations: "before.crl")
        )
        pair.run()
        let peer = try #require(pair.client.peer)
        let now = EnginePair.now
        let before = try alliance.credentials("350100", revocations: "before.crl")
        let after = try alliance.credentials("350100")
        #expect(before.judge(peer, members: members, nowUnixSeconds: now) == nil)
        #expect(after.judge(peer, members: members, nowUnixSeconds: now) == .revoked)

        let good = try #require(try openPeer("350300"))
        #expect(after.judge(good, members: members, nowUnixSeconds: now) == nil)
        #expect(
            after.judge(good, members: [], nowUnixSeconds: now) == .memberUnknown("350300")
        )
        let later = good.notAfterUnixSeconds + 1
        #expect(after.judge(good, members: members, nowUnixSeconds: later) == .crlExpired)
    }

    private func openPeer(_ name: String) throws -> PeerIdentity? {
        var pair = try EnginePair(
            client: alliance.credentials("350100"),
            server: alliance.credentials(name)
        )
        pair.run()
        return pair.client.peer
    }

    @Test func `while two authorities hold, members of either connect`() throws {
        let old = try alliance.credentials(
            "350100",
            authority: "both.pem",
            revocations: "both.crl"
        )
        let new = try alliance.credentials(
            "stranger",
            authority: "both.pem",
            revocations: "both.crl"
        )
        var pair = try EnginePair(client: old, server: new)
        pair.run()
        #expect(pair.client.peer?.member == MemberCode("350300"))
        #expect(pair.serverReceived == EnginePair.hello)
        #expect(old.revocationsNextUpdateUnixSeconds != nil)

        let half = try alliance.credentials("350100", authority: "both.pem")
        var refused = try EnginePair(client: half, server: new)
        refused.run()
        #expect(refused.client.refusal == .crlMissing)
        #expect(half.revocationsNextUpdateUnixSeconds == nil)
    }

    @Test func `a renewed certificate of the same member connects beside the old one`() throws {
        try alliance.ca(
            "renew",
            "350300",
            "--dir",
            alliance.path("ca"),
            "--out",
            alliance.path("renewed.pem"),
            "--request",
            alliance.path("350300/node.csr")
        )
        let files = CredentialFiles(
            certificate: alliance.path("renewed.pem"),
            key: alliance.path("350300/node.key"),
            authority: alliance.path("ca/ca.pem"),
            revocations: alliance.path("ca.crl")
        )
        let renewed = try Credentials.load(files, trustDomain: TestAlliance.trustDomain)
        let old = try alliance.credentials("350300")
        #expect(renewed.certificate.fingerprint != old.certificate.fingerprint)
        for credentials in [old, renewed] {
            var pair = try EnginePair(
                client: alliance.credentials("350100"),
                server: credentials
            )
            pair.run()
            #expect(pair.clientReceived == EnginePair.hello)
        }
    }
}
