package import AllianceModel
internal import COpenSSL

/// A member's public key, from its certificate.
///
/// Sendable: the certificate and its key are not changed after parsing, and every check has a
/// context of its own.
package final class VerificationKey: @unchecked Sendable {
    private let certificate: Certificate
    /// Borrowed from the certificate.
    private let key: OpaquePointer

    /// Nil unless the bytes are one certificate with an ECDSA P-256 key.
    package convenience init?(certificateDER: Bytes) {
        guard let certificate = Certificate(der: certificateDER) else { return nil }
        self.init(certificate)
    }

    /// Nil unless the key is an ECDSA P-256 key.
    package init?(_ certificate: Certificate) {
        guard let key = X509_get0_pubkey(certificate.x509), SigningAlgorithm.suits(key) else {
            ERR_clear_error()
            return nil
        }
        self.certificate = certificate
        self.key = key
    }

    /// Whether 64 bytes of a signature are this key's over SHA-256 of the message; false for any
    /// other bytes.
    package func isValid(signature: Bytes, for message: Bytes) -> Bool {
        isValid(signature: signature, forDigest: SHA256.hash(message))
    }

    package func isValid(signature: Bytes, forDigest digest: Digest) -> Bool {
        guard let encoded = VerificationKey.encoded(signature) else { return false }
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_verify_init(context) == 1 else { return false }
        return digest.withUnsafeBytes { hash in
            EVP_PKEY_verify(
                context,
                encoded,
                encoded.count,
                hash.baseAddress?.assumingMemoryBound(to: UInt8.self),
                hash.count
            ) == 1
        }
    }

    /// The DER form of 64 raw bytes: two INTEGERs in a SEQUENCE, 8 to 72 bytes.
    private static func encoded(_ signature: Bytes) -> Bytes? {
        guard signature.count == SigningAlgorithm.signatureByteCount else { return nil }
        let half = SigningAlgorithm.scalarByteCount
        let integers = integer(signature[..<half]) + integer(signature[half...])
        return [0x30, UInt8(integers.count)] + integers
    }

    /// One INTEGER in DER (X.690, 8.3): no leading zeros but one that keeps it positive.
    private static func integer(_ scalar: ArraySlice<UInt8>) -> Bytes {
        var digits = Bytes(scalar.drop { $0 == 0 })
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
