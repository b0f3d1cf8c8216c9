import AllianceModel

/// In what order the siblings of one field come: the greatest is shown.
struct RegisterRanks {
    private struct Rank: Comparable {
        /// The position of the turn or assignment, where the register goes by it.
        var position = 0
        /// The stage's place in the workflow.
        var stage = 0
        /// For an extreme: 1 for a value, 0 for null; then the value itself.
        var presence = 0
        var value: FieldValue?
        var timestamp: HybridTimestamp
        var dot: Dot
        /// The smaller value comes last, hence is shown.
        var isReversed = false

        static func < (left: Rank, right: Rank) -> Bool {
            let places = (left.position, left.stage, left.presence)
            let others = (right.position, right.stage, right.presence)
            guard places == others else { return places < others }
            if let value = left.value, let other = right.value, value != other {
                return left.isReversed ? other < value : value < other
            }
            return (left.timestamp, left.dot) < (right.timestamp, right.dot)
        }
    }

    private enum Order {
        case latest
        case maximum
        case minimum
        case earliest
        case turn
        case handling
        case stage(Workflow)
    }

    private let order: Order
    private let custody: Custody
    private let handling: HandlingOrder

    init(
        _ definition: ItemDefinition,
        _ field: Text,
        _ custody: Custody,
        _ handling: HandlingOrder
    ) {
        self.custody = custody
        self.handling = handling
        if field == SystemField.stage, let workflow = definition.workflow {
            order = .stage(workflow)
            return
        }
        let field = definition.field(field)
        order =
            switch (field?.merge, field?.authority) {
            case (.maximum, _): .maximum
            case (.minimum, _): .minimum
            case (.once, _): .earliest
            case (_, .holder): .turn
            case (_, .handling): .handling
            default: .latest
            }
    }

    func greatest(_ writes: [StandingWrite]) -> StandingWrite? {
        if case .earliest = order {
            let rulings = writes.filter(\.isRuling)
            return (rulings.isEmpty ? writes : rulings).min {
                ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot)
            }
        }
        return writes.map { (write: $0, rank: rank($0)) }.max { $0.rank < $1.rank }?.write
    }

    private func rank(_ write: StandingWrite) -> Rank {
        var rank = Rank(timestamp: write.effective, dot: write.dot)
        switch order {
        case .latest, .earliest: break
        case .maximum, .minimum:
            rank.value = write.single
            rank.presence = rank.value == nil || rank.value == .cleared ? 0 : 1
            if case .minimum = order { rank.isReversed = true }
        case .turn: rank.position = custody.position(of: write.ground)
        case .handling: rank.position = handling.position(of: write.ground)
        case .stage(let workflow):
            rank.position = custody.position(of: write.ground)
            if case .text(let name)? = write.single {
                rank.stage = workflow.position(of: name) ?? -1
            }
        }
        return rank
    }
}
