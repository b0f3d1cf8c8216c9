import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaForkProof {
    init(_ proof: ForkProof) {
        self.init()
        member = proof.member.string
        feed = proof.feed.data
        sequence = proof.sequence
        branches = [Branch(proof.first), Branch(proof.second)]
    }

    /// Complete but for the signatures: its leaves differ, and its paths lead to its heads.
    func model(_ hash: HashFunction) throws(Misfit) -> ForkProof {
        try check(branches.count == 2, "a fork of another number of branches than two")
        let feed = try Digest(feed, "feed")
        let (one, other) = (try branches[0].model(feed), try branches[1].model(feed))
        let proof = ForkProof(
            of: try MemberCode(member, "member"),
            feed: feed,
            sequence: try checkedSequence(sequence, "sequence"),
            one,
            other,
            hash: hash
        )
        guard let proof else { throw .malformed("a fork that its paths do not prove") }
        return proof
    }
}

extension SchemaForkProof.Branch {
    init(_ branch: ForkProof.Branch) {
        self.init()
        leaf = branch.leaf.data
        path = branch.path.map(\.data)
        size = branch.head.head.size
        root = branch.head.head.root.data
        key = branch.head.key.data
        signature = Data(branch.head.signature)
    }

    func model(_ feed: Digest) throws(Misfit) -> ForkProof.Branch {
        try checkLimit(path.count, MerkleTree.pathCountMaximum, "path")
        try check(
            signature.count == WireLimits.signatureBytes,
            "signature is not \(WireLimits.signatureBytes) bytes"
        )
        return ForkProof.Branch(
            leaf: try Digest(leaf, "leaf"),
            path: try path.mapped { digest throws(Misfit) in try Digest(digest, "path") },
            head: SignedHead(
                head: FeedHead(
                    feed: feed,
                    size: try checkedSequence(size, "size"),
                    root: try Digest(root, "root")
                ),
                key: try Digest(key, "key"),
                signature: Bytes(signature)
            )
        )
    }
}
