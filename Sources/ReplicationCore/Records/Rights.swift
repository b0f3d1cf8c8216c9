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

    init(_ state: RecordState, nothing: [Text: Set<Dot>] = [:]) {
        self.nothing = nothing
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
    ///
    /// `from` is the stage that its writer had seen; nil if it had seen none: a case begins in the
    /// first stage, as accepting makes it.
    func verdict(
        ofMove move: (from: Text?, to: Text),
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
        guard let by = Rights.authority(ofMove: move, in: workflow) else { return .unauthorised }
        switch by {
        case .holder: return verdict(of: member, on: ground, hasSeenLater: hasSeenLater)
        case .handling: return handling.everNamed(member) ? nil : .unauthorised
        case .any, .home, .accepting, .members:
            return isAllowed(member, by, scope) ? nil : .unauthorised
        }
    }

    /// Nil if the workflow has no such move.
    static func authority(ofMove move: (from: Text?, to: Text), in workflow: Workflow) -> Authority?
    {
        if move.from == nil, move.to == workflow.initialStage { return .accepting }
        guard let from = move.from ?? workflow.initialStage else { return nil }
        return workflow.transition(from: from, to: move.to)?.by
    }
}
