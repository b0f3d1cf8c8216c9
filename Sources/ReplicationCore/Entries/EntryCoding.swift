package import AllianceModel

/// Entries to and from bytes, in Protocol Buffers' wire format (messages `Opening`, `Writes`, `Body`).
///
/// Reading is total: what is not well-formed is `.malformed` with a reason that holds no value.
/// A write's dot is its feed's writer and a number, so the writer is not repeated in the bytes.
package enum EntryCoding {
    package enum Kind {
        package static let changeset: UInt64 = 1
        package static let carried: UInt64 = 2
        package static let statement: UInt64 = 3
    }

    package static let writeCountMaximum = 1_024
    package static let contextCountMaximum = 1_024
    package static let lostCountMaximum = 1_024
    package static let saltBytes = 16
    package static let requestIDBytes = 16

    // MARK: Writing

    package static func encode(_ changeset: Changeset, salt: Bytes) -> EntryBytes {
        var writes = ProtobufWriter(capacity: 32 * changeset.writes.count)
        var body = ProtobufWriter(capacity: 32 * changeset.writes.count)
        for write in changeset.writes {
            writes.message(1) { encode(write, into: &$0) }
            body.bytes(1, write.value)
        }
        return EntryBytes(
            opening: opening(
                Kind.changeset,
                changeset.timestamp,
                changeset.key,
                changeset.header
            ),
            writes: writes.bytes[...],
            salt: salt[...],
            body: body.bytes[...]
        )
    }

    package static func encode(
        statement body: Bytes,
        timestamp: HybridTimestamp,
        salt: Bytes
    ) -> EntryBytes {
        EntryBytes(
            opening: opening(Kind.statement, timestamp, nil, nil),
            writes: [],
            salt: salt[...],
            body: body[...]
        )
    }

    package static func encode(
        _ carried: Carried,
        timestamp: HybridTimestamp,
        salt: Bytes
    ) -> EntryBytes {
        EntryBytes(
            opening: opening(Kind.carried, timestamp, nil, nil),
            writes: [],
            salt: salt[...],
            body: CarriedCoding.encode(carried)[...]
        )
    }

    private static func opening(
        _ kind: UInt64,
        _ timestamp: HybridTimestamp,
        _ key: RecordKey?,
        _ header: RecordHeader?
    ) -> ArraySlice<UInt8> {
        var opening = ProtobufWriter(capacity: 128)
        opening.varint(1, kind)
        opening.fixed64(2, timestamp.rawValue)
        if let key {
            opening.message(3) { inner in
                inner.bytes(1, key.origin.utf8)
                inner.bytes(2, key.identifier.uuid.bytes)
                inner.bytes(3, key.headerDigest.bytes)
            }
        }
        if let header { opening.bytes(4, header.encoded) }
        return opening.bytes[...]
    }

    private static func encode(_ write: Write, into writer: inout ProtobufWriter) {
        writer.bytes(1, write.field.utf8)
        if write.dot.number != 1 { writer.varint(2, write.dot.number) }
        for entry in write.context.entries {
            writer.message(3) { encode(entry.writer, entry.number, into: &$0) }
        }
        for dot in write.lost { writer.message(4) { encode(dot.writer, dot.number, into: &$0) } }
        if let ground = write.ground {
            writer.message(5) { encode(ground.writer, ground.number, into: &$0) }
        }
        if let requestID = write.requestID { writer.bytes(6, requestID) }
    }

    static func encode(_ who: Writer, _ number: UInt64, into writer: inout ProtobufWriter) {
        writer.bytes(1, who.member.utf8)
        writer.fixed64(2, who.incarnation.rawValue)
        writer.varint(3, number)
    }

    // MARK: Leaf

    /// SHA-256(0x00, opening, SHA-256(writes), SHA-256(salt, body)): the entry's leaf in its feed's
    /// tree (RFC 9162, section 2.1.1).
    package static func leaf(of bytes: EntryBytes, hash: HashFunction) -> Digest {
        let writes = bytes.writes.withUnsafeBytes { hash($0) }
        let salted = bytes.salt.count + bytes.body.count
        let body = withUnsafeTemporaryAllocation(byteCount: max(1, salted), alignment: 8) {
            buffer in
            copy(bytes.salt, to: buffer, at: 0)
            copy(bytes.body, to: buffer, at: bytes.salt.count)
            return hash(UnsafeRawBufferPointer(rebasing: buffer[..<salted]))
        }
        return leaf(opening: bytes.opening, writes: writes, body: body, hash: hash)
    }

    /// The leaf of which only the hashes SHA-256(writes) and SHA-256(salt, body) are at hand.
    package static func leaf(
        opening: ArraySlice<UInt8>,
        writes: Digest,
        body: Digest,
        hash: HashFunction
    ) -> Digest {
        let count = 1 + opening.count + 2 * Digest.byteCount
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer in
            buffer[0] = 0
            copy(opening, to: buffer, at: 1)
            let rest = 1 + opening.count
            writes.withUnsafeBytes { copy($0, to: buffer, at: rest) }
            body.withUnsafeBytes { copy($0, to: buffer, at: rest + Digest.byteCount) }
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    private static func copy(
        _ source: ArraySlice<UInt8>,
        to buffer: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) {
        source.withUnsafeBytes { copy($0, to: buffer, at: offset) }
    }

    private static func copy(
        _ source: UnsafeRawBufferPointer,
        to buffer: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) {
        guard !source.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + source.count])
            .copyMemory(from: source)
    }
}
