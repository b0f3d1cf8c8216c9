package import AllianceModel

/// Inclusion paths in a feed's tree: that a leaf stands at its sequence under a head, without the
/// other leaves.
///
/// Source: RFC 9162, sections 2.1.1 (tree hash), 2.1.3.1 (path), 2.1.3.2 (verification). Sequences are
/// from 1, so they are the RFC's index and one. A path has at most 63 digests, the leaf's own sibling
/// first.
package enum MerkleTree {
    package static let pathCountMaximum = 63

    /// Leaves that follow each other: from one sequence to another, both inclusive.
    package typealias Span = ClosedRange<UInt64>

    /// The root over leaves; of none the hash of no bytes.
    package static func root(of leaves: some Sequence<Digest>, hash: HashFunction) -> Digest {
        var frontier = MerkleFrontier()
        for leaf in leaves { frontier.append(leaf, hash: hash) }
        return frontier.root(hash: hash)
    }

    /// The spans whose roots make up the path of a leaf in a tree of that size, in the path's order;
    /// empty unless the sequence is in the tree.
    package static func spans(of sequence: UInt64, size: UInt64) -> [Span] {
        guard sequence >= 1, sequence <= size, size <= MerkleFrontier.sizeMaximum else { return [] }
        var spans: [Span] = []
        var first: UInt64 = 1
        var last = size
        while first < last {
            let count = last - first + 1
            let middle = first + largestPower(below: count)
            if sequence < middle {
                spans.append(middle...last)
                last = middle - 1
            } else {
                spans.append(first...(middle - 1))
                first = middle
            }
        }
        return spans.reversed()
    }

    /// The path of a leaf in a tree of that size, with the roots of spans from whoever has them;
    /// empty unless the sequence is in the tree (or its only leaf).
    package static func path<Failure: Error>(
        of sequence: UInt64,
        size: UInt64,
        rootOf: (Span) throws(Failure) -> Digest
    ) throws(Failure) -> [Digest] {
        var path: [Digest] = []
        for span in spans(of: sequence, size: size) { path.append(try rootOf(span)) }
        return path
    }

    /// The path over leaves that are all at hand: `leaves[0]` is the one of sequence 1.
    package static func path(
        of sequence: UInt64,
        leaves: [Digest],
        hash: HashFunction
    ) -> [Digest] {
        path(of: sequence, size: UInt64(leaves.count)) { span in
            root(of: leaves[Int(span.lowerBound - 1)..<Int(span.upperBound)], hash: hash)
        }
    }

    /// The path over a log: small spans from their leaves, others from the frontier just before
    /// their end.
    ///
    /// `leaves` gives those of a span, `frontier` the one at a size; both are asked only for what
    /// lies within `size`. So a path costs about one stored frontier for each doubling of the feed
    /// beyond `leafCount`.
    package static func path<Failure: Error>(
        of sequence: UInt64,
        size: UInt64,
        leafCount: UInt64 = 1_024,
        leaves: (Span) throws(Failure) -> [Digest],
        frontier: (UInt64) throws(Failure) -> MerkleFrontier,
        hash: HashFunction
    ) throws(Failure) -> [Digest] {
        try path(of: sequence, size: size) { span throws(Failure) in
            guard span.upperBound - span.lowerBound >= leafCount else {
                return root(of: try leaves(span), hash: hash)
            }
            var suffix = try frontier(span.upperBound - 1).suffix(from: span.lowerBound)
            for leaf in try leaves(span.upperBound...span.upperBound) {
                suffix?.append(leaf, hash: hash)
            }
            guard let suffix else {
                fatalError("\(span) is no subtree of a tree of \(size) leaves")
            }
            return suffix.root(hash: hash)
        }
    }

    /// The root that a path leads to from a leaf at that sequence in a tree of that size; nil if the
    /// path has another length than such a tree's.
    package static func root(
        from leaf: Digest,
        at sequence: UInt64,
        size: UInt64,
        path: [Digest],
        hash: HashFunction
    ) -> Digest? {
        guard sequence >= 1, sequence <= size, size <= MerkleFrontier.sizeMaximum else {
            return nil
        }
        let spans = spans(of: sequence, size: size)
        guard spans.count == path.count else { return nil }
        var node = leaf
        for (span, sibling) in zip(spans, path) {
            node =
                span.lowerBound > sequence
                ? MerkleFrontier.node(node, sibling, hash: hash)
                : MerkleFrontier.node(sibling, node, hash: hash)
        }
        return node
    }

    /// The greatest power of two below a count of at least 2.
    private static func largestPower(below count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}

extension MerkleFrontier {
    /// The frontier of the leaves from that sequence on, as a tree of their own; nil unless one of
    /// the complete subtrees begins there, or the sequence is the next.
    func suffix(from first: UInt64) -> MerkleFrontier? {
        guard first >= 1, first <= size + 1 else { return nil }
        var start: UInt64 = 1
        var rest = size
        var passed = 0
        while start < first {
            guard rest > 0 else { return nil }
            let count: UInt64 = 1 << UInt64(63 - rest.leadingZeroBitCount)
            start += count
            rest -= count
            passed += 1
        }
        guard start == first else { return nil }
        return MerkleFrontier(size: rest, peaks: Array(peaks.dropFirst(passed)))
    }
}
