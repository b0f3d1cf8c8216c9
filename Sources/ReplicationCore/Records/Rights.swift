import AllianceModel

/// What authority is judged by, for drafts and for what arrives alike.
struct Rights {
    let home: MemberCode
    let accepting: MemberCode
    /// Beside home and accepting; everybody ever validly added.
    let everParties: [MemberCode]
    let custody: Custody
    let handling: HandlingOrder
    /// Turns and assignments that were taken in and are nothing to anybody.
    private let nothing: [Text: Set<Dot>]
    /// Whether an addition to the parties may be lost.
    private let isAdditionLost: Bool

    init(_ state: RecordState, nothing: [Text: Set<Dot>] = [:], facts: RecordFacts = .none) {
        self.nothing = nothing
        isAdditionLost = facts.mayHaveLostAdditions(state.header.home, state.key.origin)
        home = state.header.home
        accepting = state.key.origin
        everParties = state.everParties
        custody = Custody(state.turns, home: home, accepting: accepting)
        handling = HandlingOrder(state.assignments, home: home)
    }

    /// Of a record that is being made.
    init(home: MemberCode, accepting: MemberCode, everParties: [MemberCode]) {
        self.home = home
        self.accepting = accepting
        self.everParties = everParties
        custody = Custody([], home: home, accepting: accepting)
        handling = HandlingOrder([], home: home)
        nothing = [:]
        isAdditionLost = false
    }

    /// Whether a member that stands on the first turn, and on home's handling by default, may write a
    /// field.
    func mayWriteFirst(_ field: FieldDefinition, _ member: MemberCode) -> Bool {
        switch field.authority {
        case .holder: member == accepting
        case .handling: member == home
        default: isAllowed(member, field.authority, field.scope)
        }
    }

    func isEverParty(_ member: MemberCode) -> Bool {
        member == home || member == accepting || everParties.contains(member)
    }

    /// What the ground of a write is; `field`: `@turn` or `@handling`.
    func ground(_ dot: Dot?, _ field: Text?) -> Ground {
        let found = field == SystemField.handling ? handling.ground(dot) : custody.ground(dot)
        if let found { return found }
        guard let dot, let field, nothing[field]?.contains(dot) == true else { return .missing }
        return .nothing
    }

    /// Home and accepting change the parties.
    func mayChangeParties(_ member: MemberCode) -> Bool { member == home || member == accepting }

    /// Whose authority does not rest on a turn or an assignment: whether the member has it.
    func isAllowed(_ member: MemberCode, _ authority: Authority, _ scope: Scope) -> Bool {
        switch authority {
        case .any: scope != .parties || isEverParty(member)
        case .home: member == home
        case .accepting: member == accepting
        case .members(let members): members.contains(member)
        case .holder, .handling: false
        }
    }

    /// Why a member without such an authority has none: under `any` its addition to the parties may be
    /// lost, and then its writer need not have lied.
    func refusal(_ authority: Authority) -> Verdict {
        authority == .any && isAdditionLost ? .groundGone : .unauthorised
    }

    /// Under `holder` or `handling`: by what its writer stood on.
    ///
    /// `hasSeenLater`: whether its writer had seen another member's valid write that stands on a turn
    /// or assignment behind that position; asked only where all else is well.
    func verdict(
        of member: MemberCode,
        on ground: Ground,
        hasSeenLater: (_ position: Int) -> Bool
    ) -> Verdict? {
        switch ground {
        case .missing: return .groundGone
        case .nothing: return .overruled
        case .naming(let named, let position):
            guard let position else { return .overruled }
            guard named == member else { return .unauthorised }
            return hasSeenLater(position) ? .unauthorised : nil
        }
    }

    /// A move between stages; its ground is always a turn.
    func verdict(
        ofMoveFrom beginning: Beginning,
        to stage: Text,
        in workflow: Workflow,
        _ scope: Scope,
        of member: MemberCode,
        on ground: Ground,
        hasSeenLater: (_ position: Int) -> Bool
    ) -> Verdict? {
        switch ground {
        case .missing: return .groundGone
        case .nothing, .naming(_, position: nil): return .overruled
        case .naming: break
        }
        let isValid = beginning.authorities(ofMoveTo: stage, in: workflow).contains { by in
            switch by {
            case .holder:
                verdict(of: member, on: ground, hasSeenLater: hasSeenLater) == nil
            case .handling: handling.everNamed(member)
            case .any, .home, .accepting, .members: isAllowed(member, by, scope)
            }
        }
        return isValid ? nil : .unauthorised
    }
}

/// Where a move began, as its writer had seen it.
enum Beginning {
    /// It had seen no stage: the case begins.
    case none
    case stage(Text)
    /// It had seen a move that is lost, or nothing to anybody: it cannot be told, and its writer need
    /// not have lied.
    case unknown

    /// Whose such a move is; one of them is enough.
    func authorities(ofMoveTo stage: Text, in workflow: Workflow) -> [Authority] {
        if case .unknown = self {
            return workflow.transitions.filter { $0.to == stage }.map(\.by)
        }
        return authority(ofMoveTo: stage, in: workflow).map { [$0] } ?? []
    }

    /// The same where it is known where the move began; nil if there is no such move.
    func authority(ofMoveTo stage: Text, in workflow: Workflow) -> Authority? {
        switch self {
        // As accepting makes the case.
        case .none where stage == workflow.initialStage: .accepting
        case .none:
            workflow.initialStage.flatMap { workflow.transition(from: $0, to: stage) }?.by
        case .stage(let from): workflow.transition(from: from, to: stage)?.by
        case .unknown: nil
        }
    }
}
