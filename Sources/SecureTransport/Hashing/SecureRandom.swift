package import AllianceModel
internal import COpenSSL

/// OpenSSL's random generator, seeded by the kernel.
package enum SecureRandom {
    /// As many bytes as asked for.
    ///
    /// A generator without entropy stops the process: to go on with guessable keys and salts would
    /// be worse.
    package static func bytes(_ count: Int) -> Bytes {
        Bytes(unsafeUninitializedCapacity: count) { buffer, filled in
            fill(UnsafeMutableRawBufferPointer(buffer))
            filled = count
        }
    }

    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return }
        guard
            let count = Int32(exactly: buffer.count),
            RAND_bytes(base.assumingMemoryBound(to: UInt8.self), count) == 1
        else { fatalError("no \(buffer.count) random bytes: \(OpenSSLFault.drain().description)") }
    }

    package static func word() -> UInt64 {
        var word: UInt64 = 0
        withUnsafeMutableBytes(of: &word) { fill($0) }
        return word
    }
}

/// Comparison of secrets.
package enum ConstantTime {
    /// Whether the bytes are equal, in a time that depends on the counts alone.
    package static func equal(_ left: Bytes, _ right: Bytes) -> Bool {
        guard left.count == right.count else { return false }
        return left.withUnsafeBytes { leftBytes in
            right.withUnsafeBytes { rightBytes in
                leftBytes.isEmpty
                    || CRYPTO_memcmp(leftBytes.baseAddress, rightBytes.baseAddress, left.count) == 0
            }
        }
    }
}
