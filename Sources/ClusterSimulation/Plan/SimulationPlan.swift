/// Everything that a run is made from: the same plan gives the same run, to the last byte.
package struct SimulationPlan: Hashable, Sendable {
    /// Of what is drawn beside the events: definitions, delays, incarnations.
    package var seed: UInt64
    package var memberCount: Int
    /// Whether the disks' syncs make anything durable; false for the control.
    package var syncs: Bool
    /// Index of the member that lies; nil: all are honest.
    package var liar: Int?
    /// When the faults end, in virtual milliseconds.
    package var faultMilliseconds: Int64
    /// Sorted by time.
    package var events: [PlannedEvent]

    package init(
        seed: UInt64,
        memberCount: Int,
        syncs: Bool,
        liar: Int? = nil,
        faultMilliseconds: Int64,
        events: [PlannedEvent]
    ) {
        self.seed = seed
        self.memberCount = memberCount
        self.syncs = syncs
        self.liar = liar
        self.faultMilliseconds = faultMilliseconds
        self.events = events
    }

    package var faultCount: Int { events.count { $0.action.isFault } }
}

extension SimulationPlan {
    /// What a seed must hold at least.
    package enum Least {
        package static let writes = 200
        package static let faults = 50
        package static let faultKinds = 6
        package static let crashes = 2
    }

    /// How often each action is drawn, relative to each other.
    private static let operationWeights: [(PlannedAction, Int)] = [
        (.create, 16), (.update, 50), (.retry, 8), (.move, 12), (.hand, 8), (.claw, 5),
        (.parties, 6), (.assign, 4), (.rule, 3), (.resolve, 6), (.delete, 3), (.propose, 1),
        (.vote, 3), (.backup, 2),
    ]
    private static let faultWeights: [(PlannedAction, Int)] = [
        (.powerCut, 6), (.kill, 5), (.restart, 3), (.crashBetween, 6), (.crashWithin, 6),
        (.readFailure, 1), (.writeFailure, 2), (.syncFailure, 2), (.fullDisk, 2),
        (.clockStep, 4), (.clockLeap, 3), (.clockDrift, 3), (.cut, 10), (.partition, 8),
        (.oneWay, 6), (.slow, 4),
    ]

    /// Of disks that are copied, set back, lost and damaged.
    private static let storageWeights: [(PlannedAction, Int)] = [
        (.corruption, 3), (.restore, 4), (.replace, 1), (.clone, 2), (.twin, 3),
    ]

    /// The kinds of faults that plans are made of.
    package static var faultsDrawn: [PlannedAction] {
        (faultWeights + storageWeights).map(\.0)
    }

    /// The plan of a seed.
    package init(
        seed: UInt64,
        members: ClosedRange<Int> = 3...5,
        syncs: Bool = true,
        storage: Bool = true
    ) {
        var random = SeededRandom(seed: seed &* 0x9e37_79b9 &+ 0x51ed)
        let memberCount = Int(
            random.between(Int64(members.lowerBound), Int64(members.upperBound))
        )
        let faultMilliseconds = random.between(40_000, 120_000)
        var events: [PlannedEvent] = []
        func add(_ count: Int, _ weights: [(PlannedAction, Int)], from start: Int64) {
            for _ in 0..<count {
                events.append(
                    PlannedEvent(
                        at: random.between(start, faultMilliseconds),
                        node: random.below(memberCount),
                        action: SimulationPlan.draw(weights, &random),
                        salt: random.next() & 0xffff_ffff
                    )
                )
            }
        }
        // The definitions are agreed by then, if nothing is in the way.
        add(560 + random.below(120), Self.operationWeights, from: 1_500)
        // Each run leans to some kinds of faults: all at once, every run would be like every other.
        let weights = Self.faultWeights.map { action, weight in
            (action, weight * [0, 1, 1, 2, 4][random.below(5)])
        }
        add(Least.faults + random.below(20), weights + [(.cut, 1)], from: 2_500)
        for action in [PlannedAction.powerCut, .kill] { add(1, [(action, 1)], from: 2_500) }
        for (action, weight) in Self.faultWeights.prefix(13) where weight > 2 {
            add(1, [(action, 1)], from: 2_500)
        }
        // In some seeds disks are lost too, in some a member lies; in most of these not both, so that
        // it shows which of them a finding is about.
        let isLying = random.chance(300)
        if storage, random.chance(isLying ? 250 : 500) {
            add(1 + random.below(5), Self.storageWeights, from: 6_000)
        }
        let liar = isLying ? random.below(memberCount) : nil
        if let liar {
            let start = events.count
            add(12 + random.below(16), [(.lie, 1)], from: 3_000)
            for index in start..<events.count { events[index].node = liar }
        }
        self.init(
            seed: seed,
            memberCount: memberCount,
            syncs: syncs,
            liar: liar,
            faultMilliseconds: faultMilliseconds,
            events: events.enumerated().sorted {
                ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
            }
            .map(\.element)
        )
    }

    private static func draw(
        _ weights: [(PlannedAction, Int)],
        _ random: inout SeededRandom
    ) -> PlannedAction {
        var rest = random.below(weights.reduce(0) { $0 + $1.1 })
        for (action, weight) in weights {
            if rest < weight { return action }
            rest -= weight
        }
        return weights[0].0
    }
}
