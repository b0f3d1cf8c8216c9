package import AllianceModel
internal import COpenSSL

/// HMAC-SHA-256 (RFC 2104) under one key.
package struct HMACSHA256: Sendable {
    private static let blockByteCount = 64

    /// The states after the padded key; each tag goes on from copies of them.
    private let inner: SHA256
    private let outer: SHA256

    /// A key of any length; longer than 64 bytes it counts as its digest.
    package init(key: Bytes) {
        let short = key.count > HMACSHA256.blockByteCount ? SHA256.hash(key).bytes : key
        var block = short + Bytes(repeating: 0, count: HMACSHA256.blockByteCount - short.count)
        inner = HMACSHA256.state(of: block, mask: 0x36)
        outer = HMACSHA256.state(of: block, mask: 0x5c)
        block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    private static func state(of block: Bytes, mask: UInt8) -> SHA256 {
        var hash = SHA256()
        hash.update(block.map { $0 ^ mask })
        return hash
    }

    package func tag(_ message: UnsafeRawBufferPointer) -> Digest {
        var inside = inner
        inside.update(message)
        var outside = outer
        outside.update(inside.finish())
        return outside.finish()
    }

    package func tag(_ message: Bytes) -> Digest {
        message.withUnsafeBytes { tag($0) }
    }
}
