import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaAsk {
    init(_ ask: Ask) {
        self.init()
        records = ask.records.map { Data($0.encoded) }
    }

    func message() throws(Misfit) -> Ask {
        try check(!records.isEmpty, "no record is asked for")
        let keys = try records.mapped { bytes throws(Misfit) in
            guard let key = RecordKey(encoded: Bytes(bytes)) else {
                throw .malformed("a record asked for is none")
            }
            return key
        }
        try checkAscending(keys, "records")
        return Ask(records: keys)
    }
}

extension SchemaProve {
    init(_ prove: Prove) {
        self.init()
        feed = prove.feed.data
        sequence = prove.sequence
    }

    func message() throws(Misfit) -> Prove {
        Prove(
            feed: try Digest(feed, "feed"),
            sequence: try checkedSequence(sequence, "sequence")
        )
    }
}

extension SchemaProved {
    init(_ proved: Proved) {
        self.init()
        member = proved.member.string
        feed = proved.feed.data
        sequence = proved.sequence
        leaf = proved.leaf.data
        path = proved.path.map(\.data)
        size = proved.head.head.size
        root = proved.head.head.root.data
        key = proved.head.key.data
        signature = Data(proved.head.signature)
        if let certificate = proved.certificate { self.certificate = Data(certificate) }
    }

    /// Whether the path leads to the head is judged by the replica.
    func message() throws(Misfit) -> Proved {
        try checkLimit(path.count, MerkleTree.pathCountMaximum, "path")
        try checkLimit(certificate.count, WireLimits.certificateBytes, "certificate bytes")
        try check(
            signature.count == WireLimits.signatureBytes,
            "signature is not \(WireLimits.signatureBytes) bytes"
        )
        return Proved(
            member: try MemberCode(member, "member"),
            sequence: try checkedSequence(sequence, "sequence"),
            leaf: try Digest(leaf, "leaf"),
            path: try path.mapped { digest throws(Misfit) in try Digest(digest, "path") },
            head: SignedHead(
                head: FeedHead(
                    feed: try Digest(feed, "feed"),
                    size: try checkedSequence(size, "size"),
                    root: try Digest(root, "root")
                ),
                key: try Digest(key, "key"),
                signature: Bytes(signature)
            ),
            certificate: certificate.isEmpty ? nil : Bytes(certificate)
        )
    }
}
