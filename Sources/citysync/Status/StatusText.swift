/// Draws a status document: a pure function of the document and the style.
struct StatusText {
    /// More peers than this that are `current` become one line.
    static let currentPeersMaximum = 10
    /// The columns of the findings line up with this many blanks at least, so that a remedy does not
    /// jump about from sample to sample.
    private static let findingWidthMinimum = 53

    var format: OutputFormat
    var showsAll: Bool
    var ink: Ink

    func text(_ document: StatusDocument) -> String {
        if format == .tsv {
            return PeerListing(document.peers, showsAll: true).listing.tabSeparated()
        }
        let peers = PeerListing(document.peers, showsAll: showsAll).listing
        return head(document) + health(document.health)
            + peers.table(wide: format == .wide, ink: ink)
    }

    private func head(_ document: StatusDocument) -> String {
        let line = (alliance(document.alliance) + node(document.node)).joined(separator: "  ")
        return Escaping.shown(line) + "\n"
    }

    private func alliance(_ alliance: StatusDocument.Alliance?) -> [String] {
        guard let alliance else { return ["ALLIANCE ?"] }
        let roster = alliance.roster.map { format == .wide ? $0 : String($0.prefix(6)) } ?? "?"
        let members = alliance.members.map { $0 == 1 ? "1 member" : "\($0) members" } ?? "? members"
        let items = alliance.itemsEffective.map(String.init) ?? "?"
        return [
            "ALLIANCE \(alliance.name)", "roster \(roster) (\(members))",
            "items \(items) effective",
        ]
    }

    private func node(_ node: StatusDocument.Node?) -> [String] {
        guard let node else { return ["NODE ?"] }
        let name = format == .wide ? node.name?.long : node.name?.short
        let words = ["NODE", node.member, name ?? "", node.version ?? "?"].filter { !$0.isEmpty }
        var parts = [words.joined(separator: " ")]
        if format == .wide, let incarnation = node.incarnation, incarnation != .null {
            parts.append("incarnation \(incarnation.plainText)")
        }
        return parts + ["up \(Spans.coarse(node.upSeconds))"]
    }

    private func health(_ health: StatusDocument.Health) -> String {
        let colour: Ink.Colour =
            switch health.state {
            case .ok: .green
            case .warning: .yellow
            case .critical, .unknown: .red
            }
        let counts = [
            count(health, "critical", one: "critical", many: "critical"),
            count(health, "warning", one: "warning", many: "warnings"),
        ].compactMap { $0 }
        var line = "HEALTH " + ink(health.state.word, colour)
        if !counts.isEmpty, health.state != .unknown {
            line += "  " + counts.joined(separator: " ")
        }
        return line + "\n" + findings(health.findings)
    }

    private func count(
        _ health: StatusDocument.Health,
        _ severity: String,
        one: String,
        many: String
    ) -> String? {
        let count = health.findings.count { $0.severity == severity }
        return count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
    }

    private func findings(_ findings: [StatusDocument.Finding]) -> String {
        // The worst come first, otherwise in the order of the node.
        let sorted =
            findings.filter { $0.severity == "critical" }
            + findings.filter { $0.severity == "warning" }
            + findings.filter { $0.severity != "critical" && $0.severity != "warning" }
        let codeWidth = sorted.map { DisplayWidth.of(Escaping.shown($0.code)) }.max() ?? 0
        return sorted.map { finding in
            let code = DisplayWidth.padded(Escaping.shown(finding.code), to: codeWidth)
            let subject = finding.subject.map(shortened)
            let words = [subject, finding.text].compactMap { $0 }.filter { !$0.isEmpty }
            var text = Escaping.shown(words.joined(separator: " "))
            if let remedy = finding.remedy, !remedy.isEmpty {
                text = DisplayWidth.padded(text, to: StatusText.findingWidthMinimum)
                text += "  " + Escaping.shown(remedy)
            }
            return " \(label(finding.severity)) \(code) \(text)\n"
        }.joined()
    }

    private func label(_ severity: String) -> String {
        switch severity {
        case "critical": ink("CRIT", .red)
        case "warning": ink("WARN", .yellow)
        default: "INFO"
        }
    }

    /// A record's id takes half a line: the table keeps where it comes from and its first digits.
    private func shortened(_ subject: String) -> String {
        format == .wide ? subject : RecordName.short(subject)
    }
}

/// The short form of a record's id.
enum RecordName {
    /// `350100.0192…` for `350100.0192f0c4-7abc-7def-8123-456789abcdef`; other texts unchanged.
    static func short(_ id: String) -> String {
        let parts = id.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 36 else { return id }
        return "\(parts[0]).\(parts[1].prefix(4))…"
    }
}
