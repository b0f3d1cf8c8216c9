/// In which way a dishonest member lies, once.
enum Lie: String, CaseIterable {
    /// A write to a field that another may write.
    case unauthorised
    /// A write, or a move, on a turn that is over.
    case oldTurn = "old-turn"
    /// A context that names what nobody ever wrote.
    case falseContext = "false-context"
    /// A timestamp of long ago.
    case backdated
    /// A timestamp of tomorrow.
    case postdated
    /// A field's value where its scope does not allow it.
    case wrongAudience = "wrong-audience"
    /// One dot, two contents.
    case numberTwice = "number-twice"
    /// Turns that follow each other in a circle.
    case circle
    /// Parties values for some of the parties only.
    case withheld
    /// A number that leaves a gap.
    case gap
    /// A value that is none of its field's.
    case malformed
    /// An entry of a kind that nobody knows.
    case unknownKind = "unknown-kind"
    /// A stage that no move leads to.
    case stage
    /// An addition of a party by somebody who may not.
    case party
    /// A record in another's name.
    case foreignRecord = "foreign-record"
    /// Another header under an id that is taken.
    case secondHeader = "second-header"
}
