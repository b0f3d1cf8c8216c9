import AllianceModel
import Testing

@Suite struct TextTests {
    @Test func `two encodings of one character are two texts`() {
        let composed: Text = "\u{e9}"
        let decomposed: Text = "e\u{301}"
        #expect(composed.string == decomposed.string)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test func `the order is that of the bytes`() {
        let texts: [Text] = ["b", "中", "", "a", "Z", "ab", "\u{1F600}", "é"]
        #expect(
            texts.sorted().map(\.string) == ["", "Z", "a", "ab", "b", "é", "中", "\u{1F600}"]
        )
    }

    @Test(arguments: [
        Bytes([0xff]), [0x61, 0], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
        [0xe4, 0xb8], [0x80],
    ])
    func `bytes that are not UTF-8, or hold a NUL, are no text`(bytes: Bytes) {
        #expect(Text(validating: bytes) == nil)
    }

    @Test(arguments: ["", "a", "租赁商品房提取", "\u{1F600}", "\u{7f}"])
    func `valid bytes come back as they were`(string: String) {
        #expect(Text(validating: Bytes(string.utf8))?.string == string)
    }
}

@Suite struct DigestTests {
    private let bytes = Bytes((0..<32).map { UInt8($0 * 7 % 256) })

    @Test func `bytes and hexadecimal digits round-trip`() throws {
        let digest = try #require(Digest(bytes: bytes))
        #expect(digest.bytes == bytes)
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(hex: digest.hex.uppercased()) == digest)
        #expect(digest.short == "00070e")
        #expect(digest.withUnsafeBytes { Digest($0) } == digest)
    }

    @Test(arguments: [0, 31, 33, 64])
    func `another count of bytes is no digest`(count: Int) {
        #expect(Digest(bytes: Bytes(repeating: 1, count: count)) == nil)
        #expect(Digest(hex: String(repeating: "01", count: count)) == nil)
    }

    @Test func `what is not hexadecimal is no digest`() {
        #expect(Digest(hex: String(repeating: "0g", count: 32)) == nil)
    }

    @Test(arguments: 0..<32)
    func `the order is bytewise at every position`(position: Int) throws {
        let low = Bytes(repeating: 0x7f, count: 32)
        var high = low
        high[position] = 0x80
        for later in position + 1..<32 { high[later] = 0 }
        let (left, right) = (try #require(Digest(bytes: low)), try #require(Digest(bytes: high)))
        #expect(left < right)
        #expect(!(right < left))
        #expect(left != right)
    }
}

@Suite struct MemberCodeTests {
    @Test(arguments: ["350100", "350128", "330111-07", "310118-a", "999999-0123456789abcDEF"])
    func `codes come back as they were written`(string: String) {
        #expect(MemberCode(string)?.string == string)
        #expect(MemberCode(string)?.text == Text(string))
    }

    @Test(arguments: [
        "", "35010", "3501000", "050100", "35010a", "350100-", "350100_1", "350100-é", "350100-a b",
        "350100-01234567890abcdef", "３50100", "350100 ", "350100\u{0}",
    ])
    func `anything else is no code`(string: String) {
        #expect(MemberCode(string) == nil)
    }

    @Test func `the order is bytewise, a prefix first`() {
        let strings = [
            "350100", "350100-0", "350100-00", "350100-01", "350100-1", "350100-A", "350100-a",
            "350128", "350300-0123456789abcdeE", "350300-0123456789abcdeF",
            "350300-0123456789abcdef",
        ]
        let codes = strings.compactMap { MemberCode($0) }
        #expect(codes.count == strings.count)
        #expect(codes.reversed().sorted().map(\.string) == strings)
        #expect(Set(codes).count == codes.count)
    }
}
