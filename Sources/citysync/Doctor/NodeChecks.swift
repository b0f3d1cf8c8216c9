/// What a running node says of itself.
enum NodeChecks {
    /// From here on a clock is said to differ: what status warns of.
    private static let skewMillisecondsMaximum = 10_000.0

    static func all(_ sample: StatusSample) -> [Diagnosis] {
        if let failure = sample.failure {
            let lines = (failure.message ?? "").split(separator: "\n").map(String.init)
            let remedy = lines.dropFirst().first?.trimmingPrefix("  Do: ")
            return [
                .fail("node", lines.first ?? "cannot be asked", remedy.map { String($0) }),
                .warn("clock", "not compared: only a running node asks its peers", nil),
            ]
        }
        let document = sample.document
        let up = Spans.coarse(document.node?.upSeconds)
        let name = [document.node?.member, document.node?.version].compactMap { $0 }
        var found = [Diagnosis.ok("node", "\(name.joined(separator: " ")) serves, up \(up)")]
        found += document.health.findings.map { finding in
            Diagnosis(
                level: level(finding.severity),
                check: finding.code,
                text: [finding.subject, finding.text].compactMap { $0 }.filter { !$0.isEmpty }
                    .joined(separator: " "),
                remedy: finding.remedy
            )
        }
        return found + [clock(document.peers)]
    }

    /// What is only worth knowing is nothing to mend.
    private static func level(_ severity: String) -> Diagnosis.Level {
        switch severity {
        case "critical": .fail
        case "info": .ok
        default: .warn
        }
    }

    /// This node's clock by its peers': where most of them differ it is this one that is wrong.
    private static func clock(_ peers: [StatusDocument.Peer]) -> Diagnosis {
        let skews = peers.compactMap(\.skewMilliseconds)
        guard !skews.isEmpty else {
            return .warn("clock", "not compared: no peer has told its own", nil)
        }
        let off = skews.filter { $0.magnitude > skewMillisecondsMaximum }
        let middle = skews.sorted()[skews.count / 2]
        let text = "\(off.count) of \(skews.count) peers differ by more than 10s"
        guard off.count * 2 > skews.count else {
            return .ok("clock", "as this node's within \(Spans.skew(milliseconds: middle))")
        }
        return .fail(
            "clock",
            "\(text), the middle one by \(Spans.skew(milliseconds: middle))",
            "set this machine's clock right"
        )
    }
}
