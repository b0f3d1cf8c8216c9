import AllianceModel

/// Looks for the least sequence at which two histories of one feed part, by their paths alone.
///
/// A path names the roots of all the subtrees beside the way to its leaf. From one leaf that both
/// have, the leftmost of those to the right that is not the same in both is where to look next, at its
/// first leaf. So each step goes into a smaller subtree or to the right: about as many steps as the
/// square of a path's length, and no leaf is read but those named.
enum ForkSearch {
    enum Step: Hashable {
        /// Look at this sequence next; greater than the last one.
        case ask(UInt64)
        /// The leaves differ here and nowhere before.
        case forked
        /// As far as both go, they are one history.
        case same
    }

    /// More steps than two honest histories ever take.
    static let stepsMaximum = 4_096

    /// Both sound, of one feed and sequence; before it, both are known to be the same.
    static func step(_ ours: Proved, _ theirs: Proved) -> Step {
        guard ours.leaf == theirs.leaf else { return .forked }
        let common = min(ours.head.head.size, theirs.head.head.size)
        var next = ours.sequence + 1
        for (one, other) in zip(behind(ours), behind(theirs)) {
            guard one.span == other.span, one.root == other.root else { break }
            next = one.span.upperBound + 1
        }
        return next <= common ? .ask(next) : .same
    }

    /// The subtrees to the right of the leaf, from left to right.
    private static func behind(
        _ proved: Proved
    ) -> [(span: MerkleTree.Span, root: Digest)] {
        let spans = MerkleTree.spans(of: proved.sequence, size: proved.head.head.size)
        return zip(spans, proved.path).filter { $0.0.lowerBound > proved.sequence }
            .map { ($0.0, $0.1) }
    }
}
