import AllianceModel
import Testing

@testable import ReplicationCore

/// Definitions in which every merge and every authority is used.
enum WildSamples {
    static let codes = ["350100", "350128", "350300", "350700", "350900"]

    /// Variant 1 shares nothing with the whole alliance; variant 2 deletes for good.
    static func definition(variant: UInt64) throws -> ItemDefinition {
        let text = FieldType.text(maximumBytes: 8)
        let wide: Scope = variant == 1 ? .parties : .alliance
        let field = CaseSamples.field
        let listed = Authority.members(try ["350300", "350700"].map(CaseSamples.member))
        return ItemDefinition(
            item: "GJJ-07",
            version: 1,
            name: LocalizedName(zh: "全", en: "All"),
            deletion: variant == 2 ? .final : .revive,
            workflow: workflow(),
            fields: [
                field("accepted", text, .latest, .accepting, .parties, false),
                field("amount", .integer, .latest, .holder, .parties, false),
                field("decision", text, .review, .holder, wide, false),
                field("first", text, .once, .any, .parties, false),
                field("greatest", .integer, .maximum, .any, .parties, false),
                field("handled", text, .latest, .handling, wide, false),
                field("least", .integer, .minimum, .home, wide, false),
                field("letters", .set(of: .text(maximumBytes: 8)), .union, .any, .parties, false),
                field("listed", text, .latest, listed, wide, false),
                field("name", text, .latest, .any, .parties, false),
                field("note", text, .latest, .any, .private, false),
                field("open", .boolean, .latest, .any, wide, false),
                field("review", text, .review, .any, .parties, false),
                field("trips", .counter, .sum(limit: 5), .any, wide, false),
            ]
        )
    }

    private static func workflow() -> Workflow {
        Workflow(
            stages: ["accepted", "checked", "decided", "closed"],
            transitions: [
                Transition(from: "accepted", to: "checked", by: .holder, hand: true),
                Transition(from: "checked", to: "decided", by: .holder, hand: true),
                Transition(from: "checked", to: "accepted", by: .home),
                Transition(from: "decided", to: "closed", by: .handling),
                Transition(from: "decided", to: "accepted", by: .any),
            ]
        )
    }

    static let letters: [Text] = ["a", "b", "c", "d"]

    static func value(
        of field: FieldDefinition,
        _ random: inout SplitMix
    ) -> FieldValue {
        let number = Int64.random(in: 0..<4, using: &random)
        switch field.type {
        case .integer, .counter: return .integer(number)
        case .boolean: return .boolean(number > 1)
        default: return .text(letters[Int(number)])
        }
    }
}
