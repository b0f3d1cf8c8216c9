import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct MerkleFrontierTests {
    /// The inputs of the test tree of certificate transparency's reference implementation.
    private static let inputs = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ].map { Hexadecimal.decode($0) ?? [] }

    /// Roots over the first 1, 2 ...
    ///
    /// 8 of them, published with it.
    private static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    private static func leaf(_ input: Bytes) -> Digest { TestHash.sha256([0] + input) }

    /// The definition of RFC 9162, section 2.1.1, word by word.
    ///
    /// "For n > 1, let k be the largest power of two smaller than n (i.e., k < n <= 2k)."
    private static func naiveRoot(_ leaves: ArraySlice<Digest>) -> Digest {
        guard leaves.count > 1 else { return leaves.first ?? TestHash.quick([]) }
        var k = 1
        while 2 * k < leaves.count { k *= 2 }
        let left = naiveRoot(leaves.prefix(k))
        let right = naiveRoot(leaves.dropFirst(k))
        return TestHash.quick([1] + left.bytes + right.bytes)
    }

    @Test func `the hash for tests is SHA-256`() {
        #expect(
            TestHash.sha256(Bytes("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test func `the empty tree has the hash of nothing as its root`() {
        #expect(
            MerkleFrontier().root(hash: TestHash.sha256).hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
    }

    @Test(arguments: 1...8) func `roots are those published for certificate transparency`(
        count: Int
    ) {
        var frontier = MerkleFrontier()
        for input in Self.inputs.prefix(count) {
            frontier.append(Self.leaf(input), hash: TestHash.sha256)
        }
        #expect(frontier.root(hash: TestHash.sha256).hex == Self.roots[count - 1])
    }

    @Test func `the root of every size to 300 is the recursive definition's`() {
        var frontier = MerkleFrontier()
        var leaves: [Digest] = []
        for size in 0...300 {
            #expect(frontier.size == UInt64(size))
            #expect(frontier.peaks.count == size.nonzeroBitCount)
            #expect(frontier.root(hash: TestHash.quick) == Self.naiveRoot(leaves[...]))
            let leaf = TestHash.quick([UInt8(size & 255), UInt8(size >> 8)])
            leaves.append(leaf)
            frontier.append(leaf, hash: TestHash.quick)
        }
    }

    @Test func `an encoded frontier goes on as the one it was made of`() throws {
        var frontier = MerkleFrontier()
        for size in 0..<70 {
            var copy = try #require(MerkleFrontier(encoded: frontier.encoded))
            #expect(copy == frontier)
            copy.append(TestHash.quick([UInt8(size)]), hash: TestHash.quick)
            frontier.append(TestHash.quick([UInt8(size)]), hash: TestHash.quick)
            #expect(copy.root(hash: TestHash.quick) == frontier.root(hash: TestHash.quick))
        }
    }

    @Test func `bytes cut short, too long or of an impossible size are no frontier`() {
        var frontier = MerkleFrontier()
        for _ in 0..<5 { frontier.append(TestHash.quick([1]), hash: TestHash.quick) }
        let encoded = frontier.encoded
        for count in 0..<encoded.count {
            #expect(MerkleFrontier(encoded: encoded.prefix(count)) == nil)
        }
        #expect(MerkleFrontier(encoded: encoded + [0]) == nil)
        #expect(MerkleFrontier(encoded: [0x80] + Bytes(repeating: 0, count: 39)) == nil)
    }
}
