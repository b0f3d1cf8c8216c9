import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct MerkleTreeTests {
    private static func leaves(_ count: Int) -> [Digest] {
        (0..<count).map { TestHash.quick([0, UInt8($0 & 255), UInt8($0 >> 8)]) }
    }

    /// The path of RFC 9162, section 2.1.3.1, word by word; `index` is from 0.
    private static func naivePath(_ index: Int, _ leaves: ArraySlice<Digest>) -> [Digest] {
        guard leaves.count > 1 else { return [] }
        var k = 1
        while 2 * k < leaves.count { k *= 2 }
        let (left, right) = (leaves.prefix(k), leaves.dropFirst(k))
        return index < k
            ? naivePath(index, left) + [MerkleTree.root(of: right, hash: TestHash.quick)]
            : naivePath(index - k, right) + [MerkleTree.root(of: left, hash: TestHash.quick)]
    }

    @Test func `every path of every tree to 70 leaves is the recursive definition's`() {
        for size in 1...70 {
            let leaves = Self.leaves(size)
            let root = MerkleTree.root(of: leaves, hash: TestHash.quick)
            for sequence in 1...size {
                let path = MerkleTree.path(
                    of: UInt64(sequence),
                    leaves: leaves,
                    hash: TestHash.quick
                )
                #expect(path == Self.naivePath(sequence - 1, leaves[...]))
                let led = MerkleTree.root(
                    from: leaves[sequence - 1],
                    at: UInt64(sequence),
                    size: UInt64(size),
                    path: path,
                    hash: TestHash.quick
                )
                #expect(led == root)
            }
        }
    }

    /// Section 2.1.5 of the RFC: the tree of seven leaves, its paths of d0, d3, d4 and d6.
    @Test func `the example tree of RFC 9162 has its paths`() {
        let d = Self.leaves(7)
        func node(_ left: Digest, _ right: Digest) -> Digest {
            MerkleFrontier.node(left, right, hash: TestHash.quick)
        }
        let (g, h, i, j) = (node(d[0], d[1]), node(d[2], d[3]), node(d[4], d[5]), d[6])
        let (k, l) = (node(g, h), node(i, j))
        #expect(MerkleTree.path(of: 1, leaves: d, hash: TestHash.quick) == [d[1], h, l])
        #expect(MerkleTree.path(of: 4, leaves: d, hash: TestHash.quick) == [d[2], g, l])
        #expect(MerkleTree.path(of: 5, leaves: d, hash: TestHash.quick) == [d[5], j, k])
        #expect(MerkleTree.path(of: 7, leaves: d, hash: TestHash.quick) == [i, k])
    }

    /// Whatever the cut between leaves and frontiers, and with little asked for.
    @Test(arguments: [1, 2, 3, 8, 64, 1_000] as [UInt64])
    func `a path over a log is that over all leaves`(leafCount: UInt64) {
        for size in [1, 2, 3, 7, 64, 65, 127, 200, 256, 300] {
            let leaves = Self.leaves(size)
            var frontiers = [MerkleFrontier()]
            for leaf in leaves {
                var next = frontiers[frontiers.count - 1]
                next.append(leaf, hash: TestHash.quick)
                frontiers.append(next)
            }
            for sequence in 1...UInt64(size) {
                var read = 0
                let path = MerkleTree.path(
                    of: sequence,
                    size: UInt64(size),
                    leafCount: leafCount,
                    leaves: { span in
                        read += span.count
                        return Array(leaves[Int(span.lowerBound - 1)..<Int(span.upperBound)])
                    },
                    frontier: { frontiers[Int($0)] },
                    hash: TestHash.quick
                )
                #expect(path == MerkleTree.path(of: sequence, leaves: leaves, hash: TestHash.quick))
                #expect(read <= Int(2 * leafCount) + 64)
            }
        }
    }

    @Test func `nothing but a leaf at its place leads to the root`() {
        let leaves = Self.leaves(13)
        let root = MerkleTree.root(of: leaves, hash: TestHash.quick)
        let path = MerkleTree.path(of: 6, leaves: leaves, hash: TestHash.quick)
        func led(_ leaf: Digest, _ sequence: UInt64, _ size: UInt64, _ path: [Digest]) -> Digest? {
            MerkleTree.root(
                from: leaf,
                at: sequence,
                size: size,
                path: path,
                hash: TestHash.quick
            )
        }
        #expect(led(leaves[5], 6, 13, path) == root)
        #expect(led(leaves[6], 6, 13, path) != root)
        for sequence in 1...13 as ClosedRange<UInt64> where sequence != 6 {
            #expect(led(leaves[5], sequence, 13, path) != root)
        }
        for size in 1...40 as ClosedRange<UInt64> where size < 9 || size > 16 {
            #expect(led(leaves[5], 6, size, path) == nil, "\(size)")
        }
        for count in 0..<path.count { #expect(led(leaves[5], 6, 13, Array(path[..<count])) == nil) }
        #expect(led(leaves[5], 6, 13, path + [root]) == nil)
        for index in path.indices {
            var other = path
            other[index] = root
            #expect(led(leaves[5], 6, 13, other) != root)
        }
    }

    @Test(
        arguments: [(0, 0), (0, 5), (6, 5), (UInt64.max, 5), (1, .max), (.max, .max)]
            as [(UInt64, UInt64)]
    )
    func `numbers that cannot be have no path`(sequence: UInt64, size: UInt64) {
        #expect(MerkleTree.spans(of: sequence, size: size).isEmpty)
        let led = MerkleTree.root(
            from: TestHash.quick([]),
            at: sequence,
            size: size,
            path: [],
            hash: TestHash.quick
        )
        #expect(led == nil)
    }

    @Test func `the greatest tree has paths of 63`() {
        let size = MerkleFrontier.sizeMaximum
        #expect(MerkleTree.spans(of: 1, size: size).count == MerkleTree.pathCountMaximum)
        #expect(MerkleTree.spans(of: size, size: size).count == 62)
    }
}
