/// One version of an item as the API tells it.
struct ItemDocument: Sendable {
    struct Proposal: Sendable {
        /// Of the proposal: what an approval names.
        var digest: String
        var definitionDigest: String?
        /// Only where it is another than the item's own: a rival proposal of the same version.
        var definition: JSON?
        var proposer: String?
        /// The codes of the members who approved.
        var approvals: [String]

        var summary: String {
            let names = approvals.isEmpty ? "nobody" : approvals.joined(separator: " ")
            return "proposed by \(proposer ?? "?"), approved by \(names)"
        }
    }

    let document: JSON

    init(_ document: JSON) { self.document = document }

    init(_ answer: NodeClient.Answer) throws(Failure) {
        guard let document = JSON(answer.body), document["item"]?.string != nil else {
            throw .notDone("The answer is no item.")
        }
        self.document = document
    }

    var code: String { document["item"]?.string ?? "?" }
    var version: String { document["version"]?.plainText ?? "?" }
    var definition: JSON? { document["definition"] }
    var digest: String? { document["definitionDigest"]?.string }

    var name: String? {
        let name = definition?["name"] ?? document["name"]
        return name?.string ?? name?["zh"]?.string ?? name?["en"]?.string
    }

    var title: String {
        Escaping.shown(
            ["\(code) version \(version)", name].compactMap { $0 }.joined(separator: " ")
        )
    }

    var proposals: [Proposal] {
        (document["proposals"]?.array ?? []).compactMap { entry in
            guard let digest = entry["digest"]?.string else { return nil }
            return Proposal(
                digest: digest,
                definitionDigest: entry["definitionDigest"]?.string,
                definition: entry["definition"],
                proposer: entry["proposer"]?.string,
                approvals: (entry["approvals"]?.array ?? []).compactMap { $0["member"]?.string }
            )
        }
    }

    /// The same version as this proposal would have it.
    func proposed(by proposal: Proposal) -> ItemDocument {
        guard var members = document.object else { return self }
        if let definition = proposal.definition { members["definition"] = definition }
        let digest = proposal.definitionDigest ?? self.digest
        members["definitionDigest"] = digest.map(JSON.string)
        let list = document["proposals"]?.array ?? []
        members["proposals"] = .array(
            list.filter { $0["digest"]?.string == proposal.digest }
        )
        return ItemDocument(.object(members))
    }

    /// Each field's definition by its name; empty when the node gave none.
    var fields: [String: JSON] { definition?["fields"]?.object ?? [:] }
}

extension ItemDocument {
    func row(format: OutputFormat) -> [Listing.Cell] {
        let short = digest.map { format == .wide ? $0 : String($0.prefix(12)) }
        return [
            .init(code), .init(version), .optional(name), .optional(document["state"]?.string),
            .init(approvalCounts), .optional(definition?["effective"]?.string),
            short.map { .init($0, exact: digest) } ?? .absent,
        ]
    }

    /// The approvals of each proposal: `3`, or `3 1` where two proposals compete.
    private var approvalCounts: String {
        let counts = proposals.map { String($0.approvals.count) }
        return counts.isEmpty ? "-" : counts.joined(separator: " ")
    }

    /// What `propose` and `approve` print.
    static let outcome = Listing(columns: [
        .init(title: "ITEM", key: "item"), .init(title: "VERSION", key: "version"),
        .init(title: "STATE", key: "state"), .init(title: "APPROVALS", key: "approvals"),
        .init(title: "DIGEST", key: "digest"),
    ])

    var outcomeRow: [Listing.Cell] {
        [
            .init(code), .init(version), .optional(document["state"]?.string),
            .init(approvalCounts),
            .optional(digest ?? proposals.first?.digest),
        ]
    }

    var fieldListing: Listing {
        var listing = Listing(columns: [
            .init(title: "FIELD", key: "field"), .init(title: "TYPE", key: "type"),
            .init(title: "MERGE", key: "merge"), .init(title: "AUTHORITY", key: "authority"),
            .init(title: "SCOPE", key: "scope"), .init(title: "REQUIRED", key: "required"),
            .init(title: "SENSITIVE", key: "sensitive"),
        ])
        listing.rows = fields.sorted { $0.key < $1.key }.map { name, field in
            let flags = ["required", "sensitive"].map { field[$0]?.boolean == true }
            let authority = field["authority"]
            let members = authority?.array?.map(\.plainText).joined(separator: " ")
            return [
                .init(name), .optional(ItemDocument.type(field)),
                .optional(ItemDocument.merge(field)),
                .optional(members ?? authority?.plainText), .optional(field["scope"]?.string),
            ] + flags.map { .init($0 ? "yes" : "-", exact: $0 ? "true" : "false") }
        }
        return listing
    }

    private static func merge(_ field: JSON) -> String? {
        guard let merge = field["merge"]?.string else { return nil }
        return field["limit"]?.integer.map { "\(merge) (limit \($0))" } ?? merge
    }

    private static func type(_ field: JSON) -> String? {
        guard let type = field["type"]?.string else { return nil }
        let details = [
            field["of"]?.string.map { "of \($0)" },
            field["values"]?.array?.map(\.plainText).joined(separator: " "),
            field["scale"]?.integer.map { "scale \($0)" },
            field["unit"]?.string,
        ].compactMap { $0 }
        return details.isEmpty ? type : "\(type) (\(details.joined(separator: ", ")))"
    }

    func text(ink: Ink) -> String {
        var lines = [ink(title, .bold) + "  \(Escaping.shown(document["state"]?.string ?? "?"))"]
        func add(_ label: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            lines.append(DisplayWidth.padded(label, to: 12) + Escaping.shown(value))
        }
        add("english", definition?["name"]?["en"]?.string)
        add("digest", digest)
        add("effective", definition?["effective"]?.string ?? "as soon as agreed")
        for key in ["class", "subject", "deletion"] { add(key, definition?[key]?.string) }
        add("unique", definition?["unique"]?.array?.map(\.plainText).joined(separator: " "))
        let workflow = definition?["workflow"]
        add("stages", workflow?["stages"]?.array?.map(\.plainText).joined(separator: " "))
        for move in workflow?["transitions"]?.array ?? [] {
            let ends = [move["from"]?.string, move["to"]?.string].map { $0 ?? "?" }
            let hand = move["hand"]?.boolean == true ? ", may hand over" : ""
            add("move", "\(ends[0]) -> \(ends[1]) by \(move["by"]?.plainText ?? "?")\(hand)")
        }
        for proposal in proposals { add("proposal", "\(proposal.digest) \(proposal.summary)") }
        return lines.joined(separator: "\n") + "\n" + fieldListing.table(wide: true, ink: ink)
    }
}
