import AllianceModel
import ReplicationCore

/// Findings about what this node and its peers do not agree on: what time it is, and what a record
/// holds.
extension NodeObservation {
    // MARK: Clocks

    /// Where most of those who can be heard have another time, it is most likely this clock that is
    /// wrong, and what it writes is held everywhere.
    var doubtfulClockFindings: [StatusDocument.Finding] {
        let skews = links.filter(\.session.isConnected).compactMap(\.session.skewMilliseconds)
        let agreement = ClockAgreement(
            members: roster.members.count,
            skewsMilliseconds: skews,
            boundMilliseconds: clockBoundMilliseconds
        )
        guard agreement.isDoubtful else { return [] }
        let middle = skews.sorted()[skews.count / 2]
        let text =
            "\(agreement.beyondBound) of \(agreement.heard) connected peers are more than "
            + "\(clockBoundMilliseconds.span) away from this node's clock, which is "
            + "\(middle.span) \(middle > 0 ? "behind" : "ahead of") the middle one of theirs"
        return [
            finding(
                .critical,
                "own_clock_doubtful",
                member,
                text,
                remedy: "set this machine's clock right (NTP); citysync doctor compares it"
            )
        ]
    }

    /// Said at once, whatever its age: the time will release it, but its writer has to know.
    func aheadFindings(_ link: Link) -> [StatusDocument.Finding] {
        guard let count = link.held[.clockAhead], count > 0 else { return [] }
        let text =
            "\(count) of its changesets \(count == 1 ? "is" : "are") stamped more than "
            + "\(clockBoundMilliseconds.span) ahead of this node's clock, and held until then"
        return [
            finding(
                .warning,
                "clock_ahead",
                link.member,
                text,
                remedy: "that city: set its clock right; citysync held list shows what waits"
            )
        ]
    }

    // MARK: Records

    func differenceFindings(_ link: Link) -> [StatusDocument.Finding] {
        let comparison = link.comparison
        guard comparison.standing > 0, let example = comparison.example else { return [] }
        let age = comparison.standsMilliseconds.map { " for \($0.span)" } ?? ""
        let records = comparison.standing == 1 ? "record differs" : "records differ"
        return [
            finding(
                .warning,
                "records_differ",
                link.member,
                "\(comparison.standing) \(records) from what this node has\(age), such as "
                    + "\(example); what it may have more was asked for",
                remedy: "citysync verify --peer \(link.member)"
            )
        ]
    }
}
