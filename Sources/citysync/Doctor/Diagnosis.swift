/// One thing that was looked at, and what to do about it.
struct Diagnosis: Hashable, Sendable {
    enum Level: String, Hashable, Sendable {
        case ok, warn, fail

        var word: String { rawValue.uppercased() }

        var colour: Ink.Colour {
            switch self {
            case .ok: .green
            case .warn: .yellow
            case .fail: .red
            }
        }
    }

    var level: Level
    /// What was looked at: `certificate`, `peer 350300`.
    var check: String
    var text: String
    var remedy: String?

    static func ok(_ check: String, _ text: String) -> Diagnosis {
        Diagnosis(level: .ok, check: check, text: text)
    }

    static func warn(_ check: String, _ text: String, _ remedy: String?) -> Diagnosis {
        Diagnosis(level: .warn, check: check, text: text, remedy: remedy)
    }

    static func fail(_ check: String, _ text: String, _ remedy: String?) -> Diagnosis {
        Diagnosis(level: .fail, check: check, text: text, remedy: remedy)
    }

    static func listing(_ all: [Diagnosis]) -> Listing {
        var listing = Listing(columns: [
            .init(title: "LEVEL", key: "level"), .init(title: "CHECK", key: "check"),
            .init(title: "FOUND", key: "text"), .init(title: "WHAT TO DO", key: "remedy"),
        ])
        listing.rows = all.map { found in
            [
                .init(found.level.word, exact: found.level.rawValue, colour: found.level.colour),
                .init(found.check), .init(found.text), .optional(found.remedy),
            ]
        }
        return listing
    }

    var json: JSON {
        .object([
            "level": .string(level.rawValue), "check": .string(check), "text": .string(text),
            "remedy": remedy.map(JSON.string) ?? .null,
        ])
    }
}
