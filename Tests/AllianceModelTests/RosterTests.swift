import AllianceModel
import Testing

@Suite struct AgreementRuleTests {
    @Test(arguments: [
        (AgreementRule.all, 5, 5), (.majority, 5, 3), (.majority, 4, 3), (.majority, 1, 1),
        (.atLeast(4), 5, 4),
    ])
    func `a rule is met from its threshold on`(rule: AgreementRule, members: Int, threshold: Int) {
        #expect(rule.isValid(of: members))
        for approvals in 0...members {
            #expect(rule.isMet(by: approvals, of: members) == (approvals >= threshold))
        }
    }

    @Test(arguments: [(2, 4), (2, 5), (6, 5), (0, 1), (-1, 3), (.max, 5)])
    func `a number below a majority or above all is no rule`(number: Int, members: Int) {
        #expect(!AgreementRule.atLeast(number).isValid(of: members))
    }

    @Test(arguments: [AgreementRule.all, .majority, .atLeast(0)])
    func `nothing is agreed among nobody`(rule: AgreementRule) {
        #expect(!rule.isMet(by: 0, of: 0))
        #expect(!rule.isValid(of: 0))
    }
}

@Suite struct RosterTests {
    private func member(_ code: String) throws -> RosterMember {
        RosterMember(
            code: try #require(MemberCode(code)),
            names: LocalizedName(zh: "福州", en: "Fuzhou"),
            address: "127.0.0.1:7420"
        )
    }

    private func roster(
        _ codes: [String],
        alliance: Text = "fuzhou-metro",
        trustDomain: Text = "fuzhou-metro.example",
        agreement: AgreementRule = .all
    ) throws -> Roster {
        try Roster(
            alliance: alliance,
            trustDomain: trustDomain,
            agreement: agreement,
            members: codes.map(member)
        )
    }

    @Test func `members are sorted by code, however they were listed`() throws {
        let codes = ["350900", "350100", "350700", "350128", "350300"]
        let roster = try roster(codes)
        #expect(roster.members.map(\.code.string) == codes.sorted())
        #expect(roster == (try self.roster(codes.reversed())))
    }

    @Test func `a member is found by its code, and no other`() throws {
        let codes = ["350100", "350128", "350300", "350700", "350900"]
        let roster = try roster(codes)
        for code in codes { #expect(roster.contains(try #require(MemberCode(code)))) }
        for code in ["110000", "350101", "350100-1", "999999"] {
            #expect(!roster.contains(try #require(MemberCode(code))))
        }
    }

    @Test func `every problem is named at once`() throws {
        let problems = #expect(throws: InvalidRoster.self) {
            try roster(
                ["350100", "350300", "350100"],
                alliance: "",
                trustDomain: "Fuzhou.example",
                agreement: .atLeast(1)
            )
        }
        #expect(
            problems?.problems.map(\.path) == [
                "alliance", "trustDomain", "agreement", "members[350100].code",
            ]
        )
    }

    @Test func `an alliance of nobody is refused`() {
        let invalid = #expect(throws: InvalidRoster.self) { try roster([]) }
        #expect(invalid?.problems.map(\.path) == ["members"])
    }
}
