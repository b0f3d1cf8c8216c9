import AllianceFiles
import AllianceModel
import Testing

@Suite struct AllianceFileTests {
    private let text = """
        alliance: fuzhou-metro
        trustDomain: fuzhou-metro.example
        agreement: all                     # all | majority | a number of at least a majority
        members:
          - { code: "350300", name: { zh: 莆田, en: Putian }, address: "[::1]:7420" }
          - { code: 350100, name: { zh: 福州, en: Fuzhou }, address: "127.0.0.1:7420" }
          - { code: 350128-a, name: { zh: 平潭, en: Pingtan } }
        """

    private func errors(_ replaced: String, _ replacement: String) -> [String] {
        let changed = text.split(separator: replaced, omittingEmptySubsequences: false)
            .joined(separator: replacement)
        do {
            _ = try AllianceFile.parse(changed, file: "a.yaml")
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test func `a roster is read`() throws {
        let roster = try AllianceFile.parse(text, file: "a.yaml")
        #expect(roster.alliance == "fuzhou-metro")
        #expect(roster.trustDomain == "fuzhou-metro.example")
        #expect(roster.agreement == .all)
        #expect(roster.members.map(\.code.string) == ["350100", "350128-a", "350300"])
        #expect(roster.members.map(\.address) == ["127.0.0.1:7420", nil, "[::1]:7420"])
        #expect(roster.members[0].names == LocalizedName(zh: "福州", en: "Fuzhou"))
    }

    @Test(arguments: [("all", AgreementRule.all), ("majority", .majority), ("2", .atLeast(2))])
    func `the rule is a word or a number`(word: String, rule: AgreementRule) throws {
        let changed = text.split(separator: "agreement: all").joined(
            separator: "agreement: \(word)"
        )
        #expect(try AllianceFile.parse(changed, file: "a.yaml").agreement == rule)
    }

    @Test(arguments: [
        (
            "agreement: all", "agreement: 1",
            "a.yaml:3:1: agreement: 1 is not a rule for 3 members; use all, majority or a number from 2 to 3"
        ),
        (
            "agreement: all", "agreement: some",
            "a.yaml:3:12: agreement: is no rule; use all, majority or a number"
        ),
        (
            "350300", "350100",
            "a.yaml:6:13: members[350100].code: 350100 is listed twice; list each member once"
        ),
        (
            "350300", "35030",
            "a.yaml:5:13: members[0].code: 35030 is not a member code; use six digits of GB/T 2260, optionally '-' and up to 16 letters or digits"
        ),
        (
            "127.0.0.1:7420", "127.0.0.1",
            "a.yaml:6:60: members[1].address: 127.0.0.1 is not an address; write host:port, such as 127.0.0.1:7420 or [::1]:7420"
        ),
        (
            "127.0.0.1:7420", "127.0.0.1:0",
            "a.yaml:6:60: members[1].address: has no port; write host:port with a port from 1"
        ),
        (
            "fuzhou-metro.example", "Fuzhou.example",
            "a.yaml:2:1: trustDomain: is not a trust domain; use lower-case letters, digits, '.', '-' and '_', such as fuzhou-metro.example"
        ),
        ("trustDomain", "trustdomain", "a.yaml:1:1: trustDomain: is missing; add trustDomain"),
    ])
    func `an error names file, line, column, key and remedy`(
        replaced: String,
        replacement: String,
        expected: String
    ) {
        let found = errors(replaced, replacement)
        #expect(found.contains(expected), "\(found)")
    }
}

@Suite struct HostPortTests {
    @Test(arguments: [
        ("127.0.0.1:7420", "127.0.0.1", 7420, true), ("0.0.0.0:0", "0.0.0.0", 0, false),
        ("[::1]:65535", "::1", 65_535, true), ("localhost:1", "localhost", 1, true),
        ("127.8.9.1:1", "127.8.9.1", 1, true), ("127.example.org:1", "127.example.org", 1, false),
        ("gateway-1.fuzhou.example:7420", "gateway-1.fuzhou.example", 7420, false),
        ("[2001:db8::7]:7420", "2001:db8::7", 7420, false),
    ])
    func `an address is read and printed`(text: String, host: String, port: Int, loopback: Bool) {
        let address = HostPort(text)
        #expect(address == HostPort(host: host, port: port))
        #expect(address?.description == text)
        #expect(address?.isLoopback == loopback)
    }

    @Test(arguments: [
        "", ":", "a:", ":1", "a", "a:65536", "a:-1", "a:+1", "a:1x", "::1:7420", "[::1]", "[::g]:1",
        "256.0.0.1:1", "1.2.3:1", "127.0.0.1.evil.1:1", "a..b:1", "-a:1", "a b:1", "a/b:1",
        "a:000001",
        "[127.0.0.1]:1", "a.:1", "café:1",
    ])
    func `anything else is no address`(text: String) {
        #expect(HostPort(text) == nil)
    }
}
