import AllianceModel
import COpenSSL
import SecureTransport
import Testing

/// A peer's certificate that is refused, with the reason that the judging side gives.
struct BadCertificate: Sendable, CustomTestStringConvertible {
    let name: String
    let reason: RefusalReason
    /// The alert that the refused side sees (RFC 8446, section 6.2).
    let alert: UInt8

    var testDescription: String { "\(name): \(reason.code)" }

    static let common = [
        BadCertificate(name: "stranger", reason: .authorityUnknown, alert: 48),
        BadCertificate(name: "expired", reason: .expired, alert: 45),
        BadCertificate(name: "not-yet", reason: .notYetValid, alert: 42),
        BadCertificate(name: "revoked", reason: .revoked, alert: 44),
        BadCertificate(name: "no-purpose", reason: .purposeWrong, alert: 43),
        BadCertificate(name: "no-san", reason: .identityMissing, alert: 42),
        BadCertificate(name: "dns-only", reason: .identityMissing, alert: 42),
        BadCertificate(name: "two-sans", reason: .identityAmbiguous, alert: 42),
        BadCertificate(name: "wrong-path", reason: .identityForeign, alert: 42),
        BadCertificate(name: "wrong-case", reason: .identityForeign, alert: 42),
        BadCertificate(name: "wrong-domain", reason: .identityForeign, alert: 42),
        BadCertificate(name: "longer-code", reason: .identityForeign, alert: 42),
        BadCertificate(name: "350900", reason: .memberUnknown("350900"), alert: 42),
    ]
    static let asClient =
        common + [BadCertificate(name: "server-only", reason: .purposeWrong, alert: 43)]
    static let asServer =
        common + [
            BadCertificate(name: "client-only", reason: .purposeWrong, alert: 43),
            BadCertificate(name: "350700", reason: .memberUnexpected("350700"), alert: 42),
        ]
}

struct RefusalTests {
    private let alliance: TestAlliance

    init() throws {
        alliance = try TestAlliance.shared.get()
    }

    private func server(
        revocations: String = "ca.crl",
        authority: String = "ca/ca.pem"
    ) throws
        -> TLSEngine
    {
        try TLSEngine(
            credentials: alliance.credentials(
                "350100",
                authority: authority,
                revocations: revocations
            ),
            policy: .roster(),
            nowUnixSeconds: EnginePair.now
        )
    }

    private func client(
        revocations: String = "ca.crl",
        expecting: String = "350300"
    ) throws
        -> TLSEngine
    {
        try TLSEngine(
            credentials: alliance.credentials("350100", revocations: revocations),
            policy: .roster(expecting: expecting),
            nowUnixSeconds: EnginePair.now
        )
    }

    private func settings(_ name: String?) -> RawPeer.Settings {
        RawPeer.Settings(
            certificate: name.map { alliance.path("\($0)/node.pem") },
            key: name.map { alliance.path("\($0)/node.key") }
        )
    }

    private func run(
        _ engine: TLSEngine,
        _ part: RawPeer.Part,
        _ settings: RawPeer.Settings
    ) throws
        -> RawPair
    {
        var pair = RawPair(engine: engine, raw: try RawPeer(part, settings))
        pair.run()
        return pair
    }

    // MARK: The control

    @Test func `a good certificate connects to the same server, and its bytes arrive`() throws {
        let pair = try run(server(), .client, settings("350300"))
        #expect(pair.engine.peer?.member == MemberCode("350300"))
        #expect(pair.engine.peer?.part == .client)
        #expect(pair.received == EnginePair.hello)
    }

    @Test func `a good certificate connects to the same client, and its bytes arrive`() throws {
        let pair = try run(client(), .server, settings("350300"))
        #expect(pair.engine.peer?.member == MemberCode("350300"))
        #expect(pair.engine.peer?.part == .server)
        #expect(pair.received == EnginePair.hello)
    }

    // MARK: Certificates

    /// The refused client has finished its own handshake and has sent its bytes by then; it learns
    /// of the refusal by the alert, and no byte of it is decrypted.
    @Test(arguments: BadCertificate.asClient)
    func `a server refuses a client's bad certificate for its very reason`(
        bad: BadCertificate
    ) throws {
        let pair = try run(server(), .client, settings(bad.name))
        #expect(pair.engine.refusal == bad.reason)
        #expect(pair.received.isEmpty)
        #expect(pair.raw.isDone)
        #expect(pair.raw.alert == bad.alert)
        #expect(pair.raw.received.isEmpty)
    }

    @Test(arguments: BadCertificate.asServer)
    func `a client refuses a server's bad certificate for its very reason`(
        bad: BadCertificate
    ) throws {
        let pair = try run(client(), .server, settings(bad.name))
        #expect(pair.engine.refusal == bad.reason)
        #expect(pair.received.isEmpty)
        #expect(!pair.raw.isDone)
        #expect(pair.raw.alert == bad.alert)
    }

    @Test func `a client without a certificate is refused`() throws {
        let pair = try run(server(), .client, settings(nil))
        #expect(pair.engine.refusal == .noCertificate)
        #expect(pair.received.isEmpty)
        #expect(pair.raw.alert == 116)
    }

    @Test func `a server without a certificate cannot even begin`() throws {
        let pair = try run(client(), .server, settings(nil))
        // OpenSSL without a key can offer no TLS 1.3 at all, and says so.
        #expect(pair.engine.refusal == .alert(70))
        #expect(pair.received.isEmpty)
        #expect(pair.raw.hasFailed)
    }

    // MARK: Versions and application protocols

    @Test func `a client that speaks TLS 1.2 is refused`() throws {
        var old = settings("350300")
        old.version = TLS1_2_VERSION
        let pair = try run(server(), .client, old)
        #expect(pair.engine.refusal == .protocolVersion)
        #expect(pair.received.isEmpty)
        #expect(pair.raw.alert == 70)
    }

    @Test func `a server that speaks TLS 1.2 only refuses our offer itself`() throws {
        var old = settings("350300")
        old.version = TLS1_2_VERSION
        let pair = try run(client(), .server, old)
        #expect(pair.engine.refusal == .alert(70))
        #expect(pair.received.isEmpty)
    }

    @Test func `a server that answers in TLS 1.2 all the same is refused`() throws {
        let engine = try client()
        engine.start()
        // ServerHello: legacy version 3.3, random, no session, ECDHE-ECDSA-AES128-GCM, no
        // compression, no extension that would say 1.3.
        let body: Bytes =
            [3, 3] + Bytes(repeating: 7, count: 32) + [0, 0xc0, 0x2b, 0] + [0, 0]
        let message: Bytes = [2, 0, 0, UInt8(body.count)] + body
        engine.feed([22, 3, 3, 0, UInt8(message.count)] + message)
        #expect(engine.refusal == .protocolVersion)
    }

    @Test(arguments: [
        (nil, RefusalReason.alpnMissing), ("http/1.1", .alpnWrong), ("citysync/10", .alpnWrong),
    ])
    func `a client with another application protocol is refused`(
        name: String?,
        reason: RefusalReason
    ) throws {
        var foreign = settings("350300")
        foreign.applicationProtocol = name
        let pair = try run(server(), .client, foreign)
        #expect(pair.engine.refusal == reason)
        #expect(pair.received.isEmpty)
        #expect(pair.raw.alert == 120)
    }

    @Test(arguments: [(nil, RefusalReason.alpnMissing), ("http/1.1", .alpnWrong)])
    func `a server with another application protocol is refused`(
        name: String?,
        reason: RefusalReason
    ) throws {
        var foreign = settings("350300")
        foreign.applicationProtocol = name
        let pair = try run(client(), .server, foreign)
        #expect(pair.engine.refusal == reason)
        #expect(pair.received.isEmpty)
        #expect(pair.raw.hasFailed)
    }

    // MARK: Revocation lists

    @Test(arguments: [
        ("stale.crl", RefusalReason.crlExpired), ("early.crl", .crlNotYetValid),
        ("other.crl", .crlMissing),
    ])
    func `without a revocation list in time even a good certificate is refused`(
        list: String,
        reason: RefusalReason
    ) throws {
        let accepted = try run(server(revocations: list), .client, settings("350300"))
        #expect(accepted.engine.refusal == reason)
        #expect(accepted.received.isEmpty)
        let dialled = try run(client(revocations: list), .server, settings("350300"))
        #expect(dialled.engine.refusal == reason)
        #expect(dialled.received.isEmpty)
    }

    @Test func `a certificate counts until the list that revokes it is here`() throws {
        let before = try run(server(revocations: "before.crl"), .client, settings("revoked"))
        #expect(before.engine.peer?.member == MemberCode("350300"))
    }

    @Test func `a list that runs out later refuses from that moment on`() throws {
        let credentials = try alliance.credentials("350100")
        let end = try #require(credentials.revocationsNextUpdateUnixSeconds)
        for (moment, reason) in [(end - 1, nil), (end + 1, RefusalReason.crlExpired)] {
            let engine = try TLSEngine(
                credentials: credentials,
                policy: .roster(),
                nowUnixSeconds: moment
            )
            let pair = try run(engine, .client, settings("350300"))
            #expect(pair.engine.refusal == reason)
        }
    }

    // MARK: Reasons

    @Test func `every refusal that was judged here says so, and what came from the peer does not`()
    {
        #expect(RefusalReason.revoked.wasJudgedHere)
        #expect(!RefusalReason.alert(48).wasJudgedHere)
        #expect(!RefusalReason.peerClosed.wasJudgedHere)
        #expect(RefusalReason.alert(48).description == "alert (unknown_ca)")
        #expect(RefusalReason.memberUnknown("350900").claimedMember == "350900")
    }
}
