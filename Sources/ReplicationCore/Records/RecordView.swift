package import AllianceModel

/// A record as it is shown to a member: what its registers, its custody and its definition make of
/// its state.
package struct RecordView: Sendable {
    package let state: RecordState
    package let definition: ItemDefinition
    package let custody: Custody
    private let handling: HandlingOrder
    /// Whether fields of scope `parties` are left out.
    private let hidesPartiesFields: Bool

    /// `viewer`: the member it is shown to; nil: nobody, everything is for the rules to judge by.
    package init(
        _ state: RecordState,
        _ definition: ItemDefinition,
        viewer: MemberCode? = nil
    ) {
        self.state = state
        self.definition = definition
        custody = Custody(state.turns, home: state.header.home, accepting: state.key.origin)
        handling = HandlingOrder(state.assignments, home: state.header.home)
        hidesPartiesFields = viewer.map { !state.isParty($0) } ?? false
    }

    // MARK: Who sees what

    /// Whether fields of a scope are shown to the viewer: those of the parties only to whom is a
    /// party now.
    ///
    /// To have is not to be shown: a withdrawn party keeps what it has, and a dishonest one may tell
    /// its values to whom it likes.
    package func shows(_ scope: Scope) -> Bool { scope != .parties || !hidesPartiesFields }

    /// The same of a field of the definition or the system; nil, the record as a whole, is shown.
    package func shows(_ field: Text?) -> Bool {
        guard hidesPartiesFields, let field, let scope = definition.scope(of: field) else {
            return true
        }
        return shows(scope)
    }

    // MARK: The record

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

    /// The assignment that stands; nil: home handles by default.
    package var assignment: Dot? { state.field(SystemField.handling).flatMap(shown)?.dot }

    /// Who handles the record: home, or whom home assigned.
    package var handler: MemberCode {
        guard case .member(let member)? = shownValue(of: SystemField.handling) else {
            return state.header.home
        }
        return member
    }

    package var isDeleted: Bool { state.isDeleted }

    /// The members added beside home and accepting, sorted.
    package var addedParties: [MemberCode] {
        let added = state.field(SystemField.parties)?.members ?? []
        return added.filter { $0 != state.header.home && $0 != state.key.origin }
    }

    /// Home, accepting and the added parties, sorted.
    package var parties: [MemberCode] {
        Set(addedParties + [state.header.home, state.key.origin]).sorted()
    }

    /// The value of the field that the definition names as subject, as its canonical text.
    package var subject: Text? {
        guard let subject = definition.subject, shows(subject) else { return nil }
        return shownValue(of: subject)?.text
    }

    /// What a field of the definition shows: nil if it was never written, or is not for the viewer; a
    /// set as `.set`, a counter as its total; of several values under review the one that `latest`
    /// would show.
    package func value(of field: FieldDefinition) -> FieldValue? {
        guard shows(field.scope) else { return nil }
        return switch field.merge {
        case .union: .set(state.field(field.name)?.elements ?? [])
        case .sum: .integer(state.field(field.name)?.total ?? 0)
        default: shownValue(of: field.name)
        }
    }

    /// The different values that a field shows, sorted: several only under `review`.
    package func values(of field: FieldDefinition) -> [FieldValue] {
        guard shows(field.scope) else { return [] }
        guard case .review = field.merge else { return value(of: field).map { [$0] } ?? [] }
        let standing = state.field(field.name)?.standing ?? []
        return Set(standing.compactMap(\.single)).sorted()
    }

    /// The sibling that is shown of a field that holds one value; nil if none stands.
    package func shown(_ field: FieldState) -> StandingWrite? {
        guard field.standing.count > 1 else { return field.standing.first }
        return RegisterRanks(definition, field.name, custody, handling).greatest(field.standing)
    }

    private func shownValue(of name: Text) -> FieldValue? {
        state.field(name).flatMap(shown)?.single
    }
}

extension RecordState {
    /// Whether a member is home, accepting or an added party now.
    fileprivate func isParty(_ member: MemberCode) -> Bool {
        member == header.home || member == key.origin
            || field(SystemField.parties)?.members.contains(member) == true
    }
}

extension FieldState {
    /// Of a `union`: what stands, sorted.
    package var elements: [FieldValue] {
        var elements: Set<FieldValue> = []
        for write in standing {
            guard case .elements(let add, _) = ValueCoding.decode(write.value[...]) else {
                continue
            }
            elements.formUnion(add)
        }
        return elements.sorted()
    }

    /// Of `@parties`: who stands, sorted.
    var members: [MemberCode] {
        elements.compactMap { element in
            if case .member(let member) = element { member } else { nil }
        }
    }
}

extension StandingWrite {
    /// The value of a register that holds one: of a ruling, what was ruled.
    package var single: FieldValue? {
        switch ValueCoding.decode(value[...]) {
        case .single(let value), .ruling(let value): value
        case .elements, .deletion, nil: nil
        }
    }

    var isRuling: Bool {
        if case .ruling = ValueCoding.decode(value[...]) { true } else { false }
    }
}
