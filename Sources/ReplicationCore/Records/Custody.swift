package import AllianceModel

/// The chain of turns of a case: who held it, one after another, up to the present holder.
///
/// The first turn is implied by the creation and held by accepting. Of the turns that validly follow
/// the present one (made by its holder, or by home), a home's wins over the holder's, else the
/// greatest by (timestamp, writer, number). Walked forward in a loop, so that the chain is the same
/// whatever the order of arrival.
package struct Custody: Hashable, Sendable {
    package static let turnCountMaximum = 10_000

    /// The turns on the chain, the implied first one left out.
    package let chain: [Turn]
    private let accepting: MemberCode

    package init(_ turns: [Turn], home: MemberCode, accepting: MemberCode) {
        self.accepting = accepting
        guard !turns.isEmpty else {
            chain = []
            return
        }
        let followers = Dictionary(grouping: turns, by: \.ground)
        var chain: [Turn] = []
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
            holder = next.holder
        }
        self.chain = chain
    }

    private static func precedes(_ left: Turn, _ right: Turn, home: MemberCode) -> Bool {
        let leftIsHome = left.dot.writer.member == home
        let rightIsHome = right.dot.writer.member == home
        if leftIsHome != rightIsHome { return rightIsHome }
        return (left.timestamp, left.dot) < (right.timestamp, right.dot)
    }

    package var holder: MemberCode { chain.last?.holder ?? accepting }

    /// The ground that a write of the present holder stands on; nil for the first turn.
    package var ground: Dot? { chain.last?.dot }

    /// The position of a ground on the chain: 0 for the first turn; -1 for one that is not on it.
    package func position(of ground: Dot?) -> Int {
        guard let ground else { return 0 }
        return chain.firstIndex { $0.dot == ground }.map { $0 + 1 } ?? -1
    }
}
