import AllianceFiles
import AllianceModel
import SecureTransport
import Testing

@testable import citysync

struct TokensFileTests {
    private static let hash = String(repeating: "ab", count: 32)

    private func line(_ more: String) -> String { "tokens:\n  - { \(more) }\n" }

    @Test func `what is written is read back`() throws {
        let tokens = TokensFile(
            entries: [
                NewToken(name: "counter 1", role: .clerk, expires: nil, taken: []).entry,
                NewToken(
                    name: "a \"b\" \\c 窗口 #: {}",
                    role: .operator,
                    expires: 1_798_761_600_000,
                    taken: []
                ).entry,
            ]
        )
        #expect(try TokensFile.parse(tokens.text, file: "t") == tokens)
        #expect(try TokensFile.parse(TokensFile(entries: []).text, file: "t").entries.isEmpty)
        #expect(try TokensFile.parse("", file: "t").entries.isEmpty)
    }

    @Test func `the format is that of the docs`() throws {
        let text = line(
            #"id: "k3f9", name: "counter 1", role: clerk, expires: 2027-01-01T00:00:00Z, sha256: "\#(Self.hash)""#
        )
        let entry = try #require(try TokensFile.parse(text, file: "t").entries.first)
        #expect(entry.id == "k3f9")
        #expect(entry.name == "counter 1")
        #expect(entry.role == .clerk)
        #expect(entry.expires == 1_798_761_600_000)
        #expect(entry.sha256.hex == Self.hash)
    }

    @Test(arguments: [
        ("id: a, name: b, role: boss, sha256: H", "role"),
        ("id: A!, name: b, role: clerk, sha256: H", "id"),
        ("id: a, name: '', role: clerk, sha256: H", "name"),
        ("id: a, name: b, role: clerk, sha256: ab", "sha256"),
        ("id: a, name: b, role: clerk", "sha256"), ("name: b, role: clerk, sha256: H", "id"),
        ("id: a, name: b, role: clerk, sha256: H, admin: true", "admin"),
        ("id: a, name: b, role: clerk, sha256: H, expires: soon", "expires"),
        ("id: a, name: b, role: clerk, sha256: H, expires: 2027-01-01", "expires"),
    ])
    func `what is wrong is named by line and key, never by value`(_ entry: String, _ key: String) {
        let text = line(entry.replacing("H", with: Self.hash))
        #expect { try TokensFile.parse(text, file: "tokens.yaml") } throws: { error in
            let text = "\(error)"
            return text.hasPrefix("tokens.yaml:2:") && text.contains(key)
                && !text.contains(Self.hash)
        }
    }

    @Test(arguments: [
        "tokens: 1", "[]", "token: []", "tokens: [", "tokens: [1]", "tokens: []\ntokens: []",
    ])
    func `a file of another shape is refused`(_ text: String) {
        #expect(throws: FileErrors.self) { try TokensFile.parse(text, file: "t") }
    }

    @Test(arguments: [("a", "x", "a", "y"), ("a", "x", "b", "x")])
    func `two tokens of one id or name are refused`(
        _ id: String,
        _ name: String,
        _ id2: String,
        _ name2: String
    ) {
        let rest = "role: clerk, sha256: \(Self.hash)"
        let text =
            "tokens:\n- { id: \(id), name: \(name), \(rest) }\n- { id: \(id2), name: \(name2), \(rest) }\n"
        #expect(throws: FileErrors.self) { try TokensFile.parse(text, file: "t") }
    }

    @Test func `each role includes those before it`() {
        #expect(AccessRole.allCases.sorted() == [.reader, .clerk, .operator])
    }

    @Test func `a token is over from its expiry on`() {
        let entry = NewToken(name: "a", role: .reader, expires: 1000, taken: []).entry
        #expect(!entry.isExpired(nowMilliseconds: 999))
        #expect(entry.isExpired(nowMilliseconds: 1000))
        #expect(
            !NewToken(name: "a", role: .reader, expires: nil, taken: []).entry.isExpired(
                nowMilliseconds: .max
            )
        )
    }

    /// RFC 4648, section 10, without padding and in the alphabet of section 5.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64url is that of the RFC`(_ text: String, _ encoded: String) {
        #expect(Base64URL.encoded(Array(text.utf8)) == encoded)
    }

    @Test func `base64url has no character that a URL would change`() {
        #expect(Base64URL.encoded([0xFB, 0xFF, 0xBF]) == "-_-_")
    }

    @Test func `a new token holds its id, 32 random bytes, and only its hash is kept`() throws {
        let token = NewToken(name: "a", role: .reader, expires: nil, taken: [])
        let parts = token.text.split(separator: "_", maxSplits: 2).map(String.init)
        #expect(parts[0] == "cs")
        #expect(parts[1] == token.entry.id)
        #expect(parts[2].utf8.count == 43)
        #expect(token.entry.sha256 == SHA256.hash(Array(token.text.utf8)))
        #expect(TokensFile.isValid(id: token.entry.id))
        #expect(NewToken(name: "a", role: .reader, expires: nil, taken: []).text != token.text)
    }
}
