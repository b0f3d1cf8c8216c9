import AllianceModel

// Known fields must come in the order of their numbers, and those that are not lists once: where
// the bytes may be read in two ways, another implementation would read them in the other. Unknown
// fields are passed over, so that a later version may add some.

extension EntryCoding {
    /// What an opening says, before anything else of the entry is looked at.
    package struct Opening: Hashable, Sendable {
        package var kind: UInt64
        package var timestamp: HybridTimestamp
        package var key: RecordKey?
        package var header: RecordHeader?
    }

    /// What an entry of a feed of this writer says.
    ///
    /// Statements come back as `.unknown`: their bodies are read by
    /// `ReplicationWire.StatementCoding`.
    package static func decode(_ bytes: EntryBytes, writer: Writer) -> EntryContent {
        guard let opening = opening(bytes.opening) else {
            return .malformed(reason: "its opening does not parse")
        }
        switch opening.kind {
        case Kind.changeset: return changeset(bytes, opening, writer)
        case Kind.carried: return .carried(Bytes(bytes.body))
        default: return .unknown(kind: opening.kind, timestamp: opening.timestamp)
        }
    }

    /// Nil unless it parses and is complete.
    package static func opening(_ bytes: ArraySlice<UInt8>) -> Opening? {
        var reader = ProtobufReader(bytes)
        var opening = Opening(kind: 0, timestamp: .zero)
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1...4, _) where reader.isRepeated: return nil
            case (1, .varint(let kind)): opening.kind = kind
            case (2, .fixed64(let raw)): opening.timestamp = HybridTimestamp(rawValue: raw)
            case (3, .bytes(let inner)):
                guard let key = key(inner) else { return nil }
                opening.key = key
            case (4, .bytes(let inner)):
                guard let header = RecordHeader(encoded: inner) else { return nil }
                opening.header = header
            case (1...4, _): return nil
            default: continue
            }
        }
        guard reader.isWellFormed, opening.kind != 0, opening.timestamp != .zero else { return nil }
        return opening
    }

    private static func key(_ bytes: ArraySlice<UInt8>) -> RecordKey? {
        var reader = ProtobufReader(bytes)
        var origin: MemberCode?
        var uuid: UUIDBytes?
        var digest: UUIDBytes?
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1...3, _) where reader.isRepeated: return nil
            case (1, .bytes(let text)): origin = MemberCode(utf8: text)
            case (2, .bytes(let bytes)): uuid = UUIDBytes(bytes: bytes)
            case (3, .bytes(let bytes)): digest = UUIDBytes(bytes: bytes)
            case (1...3, _): return nil
            default: continue
            }
        }
        guard reader.isWellFormed, let origin, let uuid, let digest else { return nil }
        return RecordKey(
            identifier: RecordIdentifier(origin: origin, uuid: uuid),
            headerDigest: digest
        )
    }

    private static func changeset(
        _ bytes: EntryBytes,
        _ opening: Opening,
        _ writer: Writer
    )
        -> EntryContent
    {
        guard let key = opening.key else { return .malformed(reason: "a changeset of no record") }
        guard bytes.salt.count == saltBytes else {
            return .malformed(reason: "a salt of another size")
        }
        guard let values = values(bytes.body) else {
            return .malformed(reason: "its body does not parse")
        }
        var writes: [Write] = []
        writes.reserveCapacity(values.count)
        var reader = ProtobufReader(bytes.writes)
        while let (number, value) = reader.next() {
            guard number == 1 else { continue }
            guard case .bytes(let inner) = value, writes.count < values.count,
                let write = write(inner, values[writes.count], writer)
            else { return .malformed(reason: "a write does not parse") }
            writes.append(write)
        }
        guard reader.isWellFormed, !writes.isEmpty, writes.count == values.count else {
            return .malformed(reason: "its writes do not parse, or are not as many as its values")
        }
        guard areOfDifferentFields(writes) else {
            return .malformed(reason: "a field is written twice")
        }
        return .changeset(
            Changeset(
                timestamp: opening.timestamp,
                key: key,
                header: opening.header,
                writes: writes
            )
        )
    }

    /// Quick for sorted writes, as ours are, and never quadratic.
    private static func areOfDifferentFields(_ writes: [Write]) -> Bool {
        if zip(writes, writes.dropFirst()).allSatisfy({ $0.field < $1.field }) { return true }
        let names = writes.map(\.field).sorted()
        return zip(names, names.dropFirst()).allSatisfy { $0 != $1 }
    }

    private static func values(_ body: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        var values: [ArraySlice<UInt8>] = []
        var reader = ProtobufReader(body)
        while let (number, value) = reader.next() {
            guard number == 1 else { continue }
            guard case .bytes(let bytes) = value, values.count < writeCountMaximum else {
                return nil
            }
            values.append(bytes)
        }
        return reader.isWellFormed ? values : nil
    }

    private static func write(
        _ bytes: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>,
        _ writer: Writer
    ) -> Write? {
        var reader = ProtobufReader(bytes)
        var field: Text?
        var dot = Dot(writer: writer, number: 1)
        var context: [CausalContext.Entry] = []
        var lost: [Dot] = []
        var ground: Dot?
        var requestID: Bytes?
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1...2, _) where reader.isRepeated, (5...6, _) where reader.isRepeated: return nil
            case (1, .bytes(let name)): field = Text(validating: name)
            // The number 1 is left out.
            case (2, .varint(let n)) where n >= 2: dot.number = n
            case (3, .bytes(let inner)):
                guard context.count < contextCountMaximum, let seen = self.dot(inner) else {
                    return nil
                }
                context.append(CausalContext.Entry(writer: seen.writer, number: seen.number))
            case (4, .bytes(let inner)):
                guard lost.count < lostCountMaximum, let gone = self.dot(inner) else { return nil }
                lost.append(gone)
            case (5, .bytes(let inner)):
                guard let turn = self.dot(inner) else { return nil }
                ground = turn
            case (6, .bytes(let id)):
                guard id.count == requestIDBytes else { return nil }
                requestID = Bytes(id)
            case (1...6, _): return nil
            default: continue
            }
        }
        guard reader.isWellFormed, let field, !field.isEmpty,
            let seen = CausalContext(sorted: context), seen.number(of: writer) < dot.number,
            zip(lost, lost.dropFirst()).allSatisfy({ $0 < $1 }),
            lost.allSatisfy({ seen.contains($0) })
        else { return nil }
        return Write(
            field: field,
            dot: dot,
            context: seen,
            lost: lost,
            ground: ground,
            requestID: requestID,
            value: value
        )
    }

    /// Nil unless complete; numbers are at least 1.
    static func dot(_ bytes: ArraySlice<UInt8>) -> Dot? {
        var reader = ProtobufReader(bytes)
        var member: MemberCode?
        var incarnation: Incarnation?
        var n: UInt64 = 0
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1...3, _) where reader.isRepeated: return nil
            case (1, .bytes(let text)): member = MemberCode(utf8: text)
            case (2, .fixed64(let raw)): incarnation = Incarnation(rawValue: raw)
            case (3, .varint(let value)): n = value
            case (1...3, _): return nil
            default: continue
            }
        }
        guard reader.isWellFormed, let member, let incarnation, n >= 1 else { return nil }
        return Dot(writer: Writer(member: member, incarnation: incarnation), number: n)
    }
}

extension ProtobufReader {
    /// Whether everything parsed and came in the order of its numbers.
    fileprivate var isWellFormed: Bool { !isMalformed && isAscending }
}
