package import AllianceModel

/// What the ground of a write is.
enum Ground: Hashable {
    /// A turn or an assignment: whom it names, and its place in the order of those that count; nil if
    /// it does not count.
    case naming(MemberCode, position: Int?)
    /// Forked, or its number used twice: it is nothing to anybody.
    case nothing
    /// Never seen here, and nobody waits for it.
    case missing
}

/// The chain of turns of a case: who held it, one after another, up to the present holder.
///
/// The first turn is implied by the creation and held by accepting. Of the turns that validly follow
/// the present one (made by its holder, or by home), a home's wins over the holder's, else the
/// greatest by (effective timestamp, writer, number). Walked forward in a loop, so that the chain is
/// the same whatever the order of arrival.
package struct Custody: Hashable, Sendable {
    package static let turnCountMaximum = 10_000

    /// The turns on the chain, the implied first one left out.
    package let chain: [Turn]
    private let accepting: MemberCode
    private let named: [Dot: MemberCode]
    private let positions: [Dot: Int]

    package init(_ turns: [Turn], home: MemberCode, accepting: MemberCode) {
        self.accepting = accepting
        guard !turns.isEmpty else {
            chain = []
            named = [:]
            positions = [:]
            return
        }
        let followers = Dictionary(grouping: turns, by: \.ground)
        var chain: [Turn] = []
        var positions: [Dot: Int] = [:]
        var holder = accepting
        while chain.count < Custody.turnCountMaximum {
            let valid = (followers[chain.last?.dot] ?? []).filter { turn in
                turn.dot.writer.member == holder || turn.dot.writer.member == home
            }
            let next = valid.max { left, right in
                Custody.precedes(left, right, home: home)
            }
            guard let next else { break }
            chain.append(next)
            positions[next.dot] = chain.count
            holder = next.holder
        }
        self.chain = chain
        self.positions = positions
        named = Dictionary(turns.map { ($0.dot, $0.holder) }) { first, _ in first }
    }

    private static func precedes(_ left: Turn, _ right: Turn, home: MemberCode) -> Bool {
        let leftIsHome = left.dot.writer.member == home
        let rightIsHome = right.dot.writer.member == home
        if leftIsHome != rightIsHome { return rightIsHome }
        return (left.effective, left.dot) < (right.effective, right.dot)
    }

    package var holder: MemberCode { chain.last?.holder ?? accepting }

    /// The ground that a write of the present holder stands on; nil for the first turn.
    package var ground: Dot? { chain.last?.dot }

    /// The position of a ground on the chain: 0 for the first turn; -1 for one that is not on it.
    package func position(of ground: Dot?) -> Int {
        guard let ground else { return 0 }
        return positions[ground] ?? -1
    }

    /// Nil for a turn that is not among those that the chain was walked from.
    func ground(_ dot: Dot?) -> Ground? {
        guard let dot else { return .naming(accepting, position: 0) }
        return named[dot].map { .naming($0, position: positions[dot]) }
    }
}

extension Custody {
    /// The last turn on a chain.
    struct End {
        /// Nil: the first turn.
        var ground: Dot?
        var holder: MemberCode
        var position: Int
    }

    /// The end of the chain, found without an allocation where it is short.
    static func end(of turns: [Turn], home: MemberCode, accepting: MemberCode) -> End {
        guard turns.count <= 16 else {
            let custody = Custody(turns, home: home, accepting: accepting)
            return End(
                ground: custody.ground,
                holder: custody.holder,
                position: custody.chain.count
            )
        }
        var end = End(ground: nil, holder: accepting, position: 0)
        while true {
            var next: Turn?
            for turn in turns where turn.ground == end.ground {
                let member = turn.dot.writer.member
                guard member == end.holder || member == home else { continue }
                if next.map({ precedes($0, turn, home: home) }) ?? true { next = turn }
            }
            guard let next else { return end }
            end = End(ground: next.dot, holder: next.holder, position: end.position + 1)
        }
    }
}

/// Who handles a record: home, or whom home assigned; the later of two assignments is the greater by
/// (effective timestamp, writer, number).
package struct HandlingOrder: Hashable, Sendable {
    private let home: MemberCode
    private let named: [Dot: MemberCode]
    private let positions: [Dot: Int]
    /// Assignments by home.
    var count: Int { positions.count }

    init(_ assignments: [Assignment], home: MemberCode) {
        self.home = home
        guard !assignments.isEmpty else {
            named = [:]
            positions = [:]
            return
        }
        let valid = assignments.filter { $0.dot.writer.member == home }
            .sorted { ($0.effective, $0.dot) < ($1.effective, $1.dot) }
        var positions: [Dot: Int] = [:]
        for (index, assignment) in valid.enumerated() { positions[assignment.dot] = index + 1 }
        self.positions = positions
        named = Dictionary(assignments.map { ($0.dot, $0.handler ?? home) }) { first, _ in first }
    }

    /// 0 for home's handling by default; -1 for what is no assignment by home.
    func position(of ground: Dot?) -> Int {
        guard let ground else { return 0 }
        return positions[ground] ?? -1
    }

    /// Nil for an assignment that is not among those that this was made from.
    func ground(_ dot: Dot?) -> Ground? {
        guard let dot else { return .naming(home, position: 0) }
        return named[dot].map { .naming($0, position: positions[dot]) }
    }

    /// Whether home ever assigned that member.
    func everNamed(_ member: MemberCode) -> Bool {
        member == home || positions.keys.contains { named[$0] == member }
    }
}
