/// The stages of a case and who may move it between them.
package struct Workflow: Hashable, Sendable {
    /// In order; a case begins in the first.
    ///
    /// The order counts: of two concurrent moves in one turn the further stage is shown.
    package let stages: [Text]
    /// Sorted by their ends: in which order a file lists them means nothing.
    package let transitions: [Transition]

    package static let stageCountMaximum = 64
    package static let transitionCountMaximum = 1_024

    package init(stages: [Text], transitions: [Transition]) {
        self.stages = stages
        self.transitions = transitions.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    /// Where a case begins; nil only in an invalid workflow.
    package var initialStage: Text? { stages.first }

    /// How far a stage is, from 0; nil if it is none.
    package func position(of stage: Text) -> Int? { stages.firstIndex(of: stage) }

    package func transition(from: Text, to: Text) -> Transition? {
        transitions.first { $0.from == from && $0.to == to }
    }

    package func transitions(from stage: Text) -> [Transition] {
        transitions.filter { $0.from == stage }
    }
}

/// One move that a case may make.
package struct Transition: Hashable, Sendable {
    package let from: Text
    package let to: Text
    package let by: Authority
    /// Whether the move may hand the case over to another holder.
    package let hand: Bool

    package init(from: Text, to: Text, by: Authority, hand: Bool = false) {
        self.from = from
        self.to = to
        self.by = by.canonical
        self.hand = hand
    }
}
