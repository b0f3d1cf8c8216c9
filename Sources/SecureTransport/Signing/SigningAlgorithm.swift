internal import COpenSSL

/// Suite 1: ECDSA over P-256 with SHA-256 (FIPS 186-5), as 64 raw bytes: r, then s, each 32 bytes
/// big-endian.
enum SigningAlgorithm {
    static let signatureByteCount = 64
    static let scalarByteCount = 32

    /// Whether a key is one of this suite: on P-256, named by its curve.
    static func suits(_ key: OpaquePointer?) -> Bool {
        guard let key, EVP_PKEY_get_id(key) == EVP_PKEY_EC else { return false }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { name in
            var count = 0
            defer { ERR_clear_error() }
            guard EVP_PKEY_get_group_name(key, name.baseAddress, name.count, &count) == 1,
                let base = name.baseAddress
            else { return false }
            return String(cString: base) == "prime256v1"
        }
    }
}

/// A key that could not do its work.
package struct SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}
