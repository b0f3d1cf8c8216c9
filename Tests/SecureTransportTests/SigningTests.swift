import AllianceModel
import Foundation
import SecureTransport
import Testing

struct SigningTests {
    private let alliance: TestAlliance
    private let credentials: Credentials
    private let message = Bytes("citysync head".utf8)

    init() throws {
        alliance = try TestAlliance.shared.get()
        credentials = try alliance.credentials("350100")
    }

    @Test func `a signature is 64 bytes and holds for its message and key alone`() throws {
        let key = try #require(VerificationKey(certificateDER: credentials.certificate.der))
        let other = try #require(
            VerificationKey(certificateDER: try alliance.certificateDER("350300"))
        )
        // Each has a chance of 1 in 128 of a scalar with a leading zero: some of them do.
        for round in 0..<500 {
            let text = message + Bytes("\(round)".utf8)
            let signature = try credentials.signingKey.sign(text)
            #expect(signature.count == SigningKey.signatureByteCount)
            #expect(key.isValid(signature: signature, for: text))
            #expect(!key.isValid(signature: signature, for: text + [0]))
            #expect(!other.isValid(signature: signature, for: text))
        }
    }

    @Test func `each bit of a signature counts`() throws {
        let key = try #require(VerificationKey(certificateDER: credentials.certificate.der))
        let signature = try credentials.signingKey.sign(message)
        for bit in 0..<signature.count * 8 {
            var spoilt = signature
            spoilt[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.isValid(signature: spoilt, for: message))
        }
    }

    @Test(arguments: [0, 1, 63, 65, 72])
    func `a signature of another length is none`(count: Int) throws {
        let key = try #require(VerificationKey(certificateDER: credentials.certificate.der))
        #expect(!key.isValid(signature: Bytes(repeating: 1, count: count), for: message))
    }

    @Test func `zero and all-ones scalars are no signature`() throws {
        let key = try #require(VerificationKey(certificateDER: credentials.certificate.der))
        for byte in [UInt8(0), 0xff] {
            #expect(!key.isValid(signature: Bytes(repeating: byte, count: 64), for: message))
        }
    }

    @Test func `openssl verifies what was signed here`() throws {
        let signature = try credentials.signingKey.sign(message)
        let folder = alliance.folder.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func integer(_ scalar: ArraySlice<UInt8>) -> Bytes {
            var digits = Bytes(scalar.drop { $0 == 0 })
            if digits[0] >= 0x80 { digits.insert(0, at: 0) }
            return [2, UInt8(digits.count)] + digits
        }
        let body = integer(signature[..<32]) + integer(signature[32...])
        let files = ["signature", "message", "key"].map { folder.appendingPathComponent($0) }
        try Data([0x30, UInt8(body.count)] + body).write(to: files[0])
        try Data(message).write(to: files[1])
        let key = try Command.run(
            "/usr/bin/env",
            ["openssl", "x509", "-in", alliance.path("350100/node.pem"), "-noout", "-pubkey"]
        )
        try key.write(to: files[2], atomically: true, encoding: .utf8)
        let verdict = try Command.run(
            "/usr/bin/env",
            [
                "openssl", "dgst", "-sha256", "-verify", files[2].path, "-signature",
                files[0].path, files[1].path,
            ]
        )
        #expect(verdict == "Verified OK\n")
    }

    // MARK: Stored signatures

    /// Neither dates nor revocation change whose a stored signature is.
    @Test(arguments: ["350300", "expired", "not-yet", "revoked"])
    func `a signing certificate is its member's by authority and name alone`(name: String) throws {
        let member = credentials.authorities.memberOfSigningCertificate(
            der: try alliance.certificateDER(name),
            trustDomain: TestAlliance.trustDomain
        )
        #expect(member == MemberCode("350300"))
    }

    @Test(arguments: ["stranger", "no-san", "two-sans", "wrong-path", "wrong-domain"])
    func `a signing certificate of another authority or name is nobody's`(name: String) throws {
        let directory = SignerDirectory(
            authorities: credentials.authorities,
            trustDomain: TestAlliance.trustDomain
        )
        let der = try alliance.certificateDER(name)
        #expect(directory.signer(certificateDER: der) == nil)
        #expect(directory.signer(fingerprint: SHA256.hash(der)) == nil)
    }

    @Test func `a signer that was judged once is found by its fingerprint`() throws {
        let directory = SignerDirectory(
            authorities: credentials.authorities,
            trustDomain: TestAlliance.trustDomain
        )
        let fingerprint = credentials.certificate.fingerprint
        #expect(directory.signer(fingerprint: fingerprint) == nil)
        let signer = try #require(directory.signer(certificateDER: credentials.certificate.der))
        #expect(signer.member == credentials.member)
        #expect(directory.signer(fingerprint: fingerprint)?.key === signer.key)
    }

    @Test func `a certificate cut short or with a tail is none`() throws {
        let der = credentials.certificate.der
        for end in der.indices { #expect(Certificate(der: Bytes(der[..<end])) == nil) }
        #expect(Certificate(der: der + [0]) == nil)
    }

    @Test func `a certificate with a flipped bit is nobody's`() throws {
        let der = credentials.certificate.der
        for position in der.indices {
            var spoilt = der
            spoilt[position] ^= 1 << (position % 8)
            #expect(
                credentials.authorities.memberOfSigningCertificate(
                    der: spoilt,
                    trustDomain: TestAlliance.trustDomain
                ) == nil
            )
        }
    }
}
