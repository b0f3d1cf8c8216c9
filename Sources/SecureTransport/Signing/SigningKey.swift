package import AllianceModel
internal import COpenSSL

/// A node's private key.
///
/// Sendable: the EVP_PKEY is not changed after it was read, and every signature has a context of
/// its own.
package final class SigningKey: @unchecked Sendable {
    package static let signatureByteCount = SigningAlgorithm.signatureByteCount

    /// An EVP_PKEY that this object owns.
    let key: OpaquePointer

    /// Takes the key over; it must suit the algorithm.
    init(owning key: OpaquePointer) {
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The signature over SHA-256 of the message, 64 bytes.
    package func sign(_ message: Bytes) throws(SigningError) -> Bytes {
        try sign(digest: SHA256.hash(message))
    }

    /// The signature over a digest that was made with SHA-256, 64 bytes.
    package func sign(digest: Digest) throws(SigningError) -> Bytes {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { throw SigningKey.failure() }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_sign_init(context) == 1 else { throw SigningKey.failure() }
        // A P-256 signature in DER has at most 72 bytes.
        var count = 80
        let encoded = Bytes(unsafeUninitializedCapacity: count) { buffer, filled in
            let done = digest.withUnsafeBytes { hash in
                EVP_PKEY_sign(
                    context,
                    buffer.baseAddress,
                    &count,
                    hash.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    hash.count
                )
            }
            filled = done == 1 ? count : 0
        }
        guard let raw = SigningKey.raw(encoded) else { throw SigningKey.failure() }
        return raw
    }

    /// r and s of a DER signature, padded; nil when it is none.
    private static func raw(_ encoded: Bytes) -> Bytes? {
        let parsed = encoded.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &cursor, buffer.count)
        }
        guard let parsed else { return nil }
        defer { ECDSA_SIG_free(parsed) }
        let half = Int32(SigningAlgorithm.scalarByteCount)
        return Bytes(unsafeUninitializedCapacity: SigningAlgorithm.signatureByteCount) {
            buffer,
            filled in
            guard let base = buffer.baseAddress,
                BN_bn2binpad(ECDSA_SIG_get0_r(parsed), base, half) == half,
                BN_bn2binpad(ECDSA_SIG_get0_s(parsed), base + Int(half), half) == half
            else { return }
            filled = SigningAlgorithm.signatureByteCount
        }
    }

    private static func failure() -> SigningError {
        SigningError(description: "cannot sign: \(OpenSSLFault.drain())")
    }
}
