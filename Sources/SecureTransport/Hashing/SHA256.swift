package import AllianceModel
internal import COpenSSL

/// SHA-256 (FIPS 180-4) of bytes that come in parts.
///
/// A value: a copy goes on from the same state, so a common prefix is hashed once. It holds no heap
/// memory, and small inputs cost a few hundred nanoseconds.
package struct SHA256: Sendable {
    private var context = SHA256_CTX()

    package init() {
        SHA256_Init(&context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        SHA256_Update(&context, base, bytes.count)
    }

    package mutating func update(_ bytes: Bytes) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ digest: Digest) {
        digest.withUnsafeBytes { update($0) }
    }

    /// The digest of all that came before; the state is used up.
    package consuming func finish() -> Digest {
        withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { output in
            _ = SHA256_Final(output.baseAddress, &context)
            return Digest(UnsafeRawBufferPointer(output))
        }
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    package static func hash(_ bytes: Bytes) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The digest of the parts one after the other; nothing marks where one ends.
    package static func hash(parts: Bytes...) -> Digest {
        var hash = SHA256()
        for part in parts { hash.update(part) }
        return hash.finish()
    }

    /// The form in which other rooms take the alliance's hash.
    package static let function: HashFunction = { hash($0) }
}
