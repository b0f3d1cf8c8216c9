import AllianceFiles
import AllianceModel
import ReplicationCore
import SecureTransport

/// The alliance that the tests' node belongs to.
enum Fixtures {
    static let now: Int64 = 1_790_000_000_000

    static let me = code("350100")
    static let putian = code("350300")

    static func code(_ text: String) -> MemberCode {
        guard let code = MemberCode(text) else { fatalError("\(text) is no member code") }
        return code
    }

    static let roster: Roster = {
        do {
            return try Roster(
                alliance: "fuzhou-metro",
                trustDomain: "fuzhou-metro.example",
                agreement: .majority,
                members: [
                    RosterMember(
                        code: me,
                        names: LocalizedName(zh: "福州", en: "Fuzhou"),
                        address: "127.0.0.1:7420"
                    ),
                    RosterMember(code: putian, names: LocalizedName(zh: "莆田", en: "Putian")),
                    RosterMember(
                        code: code("350128"),
                        names: LocalizedName(zh: "平潭", en: "Pingtan")
                    ),
                ]
            )
        } catch {
            fatalError("\(error)")
        }
    }()

    /// A case with a field of every type that this release builds.
    static let caseFile = """
        item: GJJ-07
        version: 1
        name: { zh: 租赁商品房提取, en: Withdrawal for rent }
        subject: applicantId
        workflow:
          stages: [accepted, checked, decided]
          transitions:
            - { from: accepted, to: checked, by: holder, hand: true }
            - { from: checked, to: decided, by: holder }
        fields:
          applicantId: { type: identity, merge: latest, authority: accepting, scope: parties, required: true, sensitive: true }
          company: { type: organization, merge: latest, authority: any, scope: parties }
          monthlyRent: { type: decimal, scale: 2, unit: CNY, merge: latest, authority: holder, scope: parties }
          bankAccount: { type: text, maximum: 40, merge: latest, authority: any, scope: parties, sensitive: true }
          remarks: { type: text, maximum: 1048576, merge: latest, authority: any, scope: parties }
          materials: { type: set, of: text, merge: union, authority: any, scope: parties }
          years: { type: set, of: integer, merge: union, authority: any, scope: parties, sensitive: true }
          count: { type: integer, merge: latest, authority: any, scope: alliance }
          urgent: { type: boolean, merge: latest, authority: any, scope: alliance }
          due: { type: date, merge: latest, authority: any, scope: alliance }
          seen: { type: time, merge: latest, authority: any, scope: alliance }
          kind: { type: enumeration, values: [new, again], merge: latest, authority: any, scope: alliance }
          office: { type: member, merge: latest, authority: any, scope: alliance }
          former: { type: reference, merge: latest, authority: any, scope: alliance }
          ruling: { type: text, merge: latest, authority: home, scope: alliance }
          note: { type: text, merge: latest, authority: any, scope: private }
        """

    static let plainFile = """
        item: NOTICE
        version: 1
        name: { zh: 通知, en: Notice }
        fields:
          text: { type: text, merge: latest, authority: any, scope: alliance, required: true }
        """

    /// A plain record with a field of every way to merge.
    static let mergesFile = """
        item: MERGES
        version: 1
        name: { zh: 合并, en: Merges }
        fields:
          trips: { type: counter, merge: sum, limit: 5, authority: any, scope: alliance }
          applicant: { type: identity, merge: once, authority: any, scope: alliance, sensitive: true }
          bank: { type: text, merge: review, authority: any, scope: parties, sensitive: true }
          tags: { type: set, of: text, merge: union, authority: any, scope: parties }
          rent: { type: decimal, scale: 2, unit: CNY, merge: maximum, authority: any, scope: alliance }
        """

    /// Agreed, but its time has not come.
    static let laterFile = """
        item: LATER
        version: 1
        effective: 2100-01-01T00:00:00Z
        name: { zh: 以后, en: Later }
        fields:
          text: { type: text, merge: latest, authority: any, scope: alliance }
        """

    static func definition(_ file: String) -> ItemDefinition {
        do {
            return try ItemFile.parse(file, file: "test.yaml")
        } catch {
            fatalError("\(error)")
        }
    }

    /// A citizen's number with its check character.
    static let identity = IdentityNumber.completing("35010019900101001") ?? ""
    static let organization = OrganizationCode.completing("91350100M000100Y4") ?? ""
    static let uuid = "0192f0c4-7abc-7def-8123-456789abcdef"

    static func digest(_ text: String) -> Digest { SHA256.hash(Bytes(text.utf8)) }
}

/// The tokens of the tests' node, as they travel; the file has their hashes.
enum Tokens {
    static let reader = "cs_reader_0000000000000000000000000000000000000000_01"
    static let clerk = "cs_clerk_0000000000000000000000000000000000000000_02"
    static let `operator` = "cs_op_0000000000000000000000000000000000000000_03"
    static let expired = "cs_old_0000000000000000000000000000000000000000_04"

    static let file = TokensFile(entries: [
        entry("reader", reader, .reader, expires: nil),
        entry("clerk", clerk, .clerk, expires: Fixtures.now + 1),
        entry("op", `operator`, .operator, expires: nil),
        entry("old", expired, .operator, expires: Fixtures.now),
    ])

    private static func entry(
        _ id: String,
        _ token: String,
        _ role: AccessRole,
        expires: Int64?
    ) -> TokensFile.Entry {
        TokensFile.Entry(
            id: id,
            name: "counter \(id)",
            role: role,
            expires: expires,
            sha256: Fixtures.digest(token)
        )
    }
}
