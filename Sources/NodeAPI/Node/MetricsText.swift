import AllianceModel
import NodeRuntime
import ReplicationCore

/// The node's metrics in the Prometheus text format 0.0.4.
///
/// No label holds anything of a record.
struct MetricsText {
    private(set) var text = ""

    init(_ observation: NodeObservation, version: String, meter: RequestMeter) {
        node(observation, version)
        health(observation)
        peers(observation)
        requests(meter)
    }

    // MARK: Format

    private enum Kind: String { case gauge, counter, histogram }

    private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func sample(
        _ name: String,
        _ labels: [(String, String)],
        _ value: String
    ) {
        let inner = labels.map { "\($0)=\"\(MetricsText.escaped($1))\"" }.joined(separator: ",")
        text += inner.isEmpty ? "\(name) \(value)\n" : "\(name){\(inner)} \(value)\n"
    }

    /// What is not known has no sample: it is not 0.
    private mutating func single(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        _ value: (some Numeric)?
    ) {
        guard let value else { return }
        begin(name, kind, help)
        sample(name, [], "\(value)")
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }

    // MARK: Node

    private mutating func node(_ node: NodeObservation, _ version: String) {
        begin("citysync_node", .gauge, "Always 1; the labels say which node this is.")
        sample(
            "citysync_node",
            [("member", node.member.string), ("version", version)],
            "1"
        )
        single(
            "citysync_up_seconds",
            .gauge,
            "Seconds since the node began to serve.",
            max(0, node.upMilliseconds) / 1_000
        )
        single(
            "citysync_log_position",
            .gauge,
            "Last position of the local log.",
            node.lastPosition
        )
        single("citysync_commits_total", .counter, "Durable commits.", node.commits)
        single("citysync_writes_total", .counter, "Changes written by clients.", node.writes)
        single(
            "citysync_items_effective",
            .gauge,
            "Items with a definition in effect.",
            node.itemsEffective
        )
        single(
            "citysync_resident_memory_bytes",
            .gauge,
            "Resident memory of the node's process.",
            node.residentBytes
        )
        if let disk = node.disk {
            single("citysync_disk_free_bytes", .gauge, "Free where the data folder is.", disk.free)
            single("citysync_disk_size_bytes", .gauge, "Size of that disk.", disk.total)
        }
    }

    private mutating func health(_ node: NodeObservation) {
        single(
            "citysync_store_stopped",
            .gauge,
            "1 if the store takes no writes.",
            node.storeProblem == nil ? 0 : 1
        )
        single(
            "citysync_clock_ahead_seconds",
            .gauge,
            "How far the log's clock is ahead of the wall clock.",
            Double(node.clockAheadMilliseconds) / 1_000
        )
        single(
            "citysync_certificate_ends_timestamp_seconds",
            .gauge,
            "When this node's certificate ends.",
            node.certificateEnds / 1_000
        )
        single(
            "citysync_revocations_end_timestamp_seconds",
            .gauge,
            "When the revocation list ends.",
            node.revocationsNextUpdate.map { $0 / 1_000 }
        )
        begin("citysync_findings", .gauge, "Findings of the health check by severity.")
        let findings = node.findings
        for severity in StatusDocument.Severity.allCases {
            let count = findings.count { $0.severity == severity }
            sample("citysync_findings", [("severity", severity.rawValue)], "\(count)")
        }
        begin(
            "citysync_refused_connections_total",
            .counter,
            "Refused connections of nobody known."
        )
        for (reason, count) in node.strangers.sorted(by: { $0.key < $1.key }) {
            sample("citysync_refused_connections_total", [("reason", reason)], "\(count)")
        }
    }

    // MARK: Peers

    /// What is not known has no sample: it is not 0.
    private mutating func peers(_ node: NodeObservation) {
        perPeer("citysync_peer_current", "1 if nothing waits in either direction.", node) {
            $0.state == .current ? 1 : 0
        }
        perPeer("citysync_peer_connected", "1 if a session stands.", node) {
            $0.session.isConnected ? 1 : 0
        }
        perPeer("citysync_peer_to_send", "Changesets it has not acknowledged as applied.", node) {
            $0.session.toSend.map { Double($0.count) }
        }
        perPeer("citysync_peer_to_apply", "Changesets announced and not applied here.", node) {
            $0.session.toApply.map { Double($0.count) }
        }
        perPeer("citysync_peer_to_send_oldest_seconds", "Age of the oldest to send.", node) {
            MetricsText.age($0.session.toSend, node)
        }
        perPeer("citysync_peer_to_apply_oldest_seconds", "Age of the oldest to apply.", node) {
            MetricsText.age($0.session.toApply, node)
        }
        perPeer("citysync_peer_last_ok_seconds", "Seconds since it was last heard.", node) { link in
            link.lastHeard.map { Double(max(0, node.now - $0)) / 1_000 }
        }
        perPeer("citysync_peer_skew_seconds", "Its clock minus ours.", node) {
            $0.session.skewMilliseconds.map { Double($0) / 1_000 }
        }
        perPeer(
            "citysync_peer_certificate_ends_timestamp_seconds",
            "When its certificate ends.",
            node
        ) { $0.certificateEnds.map { Double($0 / 1_000) } }
        perPeer("citysync_peer_sent_bytes_total", "Bytes sent to it.", node, .counter) {
            Double($0.bytesSent)
        }
        perPeer("citysync_peer_received_bytes_total", "Bytes received from it.", node, .counter) {
            Double($0.bytesReceived)
        }
        comparisons(node)
        begin("citysync_peer_held", .gauge, "Its changesets held here, by reason.")
        for link in node.links {
            for reason in HeldReason.allCases {
                guard let count = link.held[reason], count > 0 else { continue }
                sample(
                    "citysync_peer_held",
                    [("peer", link.member.string), ("reason", reason.rawValue)],
                    "\(count)"
                )
            }
        }
    }

    private mutating func comparisons(_ node: NodeObservation) {
        perPeer("citysync_peer_records_differ", "Records that stay different from its.", node) {
            Double($0.comparison.standing)
        }
        perPeer("citysync_peer_compared_seconds", "Since its records were compared.", node) {
            $0.comparison.answeredMilliseconds.map { Double($0) / 1_000 }
        }
        begin("citysync_peer_comparisons_total", .counter, "Comparisons of records by result.")
        for link in node.links {
            let results = [
                ("equal", link.comparison.equal), ("differs", link.comparison.differing),
                ("unanswered", link.comparison.unanswered),
            ]
            for (result, count) in results {
                sample(
                    "citysync_peer_comparisons_total",
                    [("peer", link.member.string), ("result", result)],
                    "\(count)"
                )
            }
        }
    }

    private mutating func perPeer(
        _ name: String,
        _ help: String,
        _ node: NodeObservation,
        _ kind: Kind = .gauge,
        _ value: (NodeObservation.Link) -> Double?
    ) {
        begin(name, kind, help)
        for link in node.links {
            guard let value = value(link) else { continue }
            sample(name, [("peer", link.member.string)], MetricsText.number(value))
        }
    }

    private static func age(_ lag: PeerStatus.Lag?, _ node: NodeObservation) -> Double? {
        lag?.oldest.map { Double(max(0, node.now - $0.milliseconds)) / 1_000 }
    }

    /// Whole numbers without a point.
    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    // MARK: Requests

    private mutating func requests(_ meter: RequestMeter) {
        let all = meter.snapshot
        begin("citysync_http_requests_total", .counter, "Answered requests by route and status.")
        for (name, series) in all {
            for (status, count) in series.counts.sorted(by: { $0.key < $1.key }) {
                sample(
                    "citysync_http_requests_total",
                    [("route", name), ("status", "\(status)")],
                    "\(count)"
                )
            }
        }
        let histogram = "citysync_http_request_duration_seconds"
        begin(histogram, .histogram, "From a request's head to its answer's.")
        for (name, series) in all where series.total > 0 {
            var cumulative: UInt64 = 0
            for (index, count) in series.buckets.enumerated() {
                cumulative += count
                let isLast = index == RequestMeter.bounds.count
                let bound = isLast ? "+Inf" : MetricsText.number(RequestMeter.bounds[index])
                sample("\(histogram)_bucket", [("route", name), ("le", bound)], "\(cumulative)")
            }
            sample("\(histogram)_sum", [("route", name)], "\(series.seconds)")
            sample("\(histogram)_count", [("route", name)], "\(series.total)")
        }
    }
}
