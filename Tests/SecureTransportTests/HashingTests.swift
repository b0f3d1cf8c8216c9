import AllianceModel
import SecureTransport
import Testing

struct HashingTests {
    /// FIPS 180-4 examples and the million of "a".
    @Test(arguments: [
        ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func `SHA-256 gives the standard's digests, whole and in parts`(
        text: String,
        count: Int,
        hex: String
    ) {
        let message = Bytes(repeatElement(Bytes(text.utf8), count: count).joined())
        #expect(SHA256.hash(message).hex == hex)
        #expect(message.withUnsafeBytes { SHA256.function($0) }.hex == hex)
        for cut in [0, 1, 55, 56, 63, 64, 65] where cut <= message.count {
            var hash = SHA256()
            hash.update(message[..<cut])
            hash.update(message[cut...])
            #expect(hash.finish().hex == hex)
        }
    }

    @Test func `a copy of a state goes its own way`() {
        var prefix = SHA256()
        prefix.update(Bytes("ab".utf8))
        var first = prefix
        first.update(Bytes("c".utf8))
        prefix.update(Bytes("d".utf8))
        #expect(first.finish() == SHA256.hash(Bytes("abc".utf8)))
        #expect(prefix.finish() == SHA256.hash(Bytes("abd".utf8)))
        #expect(SHA256.hash(parts: [1], [], [2, 3]) == SHA256.hash([1, 2, 3]))
    }

    /// RFC 4231, test cases 1, 2, 6 (a key longer than a block) and 7.
    @Test(arguments: [
        (
            Bytes(repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Bytes("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            Bytes(repeating: 0xaa, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            Bytes(repeating: 0xaa, count: 131),
            "This is a test using a larger than block-size key and a larger than block-size data."
                + " The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func `HMAC gives the RFC's tags`(key: Bytes, message: String, hex: String) {
        let mac = HMACSHA256(key: key)
        #expect(mac.tag(Bytes(message.utf8)).hex == hex)
        #expect(mac.tag(Bytes(message.utf8)).hex == hex)
    }

    @Test func `random bytes have the count asked for and do not repeat`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        let draws = Set((0..<100).map { _ in SecureRandom.bytes(16) })
        #expect(draws.count == 100)
        #expect(draws.allSatisfy { $0.count == 16 })
        #expect(Set((0..<100).map { _ in SecureRandom.word() }).count == 100)
    }

    @Test func `secrets compare by every byte and by their length`() {
        let secret = Bytes(0..<32)
        #expect(ConstantTime.equal(secret, secret))
        #expect(ConstantTime.equal([], []))
        #expect(!ConstantTime.equal(secret, Bytes(secret.dropLast())))
        for index in secret.indices {
            var other = secret
            other[index] ^= 0x80
            #expect(!ConstantTime.equal(secret, other))
        }
    }
}
