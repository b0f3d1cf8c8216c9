/// A record as the API tells it.
struct RecordDocument: Sendable {
    let document: JSON

    init(_ document: JSON) { self.document = document }

    init(_ answer: NodeClient.Answer) throws(Failure) {
        guard let document = JSON(answer.body), document["id"]?.string != nil else {
            throw .notDone("The answer is no record.")
        }
        self.document = document
    }

    var id: String { document["id"]?.string ?? "?" }
    var item: String? { document["item"]?.string }
    var version: String? { document["version"]?.plainText }
    var fields: [String: JSON] { document["fields"]?.object ?? [:] }
}

/// The definitions of items, asked for once each.
struct Definitions {
    private let node: NodeClient
    private var known: [String: [String: JSON]?] = [:]

    init(_ node: NodeClient) { self.node = node }

    /// The fields of an item's version; nil when the node does not tell.
    mutating func fields(item: String, version: String?) async throws -> [String: JSON]? {
        let path = ["items", item] + (version.map { [$0] } ?? [])
        let key = path.joined(separator: "/")
        if let fields = known[key] { return fields }
        do {
            let fields = try ItemDocument(try await node.get(path)).fields
            known[key] = fields
            return fields
        } catch Failure.refused {
            known[key] = .some(nil)
            return nil
        }
    }
}

/// Keeps personal values off the screen.
struct FieldMask: Sendable {
    static let hidden = "***"

    var showsSensitive: Bool
    /// Nil when the definition is not known: then everything is hidden, since anything could be
    /// sensitive.
    var definitions: [String: JSON]?

    func shown(_ name: String, _ value: JSON) -> String {
        if value == .null { return "" }
        // The record's own fields hold members and stages.
        let isOwn = name.hasPrefix("@")
        let isSensitive =
            !isOwn && definitions.map { $0[name]?["sensitive"]?.boolean ?? false } ?? true
        return isSensitive && !showsSensitive ? FieldMask.hidden : value.plainText
    }
}

extension RecordDocument {
    static let columns: [Listing.Column] = [
        .init(title: "RECORD", key: "id"), .init(title: "ITEM", key: "item"),
        .init(title: "VERSION", key: "version", isWide: true), .init(title: "STAGE", key: "stage"),
        .init(title: "HOLDER", key: "holder"), .init(title: "HOME", key: "home"),
        .init(title: "ACCEPTING", key: "accepting", isWide: true),
        .init(title: "PARTIES", key: "parties", isWide: true),
        .init(title: "TURN", key: "turn", isWide: true),
        .init(title: "CONFLICTS", key: "conflicts"), .init(title: "UPDATED", key: "updated"),
        .init(title: "FIELDS", key: "fields", isWide: true),
    ]

    func row(_ mask: FieldMask) -> [Listing.Cell] {
        let conflicts = document["conflicts"]?.array?.count ?? 0
        let values = fields.sorted { $0.key < $1.key }
            .map { ($0.key, mask.shown($0.key, $0.value)) }
            .filter { !$0.1.isEmpty }
            .map { "\($0.0)=\($0.1)" }
        func plain(_ key: String) -> Listing.Cell { .optional(document[key]?.plainText) }
        return [
            .init(id), plain("item"), plain("version"), plain("stage"), plain("holder"),
            plain("home"),
            plain("accepting"),
            .optional(document["parties"]?.array?.map(\.plainText).joined(separator: " ")),
            plain("turn"),
            .init(String(conflicts), colour: conflicts > 0 ? .yellow : .plain), plain("updated"),
            .optional(values.joined(separator: " ")),
        ]
    }

    /// One line for each member and field, for eyes.
    func text(_ mask: FieldMask, etag: String?, ink: Ink) -> String {
        var lines = [ink(Escaping.shown(id), .bold)]
        func add(_ label: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            lines.append(DisplayWidth.padded(label, to: 12) + Escaping.shown(value))
        }
        add(
            "item",
            [item, version.map { "version \($0)" }].compactMap { $0 }.joined(separator: " ")
        )
        for key in ["home", "accepting"] { add(key, document[key]?.plainText) }
        add("parties", document["parties"]?.array?.map(\.plainText).joined(separator: " "))
        for key in ["stage", "holder", "turn", "created", "updated", "deleted"] {
            add(key, document[key]?.plainText)
        }
        add("conflicts", document["conflicts"]?.array?.map(\.plainText).joined(separator: " "))
        add("etag", etag)
        var listing = Listing(columns: [
            .init(title: "FIELD", key: "field"), .init(title: "VALUE", key: "value"),
        ])
        listing.rows = fields.sorted { $0.key < $1.key }.map { name, value in
            [.init(name), .optional(mask.shown(name, value))]
        }
        return lines.joined(separator: "\n") + "\n" + listing.table(wide: true, ink: ink)
    }
}
