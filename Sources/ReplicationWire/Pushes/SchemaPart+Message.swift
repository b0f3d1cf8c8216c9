import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaPush.Part {
    init(_ part: Push.Part) {
        self.init()
        identity = SchemaFeedIdentity(part.identity)
        first = part.first
        size = part.head.head.size
        root = part.head.head.root.data
        key = part.head.key.data
        signature = Data(part.head.signature)
    }

    /// The head names its feed by digest, which is computed here and so cannot be another's.
    func message(_ hash: HashFunction) throws(Misfit) -> Push.Part {
        let identity = try identity.model()
        try check(
            signature.count == WireLimits.signatureBytes,
            "signature is not \(WireLimits.signatureBytes) bytes"
        )
        return Push.Part(
            identity: identity,
            first: try checkedSequence(first, "first"),
            head: SignedHead(
                head: FeedHead(
                    feed: identity.digest(hash: hash),
                    size: try checkedSequence(size, "size"),
                    root: try Digest(root, "root")
                ),
                key: try Digest(key, "key"),
                signature: Bytes(signature)
            )
        )
    }
}
