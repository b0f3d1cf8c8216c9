/// A refusal as the node words it: RFC 9457 `application/problem+json` with CitySync's members.
struct Problem: Hashable, Sendable {
    /// The HTTP status.
    var status: Int
    /// Stable; `nil` when what answered is not a node.
    var code: String?
    var detail: String?
    /// The field at fault; never its value.
    var field: String?
    /// Every further reason, where there are several (a refused definition).
    var reasons: [String] = []

    init(status: Int, code: String?, detail: String? = nil, field: String? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
    }

    init(status: Int, body: [UInt8]) {
        let document = JSON(body)
        self.init(
            status: status,
            code: document?["code"]?.string,
            detail: document?["detail"]?.string ?? document?["title"]?.string,
            field: document?["field"]?.string
        )
        reasons = (document?["reasons"]?.array ?? []).map(Problem.reason)
    }

    /// `fields.note.merge: is not built yet; use latest`.
    private static func reason(_ entry: JSON) -> String {
        let remedy = entry["remedy"]?.string.map { "; \($0)" } ?? ""
        return [entry["key"]?.string, entry["detail"]?.string]
            .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ") + remedy
    }

    /// Plain words for standard error: what was refused, each reason, and what helps.
    var message: String {
        var first = "Refused: \(code ?? "HTTP status") (\(status))"
        if code == nil { first = "Refused with HTTP status \(status)" }
        if let field { first += ", field \(field)" }
        if let detail, !detail.isEmpty { first += ": \(detail)" }
        var lines = [Escaping.shown(first)] + reasons.map { "  - " + Escaping.shown($0) }
        if let remedy { lines.append("  Do: " + remedy) }
        if status >= 500 && !isDefinite {
            lines.append(
                "  It is not known whether the node carried this out; look before you repeat."
            )
        }
        return lines.joined(separator: "\n")
    }

    /// A 503 with a listed code stored nothing and never will; any other 5xx leaves it open.
    private var isDefinite: Bool {
        status == 503 && ["store_stopped", "clock_beyond_bound"].contains(code)
    }

    /// What helps with this code, where more than the reason itself can be said.
    private var remedy: String? {
        switch code {
        case "token_missing":
            "give --token-file F or CITYSYNC_TOKEN_FILE (a token is made with: citysync token new), "
                + "or use the local socket (--api unix:PATH)."
        case "token_invalid":
            "see citysync token list at the node; make another with citysync token new, and let the "
                + "node read it with SIGHUP."
        case "role_insufficient": "use a token of a higher role, or the local socket."
        case "host_refused":
            "call the node by a loopback address or a name in api.hosts of node.yaml."
        case "route_unknown":
            "see that --api names a CitySync node and that citysync and citysyncd are of one version."
        case "record_unknown":
            "see citysync records list; another member may not share it with this one."
        case "conflict_unknown":
            "see citysync conflicts list --all: it may be decided, or have a new id since another write "
                + "joined it."
        case "held_unknown": "see citysync held list: it may have taken effect by itself."
        case "item_unknown": "see citysync items list."
        case "item_not_effective":
            "see citysync items list: the members have to approve it, and its time has to come."
        case "member_unknown": "see citysync members list."
        case "token_unknown":
            "read the record again (citysync records get ID -o json) and repeat with its ETag."
        case "key_reused": "use another --idempotency-key for another request."
        case "already_set": "home may overrule it with a ruling."
        case "transition_refused":
            "see citysync records get ID for stage and holder, and citysync items show ITEM for the moves."
        case "too_many": "wait a little and repeat."
        case "store_stopped": "see citysync status and the node's log; the disk may be full."
        case "clock_beyond_bound": "set the node's clock right (see citysync status)."
        default: nil
        }
    }
}
