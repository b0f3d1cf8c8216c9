/// The bounds of what a peer may send, each checked before anything of that size is allocated.
///
/// A bound that both sides must share to interoperate is a constant; only the frame's is configured.
package struct WireLimits: Hashable, Sendable {
    /// Bytes of one frame without its length, once Hello has been judged.
    package var frameBytes: Int

    package init(frameBytes: Int = 8 << 20) {
        self.frameBytes = frameBytes
    }

    /// Bytes of a frame before Hello has been judged: the peer is nobody yet.
    package static let greetingBytes = 64 << 10

    // MARK: Counts

    package static let featureCount = 64
    package static let certificateCount = 16
    /// Members, incarnations or feeds in one Have.
    package static let groupCount = 65_536
    package static let storedCount = 65_536
    package static let partCount = 1_024
    /// Certificates in one Push.
    package static let signerCount = 64
    package static let itemCount = 16_384

    /// Exactly: a record's bucket is one byte.
    package static let bucketCount = 256
    /// Records in one Checked.
    package static let checkedCount = 100_000

    // MARK: Bytes

    package static let featureBytes = 64
    package static let certificateBytes = 16 << 10
    package static let softwareBytes = 128
    /// A feed identity names at most a whole roster, so nothing that holds one is longer.
    package static let partBytes = 64 << 10
    /// Of a record's encoded key.
    package static let keyBytes = 64
    /// Ping, Want, Prove, Check and Fault have a handful of short fields.
    package static let shortBytes = 8 << 10
    /// Of a Proved: a path and a certificate.
    package static let provedBytes = 32 << 10
    package static let faultTextBytes = 1_024
    package static let definitionBytes = 1 << 20
    /// Raw r || s of suite 1, ECDSA P-256 with SHA-256: exactly this many.
    package static let signatureBytes = 64
    /// Of an entry's salt, exactly.
    ///
    /// Salt and body are hashed as one, so a salt of another length
    /// would let one leaf stand for two bodies.
    package static let saltBytes = 16

    // MARK: Numbers

    /// Sizes and sequences beyond this are refused, so that sums of them cannot overflow.
    package static let sequence: UInt64 = 1 << 62
    /// A fault asks for at most a day.
    package static let retryMilliseconds: UInt64 = 86_400_000
}
