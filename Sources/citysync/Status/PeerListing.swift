/// The table of peers in `status` and `peers`.
struct PeerListing {
    private typealias Peer = StatusDocument.Peer
    private typealias Lag = StatusDocument.Lag
    private typealias Cell = Listing.Cell

    let listing: Listing

    /// `showsAll` keeps one line for each peer however many are `current`.
    init(_ peers: [StatusDocument.Peer], showsAll: Bool) {
        let current = peers.filter { $0.state == "current" }
        let folds = !showsAll && current.count > StatusText.currentPeersMaximum
        var rows = folds ? [PeerListing.summary(current)] : []
        rows += peers.filter { !(folds && $0.state == "current") }.map(PeerListing.row)
        listing = Listing(columns: PeerListing.columns, rows: rows)
    }

    private static let columns: [Listing.Column] = [
        .init(title: "PEER", key: "member"),
        .init(title: "NAME", key: "name", isWide: true),
        .init(title: "STATE", key: "state"),
        .init(title: "TO-SEND", key: "to_send", minimumWidth: 12),
        .init(title: "S-SECONDS", key: "to_send_oldest_seconds", isWide: true),
        .init(title: "TO-APPLY", key: "to_apply"),
        .init(title: "A-SECONDS", key: "to_apply_oldest_seconds", isWide: true),
        .init(title: "LAST-OK", key: "last_ok_seconds"),
        .init(title: "SKEW", key: "skew_milliseconds"),
        .init(title: "CERT", key: "certificate_days"),
        .init(title: "ADDRESS", key: "address", isWide: true),
        .init(title: "VERSION", key: "version", isWide: true),
        .init(title: "REASON (who must act, next try)", key: "reason"),
        .init(title: "OWNER", key: "owner", isWide: true),
        .init(title: "NEXT-TRY", key: "next_try_seconds", isWide: true),
    ]

    private static func row(_ peer: Peer) -> [Cell] {
        let short = [peer.member, peer.name?.short ?? ""].filter { !$0.isEmpty }
        let days = peer.certificateDays
        return [
            Cell(short.joined(separator: " "), exact: peer.member),
            .optional(peer.name?.long),
            Cell(peer.state, colour: colour(peer.state)),
            lag(peer.toSend),
            exact(peer.toSend?.oldestSeconds, when: peer.toSend?.count),
            lag(peer.toApply),
            exact(peer.toApply?.oldestSeconds, when: peer.toApply?.count),
            Cell(Spans.coarse(peer.lastOkSeconds), exact: number(peer.lastOkSeconds)),
            Cell(
                Spans.skew(milliseconds: peer.skewMilliseconds),
                exact: number(peer.skewMilliseconds)
            ),
            Cell(
                Spans.days(days),
                exact: number(days),
                colour: (days ?? 30) < 30 ? .yellow : .plain
            ),
            .optional(peer.address),
            .optional(peer.version),
            reason(peer.reason),
            .optional(peer.reason?.owner),
            peer.reason?.nextTrySeconds.map { Cell(number($0)) } ?? .absent,
        ]
    }

    /// One line for many: sums of the counts, the worst of everything else.
    private static func summary(_ peers: [Peer]) -> [Cell] {
        let send = sum(peers.map(\.toSend))
        let apply = sum(peers.map(\.toApply))
        let skew = known(peers.map(\.skewMilliseconds))?.max { $0.magnitude < $1.magnitude }
        return [
            Cell("\(peers.count) peers"),
            .absent,
            Cell("current", colour: colour("current")),
            lag(send),
            exact(send.oldestSeconds, when: send.count),
            lag(apply),
            exact(apply.oldestSeconds, when: apply.count),
            Cell(Spans.coarse(known(peers.map(\.lastOkSeconds))?.max())),
            Cell(Spans.skew(milliseconds: skew)),
            Cell(Spans.days(known(peers.map(\.certificateDays))?.min())),
            .absent,
            .absent,
            Cell("- (the worst of each; --all for all)"),
            .absent,
            .absent,
        ]
    }

    private static func lag(_ lag: Lag?) -> Cell {
        guard let count = lag?.count else { return Cell("?") }
        guard count > 0, let oldest = lag?.oldestSeconds else { return Cell(String(count)) }
        return Cell("\(count) (\(Spans.fine(oldest)))", exact: String(count))
    }

    /// The age of the oldest; where nothing waits there is none, which is not the same as unknown.
    private static func exact(_ seconds: Double?, when count: Int?) -> Cell {
        count == 0 && seconds == nil ? .absent : Cell(number(seconds))
    }

    private static func reason(_ reason: StatusDocument.Reason?) -> Cell {
        guard let reason, let code = reason.code, !code.isEmpty else { return .absent }
        let notes = [reason.owner, reason.nextTrySeconds.map { "retry \(Spans.fine($0))" }]
            .compactMap { $0 }
        return Cell(
            notes.isEmpty ? code : "\(code) (\(notes.joined(separator: ", ")))",
            exact: code
        )
    }

    /// A count that leaves one peer out is no count: one unknown makes the sum unknown.
    private static func sum(_ lags: [Lag?]) -> Lag {
        let counts = lags.compactMap { $0?.count }
        return Lag(
            count: counts.count == lags.count ? counts.reduce(0, +) : nil,
            oldestSeconds: lags.compactMap { $0?.oldestSeconds }.max()
        )
    }

    /// Nil when one of them is not known, since the worst might be that one.
    private static func known(_ values: [Double?]) -> [Double]? {
        let known = values.compactMap { $0 }
        return known.count == values.count ? known : nil
    }

    private static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "?" }
        return value.rounded() == value && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private static func colour(_ state: String) -> Ink.Colour {
        switch state {
        case "current": .green
        case "behind", "connecting": .yellow
        default: .red
        }
    }
}
