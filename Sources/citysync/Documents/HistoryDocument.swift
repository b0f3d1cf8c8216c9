/// One write of a record's history as the API tells it.
struct HistoryDocument: Sendable {
    let document: JSON

    init(_ document: JSON) { self.document = document }

    static let columns: [Listing.Column] = [
        .init(title: "TIME", key: "time"), .init(title: "FIELD", key: "field"),
        .init(title: "VALUE", key: "value"), .init(title: "WRITER", key: "writer"),
        .init(title: "STATE", key: "state"), .init(title: "WRITE", key: "dot", isWide: true),
        .init(title: "SEEN", key: "seen", isWide: true),
        .init(title: "GROUND", key: "ground", isWide: true),
    ]

    func row(_ mask: FieldMask) -> [Listing.Cell] {
        let field = document["field"]?.string ?? "?"
        let seen = (document["seen"]?.array ?? []).map(\.plainText).joined(separator: " ")
        let verdict = document["verdict"]?.string
        return [
            .optional(document["time"]?.string), .init(field),
            .optional(mask.shown(field, document["value"] ?? .null)),
            .optional(document["writer"]?.string),
            .init(state, colour: verdict == nil ? .plain : .yellow),
            .optional(document["dot"]?.string), .optional(seen),
            .optional(document["ground"]?.string),
        ]
    }

    /// What became of the write, in one word.
    private var state: String {
        if let verdict = document["verdict"]?.string { return verdict }
        if document["shown"]?.boolean == true { return "shown" }
        return document["standing"]?.boolean == true ? "standing" : "replaced"
    }
}

/// Why a record looks as it does, as the API words it.
enum ExplanationText {
    static func listing(_ lines: [JSON], _ mask: FieldMask) -> Listing {
        var listing = Listing(columns: [
            .init(title: "FIELD", key: "field"), .init(title: "VALUE", key: "value"),
            .init(title: "TEXT", key: "text"), .init(title: "CONFLICT", key: "conflict"),
        ])
        listing.rows = lines.map { line in
            [
                .optional(line["field"]?.string), .optional(value(of: line, mask)),
                .optional(line["text"]?.string), .optional(line["conflict"]?.string),
            ]
        }
        return listing
    }

    /// The words one below the other, under the field that they are about.
    static func text(_ lines: [JSON], held: [JSON], _ mask: FieldMask, ink: Ink) -> String {
        var text = ""
        var field: String?
        for line in lines {
            let name = line["field"]?.string
            if let name, name != field {
                let value = value(of: line, mask)
                let shown = value.isEmpty ? "" : "  " + Escaping.shown(value)
                text += ink(Escaping.shown(name), .bold) + shown + "\n"
            }
            field = name
            var words = Escaping.shown(line["text"]?.string ?? "?")
            if let conflict = line["conflict"]?.string {
                words += "  (citysync conflicts show \(Escaping.shown(conflict)))"
            }
            text += (name == nil ? "" : "  ") + words + "\n"
        }
        for row in held {
            let words = [
                "held: \(row["reason"]?.string ?? "?")", row["detail"]?.string,
                row["owner"]?.string.map { "\($0) must act" },
            ].compactMap { $0 }.filter { !$0.isEmpty }
            text += ink(Escaping.shown(words.joined(separator: ", ")), .yellow) + "\n"
        }
        return text
    }

    private static func value(of line: JSON, _ mask: FieldMask) -> String {
        guard let field = line["field"]?.string else { return "" }
        return mask.shown(field, line["value"] ?? .null)
    }
}
