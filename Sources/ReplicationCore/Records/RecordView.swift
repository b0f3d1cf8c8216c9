package import AllianceModel

/// A record as it is shown: what its registers, its custody and its definition make of its state.
package struct RecordView: Sendable {
    package let state: RecordState
    package let definition: ItemDefinition
    package let custody: Custody

    package init(_ state: RecordState, _ definition: ItemDefinition) {
        self.state = state
        self.definition = definition
        custody = Custody(state.turns, home: state.header.home, accepting: state.key.origin)
    }

    /// Whose turn it is; nil for a plain record.
    package var holder: MemberCode? { definition.workflow == nil ? nil : custody.holder }

    /// Turns on the chain, 0 at creation; nil for a plain record.
    package var turn: Int? { definition.workflow == nil ? nil : custody.chain.count }

    /// Nil for a plain record.
    package var stage: Text? {
        guard definition.workflow != nil,
            case .text(let stage)? = shownValue(of: SystemField.stage)
        else { return nil }
        return stage
    }

    /// The members added beside home and accepting, sorted.
    package var addedParties: [MemberCode] {
        elements(of: SystemField.parties).compactMap { element in
            if case .member(let member) = element { member } else { nil }
        }
    }

    /// Home, accepting and the added parties, sorted.
    package var parties: [MemberCode] {
        Set(addedParties + [state.header.home, state.key.origin]).sorted()
    }

    /// The value of the field that the definition names as subject, as its canonical text.
    package var subject: Text? {
        definition.subject.flatMap { shownValue(of: $0)?.text }
    }

    /// What a field of the definition shows: nil if it was never written; a set as `.set`.
    package func value(of field: FieldDefinition) -> FieldValue? {
        if case .union = field.merge { return .set(elements(of: field.name)) }
        return shownValue(of: field.name)
    }

    /// The sibling that is shown of a field that holds one value; nil if none stands.
    package func shown(_ field: FieldState) -> StandingWrite? {
        guard field.standing.count > 1 else { return field.standing.first }
        let ranks = RegisterRanks(self, field.name)
        return field.standing.max { ranks.rank($0) < ranks.rank($1) }
    }

    private func shownValue(of name: Text) -> FieldValue? {
        state.field(name).flatMap(shown).flatMap { ValueCoding.decodeSingle($0.value[...]) }
    }

    private func elements(of name: Text) -> [FieldValue] {
        var elements: Set<FieldValue> = []
        for write in state.field(name)?.standing ?? [] {
            guard case .elements(let add, _) = ValueCoding.decode(write.value[...]) else {
                continue
            }
            elements.formUnion(add)
        }
        return elements.sorted()
    }
}

/// In what order the siblings of one field come: the greatest is shown.
private struct RegisterRanks {
    struct Rank: Comparable {
        /// The position on the custody chain, where the register goes by it; else 0.
        var turn: Int
        /// The stage's place in the workflow, for `@stage`; else 0.
        var stage: Int
        var timestamp: HybridTimestamp
        var dot: Dot

        static func < (left: Rank, right: Rank) -> Bool {
            (left.turn, left.stage, left.timestamp, left.dot)
                < (right.turn, right.stage, right.timestamp, right.dot)
        }
    }

    private let view: RecordView
    private let goesByTurn: Bool
    private let workflow: Workflow?

    init(_ view: RecordView, _ field: Text) {
        self.view = view
        if field == SystemField.stage {
            goesByTurn = true
            workflow = view.definition.workflow
        } else {
            goesByTurn = view.definition.field(field)?.authority == .holder
            workflow = nil
        }
    }

    func rank(_ write: StandingWrite) -> Rank {
        var stage = 0
        if let workflow, case .text(let name)? = ValueCoding.decodeSingle(write.value[...]) {
            stage = workflow.position(of: name) ?? -1
        }
        return Rank(
            turn: goesByTurn ? view.custody.position(of: write.ground) : 0,
            stage: stage,
            timestamp: write.timestamp,
            dot: write.dot
        )
    }
}
