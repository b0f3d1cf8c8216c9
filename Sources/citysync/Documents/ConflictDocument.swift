/// A conflict as the API tells it.
struct ConflictDocument: Sendable {
    let document: JSON

    init(_ document: JSON) { self.document = document }

    init(_ answer: NodeClient.Answer) throws(Failure) {
        guard let document = JSON(answer.body), document["kind"]?.string != nil else {
            throw .notDone("The answer is no conflict.")
        }
        self.document = document
    }

    var id: String { document["id"]?.string ?? "?" }
    var record: String { document["record"]?.string ?? "?" }
    var item: String? { document["item"]?.string }
    /// Nil: the record as a whole.
    var field: String? { document["field"]?.string }
    var values: [JSON] { document["values"]?.array ?? [] }

    static let columns: [Listing.Column] = [
        .init(title: "CONFLICT", key: "id"), .init(title: "KIND", key: "kind"),
        .init(title: "RECORD", key: "record"), .init(title: "FIELD", key: "field"),
        .init(title: "VALUES", key: "values"), .init(title: "WAITS FOR", key: "owner"),
        .init(title: "SINCE", key: "since"), .init(title: "RULE", key: "rule", isWide: true),
    ]

    func row(_ format: OutputFormat) -> [Listing.Cell] {
        let waits = document["waits"]?.boolean == true
        let owner = document["owner"]?.string
        return [
            .init(id), .init(document["kind"]?.string ?? "?", colour: waits ? .yellow : .plain),
            .init(format == .wide ? record : RecordName.short(record), exact: record),
            .optional(field), .init(String(values.count)),
            waits ? .init(owner ?? "?", exact: owner ?? "") : .absent,
            .optional(document["since"]?.string), .optional(document["rule"]?.string),
        ]
    }

    /// The values by the numbers that `conflicts resolve --choose` takes.
    func valueListing(_ mask: FieldMask) -> Listing {
        var listing = Listing(columns: [
            .init(title: "N", key: "choose"), .init(title: "VALUE", key: "value"),
            .init(title: "WRITER", key: "writer"), .init(title: "TIME", key: "time"),
            .init(title: "STATE", key: "state"), .init(title: "WRITE", key: "dot", isWide: true),
        ])
        listing.rows = values.enumerated().map { index, value in
            let state =
                value["verdict"]?.string ?? (value["shown"]?.boolean == true ? "shown" : "kept")
            return [
                .init(String(index)), .optional(shown(value["value"] ?? .null, mask)),
                .optional(value["writer"]?.string), .optional(value["time"]?.string),
                .init(state), .optional(value["dot"]?.string),
            ]
        }
        return listing
    }

    /// Of records that collide the values are their ids, which hide nothing.
    private func shown(_ value: JSON, _ mask: FieldMask) -> String {
        field.map { mask.shown($0, value) } ?? value.plainText
    }

    func text(_ mask: FieldMask, ink: Ink) -> String {
        let waits = document["waits"]?.boolean == true
        let state = waits ? "waits for a decision" : isOpen ? "open, decided by rule" : "closed"
        var lines = [
            ink(Escaping.shown("\(id)  \(document["kind"]?.string ?? "?")"), .bold) + "  " + state
        ]
        func add(_ label: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            lines.append(DisplayWidth.padded(label, to: 12) + Escaping.shown(value))
        }
        add("record", record)
        add("item", item)
        add("field", field)
        add("since", document["since"]?.string)
        if waits { add("waits for", document["owner"]?.string) }
        add("rule", document["rule"]?.string)
        return lines.joined(separator: "\n") + "\n" + valueListing(mask).table(wide: true, ink: ink)
    }

    private var isOpen: Bool { document["open"]?.boolean == true }
}
