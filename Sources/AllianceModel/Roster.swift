/// Who is in the alliance, and how it agrees.
package struct Roster: Hashable, Sendable {
    package let alliance: Text
    package let trustDomain: Text
    package let agreement: AgreementRule
    /// Sorted by code, no code twice, never empty.
    package let members: [RosterMember]

    package static let memberCountMaximum = 1024

    /// Throws every problem found at once.
    package init(
        alliance: Text,
        trustDomain: Text,
        agreement: AgreementRule,
        members: [RosterMember]
    ) throws(InvalidRoster) {
        self.alliance = alliance
        self.trustDomain = trustDomain
        self.agreement = agreement
        self.members = members.sorted { $0.code < $1.code }
        let problems = headProblems() + memberProblems()
        guard problems.isEmpty else { throw InvalidRoster(problems: problems) }
    }

    package func contains(_ code: MemberCode) -> Bool { member(code) != nil }

    package func member(_ code: MemberCode) -> RosterMember? {
        let index = members.firstIndex(sortedBy: \.code, notBefore: code)
        guard index < members.count, members[index].code == code else { return nil }
        return members[index]
    }

    private func headProblems() -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if !Names.isCode(alliance) {
            problems.append(
                DefinitionProblem(
                    path: "alliance",
                    reason: "is not the name of an alliance",
                    remedy: "use 1 to 64 letters, digits, '.', '-' or '_', a letter or digit first"
                )
            )
        }
        if !Names.isTrustDomain(trustDomain) {
            problems.append(
                DefinitionProblem(
                    path: "trustDomain",
                    reason: "is not a trust domain",
                    remedy: "use lower-case letters, digits, '.', '-' and '_', such as "
                        + "fuzhou-metro.example"
                )
            )
        }
        if !members.isEmpty, !agreement.isValid(of: members.count) {
            problems.append(
                DefinitionProblem(
                    path: "agreement",
                    reason: "\(agreement) is not a rule for \(members.count) members",
                    remedy: "use all, majority or a number from \(members.count / 2 + 1) to "
                        + "\(members.count)"
                )
            )
        }
        return problems
    }

    private func memberProblems() -> [DefinitionProblem] {
        guard (1...Roster.memberCountMaximum).contains(members.count) else {
            return [
                DefinitionProblem(
                    path: "members",
                    reason: "lists \(members.count) members",
                    remedy: "list 1 to \(Roster.memberCountMaximum)"
                )
            ]
        }
        var problems = members.flatMap { $0.names.problems(at: "members[\($0.code)].name") }
        for (member, next) in zip(members, members.dropFirst()) where member.code == next.code {
            problems.append(
                DefinitionProblem(
                    path: "members[\(member.code)].code",
                    reason: "\(member.code) is listed twice",
                    remedy: "list each member once"
                )
            )
        }
        return problems
    }
}

/// One member of the roster.
package struct RosterMember: Hashable, Sendable {
    package let code: MemberCode
    package let names: LocalizedName
    /// `host:port` where its peers reach it; left out of the roster's digest.
    package let address: String?

    package init(code: MemberCode, names: LocalizedName, address: String? = nil) {
        self.code = code
        self.names = names
        self.address = address
    }
}

/// Why a roster cannot be: every reason.
package struct InvalidRoster: Error, Hashable, CustomStringConvertible {
    package let problems: [DefinitionProblem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension Array {
    /// The first index whose key is not before `key`, in an array sorted by that key.
    func firstIndex<Key: Comparable>(sortedBy path: (Element) -> Key, notBefore key: Key) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if path(self[middle]) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
