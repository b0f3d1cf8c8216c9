package import AllianceModel

/// The body of an entry of kind carried; layout: `Carried` in citysync.proto.
///
/// The entry carried stands in it verbatim. As everywhere in entries, what is not in its one form is
/// malformed.
package enum CarriedCoding {
    /// Raw r || s of suite 1, ECDSA P-256 with SHA-256: exactly this many.
    package static let signatureBytes = 64

    // MARK: Writing

    package static func encode(_ carried: Carried) -> Bytes {
        var writer = ProtobufWriter(capacity: 512)
        writer.bytes(1, carried.identity.encoded)
        writer.varint(2, carried.sequence)
        for digest in carried.path { writer.bytes(3, digest.bytes) }
        writer.varint(4, carried.head.head.size)
        writer.bytes(5, carried.head.head.root.bytes)
        writer.bytes(6, carried.head.key.bytes)
        writer.bytes(7, carried.head.signature)
        switch carried.content {
        case .entry(let entry):
            writer.message(8) { inner in
                inner.bytes(1, entry.opening)
                inner.bytes(2, entry.writes)
                inner.bytes(3, entry.salt)
                inner.bytes(4, entry.body)
            }
        case .creation(let opening, let writes, let body):
            writer.message(9) { inner in
                inner.bytes(1, opening)
                inner.bytes(2, writes.bytes)
                inner.bytes(3, body.bytes)
            }
        }
        return writer.bytes
    }

    // MARK: Reading

    package enum Decoded: Hashable, Sendable {
        case carried(Carried)
        /// The reason names fields, never what stands in them.
        case malformed(reason: String)
    }

    /// Total: any bytes have an answer.
    ///
    /// What comes back as carried leads to its head, and is a changeset, a statement or, of a creation,
    /// names its record's header; only the head's signature is not looked at.
    package static func decode(_ body: ArraySlice<UInt8>, hash: HashFunction) -> Decoded {
        guard let carried = read(body, hash: hash) else {
            return .malformed(reason: "what it carries does not parse")
        }
        guard carried.verifiedLeaf(hash: hash) != nil else {
            return .malformed(reason: "the path of what it carries does not lead to its head")
        }
        let opening = EntryCoding.opening(carried.opening)
        if opening?.kind == EntryCoding.Kind.statement, case .entry = carried.content {
            return .carried(carried)
        }
        guard let opening, opening.kind == EntryCoding.Kind.changeset, let key = opening.key else {
            return .malformed(reason: "what it carries is neither a changeset nor a statement")
        }
        guard case .creation = carried.content else { return .carried(carried) }
        guard let header = opening.header, key.origin == carried.identity.member,
            key == RecordKey(identifier: key.identifier, header: header, hash: hash)
        else { return .malformed(reason: "what it carries begins no record") }
        return .carried(carried)
    }

    /// The key (SHA-256 of its certificate) that signed the head in a body, without a look at the
    /// rest; nil if there is none.
    package static func key(_ body: ArraySlice<UInt8>) -> Digest? {
        var reader = ProtobufReader(body)
        while let (number, value) = reader.next() {
            if number == 6, case .bytes(let bytes) = value { return Digest(bytes: bytes) }
        }
        return nil
    }

    /// Nil unless it parses and is complete.
    private static func read(_ body: ArraySlice<UInt8>, hash: HashFunction) -> Carried? {
        var identity: FeedIdentity?
        var numbers: (sequence: UInt64, size: UInt64) = (0, 0)
        var path: [Digest] = []
        var root: Digest?
        var key: Digest?
        var signature: Bytes = []
        var content: Carried.Content?
        var reader = ProtobufReader(body)
        while let (number, value) = reader.next() {
            if reader.isRepeated, (1...9).contains(number), number != 3 { return nil }
            switch (number, value) {
            case (1, .bytes(let bytes)): identity = FeedIdentity(encoded: bytes)
            case (2, .varint(let sequence)): numbers.sequence = sequence
            case (3, .bytes(let bytes)):
                guard path.count < MerkleTree.pathCountMaximum, let digest = Digest(bytes: bytes)
                else { return nil }
                path.append(digest)
            case (4, .varint(let size)): numbers.size = size
            case (5, .bytes(let bytes)): root = Digest(bytes: bytes)
            case (6, .bytes(let bytes)): key = Digest(bytes: bytes)
            case (7, .bytes(let bytes)): signature = bytes.copied
            case (8...9, .bytes(let bytes)):
                guard content == nil else { return nil }
                content = number == 8 ? changeset(bytes) : creation(bytes)
            case (1...9, _): return nil
            default: continue
            }
        }
        guard !reader.isMalformed, reader.isAscending, let identity, let root, let key,
            let content, signature.count == signatureBytes,
            (1...MerkleFrontier.sizeMaximum).contains(numbers.size)
        else { return nil }
        let head = FeedHead(feed: identity.digest(hash: hash), size: numbers.size, root: root)
        return Carried(
            identity: identity,
            sequence: numbers.sequence,
            path: path,
            head: SignedHead(head: head, key: key, signature: signature),
            content: content
        )
    }

    private static func changeset(_ bytes: ArraySlice<UInt8>) -> Carried.Content? {
        guard let parts = parts(bytes, count: 4), parts[2].count == EntryCoding.saltBytes else {
            return nil
        }
        return .entry(
            EntryBytes(opening: parts[0], writes: parts[1], salt: parts[2], body: parts[3])
        )
    }

    private static func creation(_ bytes: ArraySlice<UInt8>) -> Carried.Content? {
        guard let parts = parts(bytes, count: 3), let writes = Digest(bytes: parts[1]),
            let body = Digest(bytes: parts[2])
        else { return nil }
        return .creation(opening: parts[0], writes: writes, body: body)
    }

    /// A message of so many byte strings, its fields 1, 2 ..., all of them present.
    private static func parts(_ bytes: ArraySlice<UInt8>, count: Int) -> [ArraySlice<UInt8>]? {
        var parts: [ArraySlice<UInt8>] = []
        var reader = ProtobufReader(bytes)
        while let (number, value) = reader.next() {
            guard number <= UInt64(count) else { continue }
            guard number == UInt64(parts.count + 1), case .bytes(let part) = value else {
                return nil
            }
            parts.append(part)
        }
        guard !reader.isMalformed, reader.isAscending, parts.count == count else { return nil }
        return parts
    }
}
