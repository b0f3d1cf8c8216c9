import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct ForkProofTests {
    private let member = MemberCode("350100") ?? Stage.codes[0]

    private func branch(_ contents: [UInt8], at sequence: Int) -> ForkProof.Branch {
        let leaves = contents.map { TestHash.quick([0, $0]) }
        let root = MerkleTree.root(of: leaves, hash: TestHash.quick)
        let feed = Stage.feed(of: member).digest(hash: TestHash.quick)
        return ForkProof.Branch(
            leaf: leaves[sequence - 1],
            path: MerkleTree.path(of: UInt64(sequence), leaves: leaves, hash: TestHash.quick),
            head: SignedHead(
                head: FeedHead(feed: feed, size: UInt64(leaves.count), root: root),
                key: root,
                signature: []
            )
        )
    }

    private func proof(
        _ one: ForkProof.Branch,
        _ other: ForkProof.Branch,
        at sequence: UInt64,
        feed: Digest? = nil
    ) -> ForkProof? {
        ForkProof(
            of: member,
            feed: feed ?? Stage.feed(of: member).digest(hash: TestHash.quick),
            sequence: sequence,
            one,
            other,
            hash: TestHash.quick
        )
    }

    @Test func `two leaves at one sequence are a proof, whichever is named first`() throws {
        let one = branch([1, 2, 3], at: 3)
        let other = branch([1, 2, 4, 5, 6], at: 3)
        let proof = try #require(self.proof(one, other, at: 3))
        #expect(proof == self.proof(other, one, at: 3))
        #expect(Set(proof.heads) == [one.head, other.head])
    }

    @Test func `what does not lead to two leaves of one sequence is none`() {
        let one = branch([1, 2, 3], at: 3)
        #expect(proof(one, branch([1, 2, 3, 4], at: 3), at: 3) == nil)
        #expect(proof(one, branch([1, 9, 3], at: 2), at: 3) == nil)
        #expect(proof(one, branch([1, 2, 4], at: 3), at: 2) == nil)
        #expect(proof(one, branch([1, 2, 4], at: 3), at: 0) == nil)
        #expect(proof(one, branch([1, 2, 4], at: 3), at: 4) == nil)
        #expect(proof(one, branch([1, 2, 4], at: 3), at: 3, feed: TestHash.quick([])) == nil)
        var broken = branch([1, 2, 4], at: 3)
        broken.path = []
        #expect(proof(one, broken, at: 3) == nil)
    }
}
