package import AllianceModel

/// A Merkle tree (RFC 9162, section 2.1) reduced to what appending and the root need: the roots of
/// the complete subtrees that its leaves fall into.
///
/// A feed of a million entries takes twenty digests; an append hashes one inner node on average.
package struct MerkleFrontier: Hashable, Sendable {
    /// Leaves appended; at most `sizeMaximum`.
    package private(set) var size: UInt64
    /// Roots of the complete subtrees, largest first: one for each 1 bit of `size`.
    package private(set) var peaks: [Digest]

    /// What a signed 64-bit column of a store can hold.
    package static let sizeMaximum = UInt64(Int64.max)

    /// The empty tree.
    package init() {
        size = 0
        peaks = []
    }

    /// Nil unless the peaks are as many as a tree of that size has.
    package init?(size: UInt64, peaks: [Digest]) {
        guard size <= MerkleFrontier.sizeMaximum, peaks.count == size.nonzeroBitCount
        else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Appends one leaf, which is a leaf's hash already.
    package mutating func append(_ leaf: Digest, hash: HashFunction) {
        guard size < MerkleFrontier.sizeMaximum else {
            fatalError("a feed of \(size) entries cannot grow")
        }
        var node = leaf
        var rest = size
        while rest & 1 == 1, let left = peaks.popLast() {
            node = MerkleFrontier.node(left, node, hash: hash)
            rest >>= 1
        }
        peaks.append(node)
        size += 1
    }

    /// The root over all leaves; of the empty tree the hash of no bytes.
    package func root(hash: HashFunction) -> Digest {
        guard var root = peaks.last else {
            return hash(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        for peak in peaks.dropLast().reversed() {
            root = MerkleFrontier.node(peak, root, hash: hash)
        }
        return root
    }

    /// An inner node: SHA-256(0x01, left, right).
    package static func node(_ left: Digest, _ right: Digest, hash: HashFunction) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * Digest.byteCount, alignment: 8) { buffer in
            buffer[0] = 1
            left.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: $0)
            }
            right.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[(1 + Digest.byteCount)...])
                    .copyMemory(from: $0)
            }
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }
}

extension MerkleFrontier {
    /// For storage: the size (8 bytes, big-endian), then the peaks in order, 32 bytes each.
    package var encoded: Bytes {
        var bytes = size.bigEndianBytes
        bytes.reserveCapacity(8 + peaks.count * Digest.byteCount)
        for peak in peaks { peak.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Nil unless the bytes are exactly an encoding.
    package init?(encoded: some Collection<UInt8>) {
        let bytes = Bytes(encoded)
        guard bytes.count >= 8, let size = UInt64(bigEndianBytes: bytes.prefix(8)),
            bytes.count == 8 + size.nonzeroBitCount * Digest.byteCount
        else { return nil }
        let peaks = stride(from: 8, to: bytes.count, by: Digest.byteCount)
            .compactMap { Digest(bytes: bytes[$0..<($0 + Digest.byteCount)]) }
        self.init(size: size, peaks: peaks)
    }
}
