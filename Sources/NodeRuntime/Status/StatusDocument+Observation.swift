import AllianceModel
package import ReplicationCore
import SecureTransport

extension StatusDocument {
    /// The document of what was observed: a pure function of it.
    ///
    /// `version`: of this software.
    package init(_ observation: NodeObservation, version: String) {
        node = Node(
            member: observation.member.string,
            name: Name(observation.roster, observation.member),
            version: version,
            incarnation: observation.incarnation.description,
            upSeconds: max(0, observation.upMilliseconds) / 1_000
        )
        alliance = Alliance(
            name: observation.roster.alliance.string,
            roster: observation.rosterDigest.hex,
            members: observation.roster.members.count,
            itemsEffective: observation.itemsEffective
        )
        health = Health(findings: observation.findings)
        peers = observation.links.map { Peer($0, in: observation) }
    }
}

extension StatusDocument.Name {
    /// Empty names for a member that the roster does not have.
    init(_ roster: Roster, _ member: MemberCode) {
        let names = roster.member(member)?.names
        self.init(zh: names?.zh.string ?? "", en: names?.en.string ?? "")
    }
}

extension StatusDocument.Health {
    init(findings: [StatusDocument.Finding]) {
        let worst = findings.map(\.severity)
        state = worst.contains(.critical) ? .critical : worst.contains(.warning) ? .warning : .ok
        self.findings = findings
    }
}

extension StatusDocument.Peer {
    package init(_ link: NodeObservation.Link, in observation: NodeObservation) {
        let now = observation.now
        self.init(
            member: link.member.string,
            name: StatusDocument.Name(observation.roster, link.member),
            state: link.state,
            toSend: StatusDocument.Lag(link.session.toSend, now: now),
            toApply: StatusDocument.Lag(link.session.toApply, now: now),
            lastOkSeconds: link.lastHeard.map { max(0, now - $0) / 1_000 },
            skewMilliseconds: link.session.skewMilliseconds,
            certificateDays: link.certificateEnds.map { ($0 - now).days },
            reason: StatusDocument.Reason(link, of: observation.member)
        )
    }
}

extension StatusDocument.Lag {
    /// Unknown for nil.
    init(_ lag: PeerStatus.Lag?, now: Int64) {
        count = lag?.count
        oldestSeconds = lag?.oldest.map { max(0, now - $0.milliseconds) / 1_000 }
    }
}

extension StatusDocument.Reason {
    /// Refusals that a list of this node's own brings about: the peer can do nothing against them.
    private static let ownLists: Set<String> = Set(
        [RefusalReason.crlMissing, .crlExpired, .crlNotYetValid, .crlInvalid].map(\.code)
    )

    /// Why a peer is not current: what its link says, else what this node, which is `member`, holds of
    /// it.
    init?(_ link: NodeObservation.Link, of member: MemberCode) {
        let nextTry = link.nextTryMilliseconds.map { max(0, $0) / 1_000 }
        if let code = link.reasonCode {
            let isTheirs = link.state == .refused || link.state == .incompatible
            let owner = Self.ownLists.contains(code) ? member : link.member
            self.init(
                code: code,
                owner: isTheirs ? owner.string : nil,
                nextTrySeconds: nextTry
            )
        } else if let held = link.held.filter({ $0.value > 0 }).keys.min(by: Self.isFirst) {
            let owner = held == .definitionNotAgreed ? nil : link.member.string
            self.init(code: held.rawValue, owner: owner, nextTrySeconds: nil)
        } else {
            return nil
        }
    }

    /// Of several reasons the one that the enumeration lists first, so that an answer does not
    /// change with the order of a dictionary.
    private static func isFirst(_ left: HeldReason, _ right: HeldReason) -> Bool {
        let all = HeldReason.allCases
        return (all.firstIndex(of: left) ?? 0) < (all.firstIndex(of: right) ?? 0)
    }
}

extension NodeObservation.Link {
    package var state: PeerStatus.State {
        if session.isConnected {
            guard let toSend = session.toSend, let toApply = session.toApply else {
                return .connecting
            }
            return toSend.count == 0 && toApply.count == 0 ? .current : .behind
        }
        if let reason, let code = FaultCode(rawValue: reason),
            FaultCode.incompatibilities.contains(code)
        {
            return .incompatible
        }
        if isRefusal { return .refused }
        return reason == nil && (isOpen || unreachableSince == nil) ? .connecting : .unreachable
    }

    /// The code to show: nil while connected, however the session before ended.
    package var reasonCode: String? {
        session.isConnected ? nil : reason ?? session.lastFault?.code.rawValue
    }

    package var heldCount: UInt64 { held.values.reduce(0, &+) }
}

extension Int64 {
    static let dayMilliseconds: Int64 = 86_400_000

    /// Milliseconds as whole days, rounded down.
    var days: Int64 {
        let day = Int64.dayMilliseconds
        return self / day - (self % day < 0 ? 1 : 0)
    }

    /// Milliseconds as people say them: `40s`, `2m`, `6h`, `9d`.
    var span: String {
        let seconds = magnitude / 1_000
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return "\(seconds / 60)m" }
        return seconds < 86_400 ? "\(seconds / 3_600)h" : "\(seconds / 86_400)d"
    }
}
