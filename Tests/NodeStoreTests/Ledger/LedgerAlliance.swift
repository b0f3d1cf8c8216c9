import AllianceModel
import NodeStore
import ReplicationCore
import Testing

/// The item that ledgers are tested with: a case, with fields of every scope.
enum LedgerItem {
    static let code: Text = "TEST-01"

    static func definition(_ name: Text = "Trial", of item: Text = code) -> ItemDefinition {
        let text = FieldType.text(maximumBytes: 100)
        return ItemDefinition(
            item: item,
            version: 1,
            name: LocalizedName(zh: "试验", en: name),
            workflow: Workflow(
                stages: ["accepted", "checked", "decided"],
                transitions: [
                    Transition(from: "accepted", to: "checked", by: .holder, hand: true),
                    Transition(from: "checked", to: "decided", by: .holder),
                ]
            ),
            fields: [
                field("applicant", text, .latest, .accepting, .parties, isRequired: true),
                field("decision", text, .latest, .holder, .parties),
                field(
                    "materials",
                    .set(of: .text(maximumBytes: 100)),
                    .union,
                    .any,
                    .parties
                ),
                field("memo", text, .latest, .any, .parties),
                field("note", text, .latest, .any, .private),
                field("open", text, .latest, .any, .alliance),
                field("trips", .counter, .sum(limit: nil), .any, .parties),
                field("bank", text, .review, .any, .parties),
                field("permit", text, .once, .accepting, .parties),
            ]
        )
    }

    private static func field(
        _ name: Text,
        _ type: FieldType,
        _ merge: Merge,
        _ authority: Authority,
        _ scope: Scope,
        isRequired: Bool = false
    ) -> FieldDefinition {
        FieldDefinition(
            name: name,
            type: type,
            merge: merge,
            authority: authority,
            scope: scope,
            isRequired: isRequired
        )
    }
}

extension FieldRequest {
    static func set(_ name: Text, _ value: Text) -> FieldRequest {
        FieldRequest(name: name, change: .set(.text(value)))
    }

    static func add(_ name: Text, _ elements: [Text]) -> FieldRequest {
        FieldRequest(name: name, change: .elements(add: elements.map { .text($0) }, remove: []))
    }
}

/// Three cities that agreed the item.
struct LedgerAlliance {
    let cities: [LedgerCity]
    let definition: Digest

    var fuzhou: LedgerCity { cities[0] }
    var putian: LedgerCity { cities[1] }
    var nanping: LedgerCity { cities[2] }

    init() throws {
        cities = try ["350100", "350300", "350700"].map { try LedgerCity($0) }
        let vote = try cities[0].propose(LedgerItem.definition()).get()
        definition = try #require(
            cities[0].ledger.agreement.proposal(vote.proposal)?.definitionDigest
        )
        for city in cities.dropFirst() {
            try city.takeAll(from: cities[0])
            _ = try city.approve(vote.proposal).get()
        }
        try exchange()
        for city in cities { #expect(city.ledger.agreement.isAgreed(definition)) }
    }

    /// Everything reaches everybody.
    func exchange() throws {
        for city in cities {
            for other in cities where other !== city { try city.takeAll(from: other) }
        }
    }

    /// A case accepted in Fuzhou for Putian.
    func accept(
        _ fields: [FieldRequest] = [.set("applicant", "林小明")]
    ) throws -> (id: RecordIdentifier, token: String) {
        let answer = try fuzhou.create(fields, home: "350300", under: definition).get()
        return (answer.snapshot.state.key.identifier, answer.snapshot.token)
    }
}
