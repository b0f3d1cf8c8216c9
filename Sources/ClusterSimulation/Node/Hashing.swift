package import AllianceModel
internal import COpenSSL

/// SHA-256 (FIPS 180-4) from libcrypto.
package enum Hashing {
    package static let sha256: HashFunction = { bytes in
        var context = SHA256_CTX()
        SHA256_Init(&context)
        if let base = bytes.baseAddress { SHA256_Update(&context, base, bytes.count) }
        return withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { output in
            _ = SHA256_Final(output.baseAddress, &context)
            return Digest(UnsafeRawBufferPointer(output))
        }
    }

    package static func digest(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { sha256($0) }
    }
}
