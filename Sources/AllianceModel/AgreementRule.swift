/// How many members must approve before something is agreed.
package enum AgreementRule: Hashable, Sendable {
    case all
    case majority
    case atLeast(Int)

    /// Approvals needed of `members`.
    package func threshold(of members: Int) -> Int {
        switch self {
        case .all: members
        case .majority: members / 2 + 1
        case .atLeast(let number): number
        }
    }

    package func isMet(by approvals: Int, of members: Int) -> Bool {
        members > 0 && approvals >= threshold(of: members)
    }

    /// A number must be at least a majority, else two contrary proposals could both be agreed, and
    /// at most all, else nothing could.
    package func isValid(of members: Int) -> Bool {
        let majority = members / 2 + 1
        return members > 0 && majority <= threshold(of: members)
            && threshold(of: members) <= members
    }
}

extension AgreementRule: CustomStringConvertible {
    package var description: String {
        switch self {
        case .all: "all"
        case .majority: "majority"
        case .atLeast(let number): "\(number)"
        }
    }
}
