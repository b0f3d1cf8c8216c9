import AllianceModel
import ReplicationCore

/// From where on something is worth a person's attention.
package enum HealthThresholds {
    package static let unreachableMilliseconds: Int64 = 10 * 60_000
    package static let certificateDays: Int64 = 30
    package static let revocationsDays: Int64 = 7
    package static let skewMilliseconds: Int64 = 10_000
    package static let heldMilliseconds: Int64 = 24 * 3_600_000
    /// Share of the disk that must be free, in percent.
    package static let diskFreePercent: UInt64 = 5
}

extension StatusDocument.Severity {
    /// The worst first.
    fileprivate var rank: Int {
        switch self {
        case .critical: 0
        case .warning: 1
        case .info: 2
        }
    }
}

extension NodeObservation {
    /// What somebody has to look at: the critical first, then by code and subject.
    package var findings: [StatusDocument.Finding] {
        var all = storeFindings + clockFindings + doubtfulClockFindings + diskFindings
        all += ownCertificateFindings + revocationsFindings + reviewFindings
        for link in links {
            all += heldFindings(link) + restingFindings(link) + slowedFindings(link)
            all += aheadFindings(link) + certificateFindings(link)
            all += linkFindings(link) + skewFindings(link) + differenceFindings(link)
        }
        return all.sorted { left, right in
            if left.severity != right.severity { return left.severity.rank < right.severity.rank }
            return (left.code, left.subject) < (right.code, right.subject)
        }
    }

    func finding(
        _ severity: StatusDocument.Severity,
        _ code: String,
        _ subject: MemberCode,
        _ text: String,
        remedy: String
    ) -> StatusDocument.Finding {
        StatusDocument.Finding(
            severity: severity,
            code: code,
            subject: subject.string,
            text: text,
            remedy: remedy
        )
    }

    // MARK: This node

    private var storeFindings: [StatusDocument.Finding] {
        guard let problem = storeProblem, problem.code != .clockBeyondBound else { return [] }
        return [
            finding(
                .critical,
                "store",
                member,
                "takes no writes: \(problem.detail)",
                remedy: "see the node's log, make room if the disk is full, restart citysyncd"
            )
        ]
    }

    private var clockFindings: [StatusDocument.Finding] {
        guard
            clockAheadMilliseconds > clockBoundMilliseconds
                || storeProblem?.code == .clockBeyondBound
        else { return [] }
        return [
            finding(
                .critical,
                "clock",
                member,
                "this node's log is \(clockAheadMilliseconds.span) ahead of its clock, "
                    + "beyond the bound of \(clockBoundMilliseconds.span): it takes no writes",
                remedy:
                    "set this machine's clock right; if it is, writes go on once most members "
                    + "are reached and their clocks agree with it"
            )
        ]
    }

    private var diskFindings: [StatusDocument.Finding] {
        guard let disk, disk.total > 0 else { return [] }
        let bound = disk.total / 100 * HealthThresholds.diskFreePercent
        guard disk.free < bound else { return [] }
        return [
            finding(
                .critical,
                "disk",
                member,
                "\(disk.free >> 20) MiB free of \(disk.total >> 20) MiB, "
                    + "under \(HealthThresholds.diskFreePercent) %",
                remedy: "make room where the data folder is"
            )
        ]
    }

    /// Said before what a wrong clock alone would ask for: while a certificate or a list seems to be past,
    /// no peer is heard whose clock could tell.
    private var clockFirst: String { "see that this machine's clock is right; " }

    private var ownCertificateFindings: [StatusDocument.Finding] {
        certificate(
            ends: certificateEnds,
            of: member,
            remedy: (certificateEnds <= now ? clockFirst : "")
                + "Certs/ca request \(member), issue; then SIGHUP to citysyncd"
        )
    }

    private var revocationsFindings: [StatusDocument.Finding] {
        let remedy =
            (revocationsNextUpdate.map { $0 <= now } == true ? clockFirst : "")
            + "Certs/ca crl, copied to every node; then SIGHUP to citysyncd"
        guard let revocationsNextUpdate else {
            let text = "one authority has no revocation list here: whom it certified is refused"
            return [finding(.warning, "revocations", member, text, remedy: remedy)]
        }
        let left = revocationsNextUpdate - now
        guard left < HealthThresholds.revocationsDays * .dayMilliseconds else { return [] }
        guard left > 0 else {
            let text = "the revocation list ended \(left.span) ago: no new sessions"
            return [finding(.critical, "revocations", member, text, remedy: remedy)]
        }
        let text = "the revocation list ends in \(left.span)"
        return [finding(.warning, "revocations", member, text, remedy: remedy)]
    }

    // MARK: Peers

    private func certificate(
        ends: Int64,
        of member: MemberCode,
        remedy: String
    ) -> [StatusDocument.Finding] {
        let left = ends - now
        guard left < HealthThresholds.certificateDays * .dayMilliseconds else { return [] }
        let isPast = left <= 0
        return [
            finding(
                isPast ? .critical : .warning,
                "certificate",
                member,
                isPast ? "expired \(left.span) ago" : "expires in \(left.span)",
                remedy: remedy
            )
        ]
    }

    private func certificateFindings(_ link: Link) -> [StatusDocument.Finding] {
        link.certificateEnds.map { ends in
            certificate(
                ends: ends,
                of: link.member,
                remedy: (ends <= now ? clockFirst : "") + "that city: Certs/ca request, issue"
            )
        } ?? []
    }

    /// A peer that is away may come back by itself; one that refuses, or is refused, does not.
    private func linkFindings(_ link: Link) -> [StatusDocument.Finding] {
        let place = [link.reasonCode, link.address].compactMap { $0 }.joined(separator: " ")
        let away = link.unreachableSince.map { now - $0 }
        switch link.state {
        case .refused, .incompatible:
            let since = away.map { " for \($0.span)" } ?? ""
            let text = "\(link.state.rawValue)\(since)"
            return [finding(.warning, "peer", link.member, text, remedy: place)]
        case .unreachable, .connecting:
            guard !link.session.isConnected, let away,
                away > HealthThresholds.unreachableMilliseconds
            else { return [] }
            let text = "unreachable for \(away.span)"
            return [finding(.warning, "peer", link.member, text, remedy: place)]
        case .current, .behind: return []
        }
    }

    private func skewFindings(_ link: Link) -> [StatusDocument.Finding] {
        guard let skew = link.session.skewMilliseconds,
            skew.magnitude > HealthThresholds.skewMilliseconds.magnitude
        else { return [] }
        return [
            finding(
                .warning,
                "skew",
                link.member,
                "its clock is \(skew.span) \(skew < 0 ? "behind" : "ahead of") ours",
                remedy: "set the clock right that is off; compare with the other peers' skew"
            )
        ]
    }

    /// Limits per author: only that author is slowed.
    private func slowedFindings(_ link: Link) -> [StatusDocument.Finding] {
        var findings: [StatusDocument.Finding] = []
        if link.session.isSlowed {
            findings.append(
                finding(
                    .warning,
                    "slowed",
                    link.member,
                    "so much of it is held here that no more is taken until some of that is released",
                    remedy: "citysync held list"
                )
            )
        }
        if link.session.isSlowing {
            findings.append(
                finding(
                    .warning,
                    "slowing",
                    link.member,
                    "it takes no more of ours, since so much of that is held there",
                    remedy: "that city: citysync held list"
                )
            )
        }
        return findings
    }

    private func restingFindings(_ link: Link) -> [StatusDocument.Finding] {
        guard link.heldResting > 0 else { return [] }
        return [
            finding(
                .info,
                "held_resting",
                link.member,
                "\(link.heldResting) changesets of it follow something that nobody who was asked "
                    + "has, or may show here; it is asked for again daily",
                remedy: "citysync held list"
            )
        ]
    }

    /// Said whether that member is there or not: what is held waits all the same.
    private func heldFindings(_ link: Link) -> [StatusDocument.Finding] {
        guard link.heldCount > 0, let oldest = link.heldOldest else { return [] }
        let age = now - oldest.milliseconds
        guard age > HealthThresholds.heldMilliseconds else { return [] }
        let reasons = HeldReason.allCases.filter { link.held[$0, default: 0] > 0 }
        let isAgreement = reasons.contains {
            $0 == .definitionNotAgreed || $0 == .definitionUnknown
        }
        return [
            finding(
                .critical,
                "held",
                link.member,
                "\(link.heldCount) changesets wait, the oldest for \(age.span): "
                    + reasons.map(\.rawValue).joined(separator: ", "),
                remedy: isAgreement ? "citysync items list" : "citysync held list"
            )
        ]
    }
}
