import AllianceModel

// Known fields must come in the order of their numbers, and those that are not lists once: where
// the bytes may be read in two ways, another implementation would read them in the other. Unknown
// fields are passed over, so that a later version may add some.
//
// A hot path: spans and offsets, and nothing allocated but what the changeset keeps.

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
    /// Statements and what is carried come back as `.unknown`: their bodies are read by
    /// `ReplicationWire.StatementCoding` and, with a hash function, by `CarriedCoding`.
    package static func decode(_ bytes: EntryBytes, writer: Writer) -> EntryContent {
        guard let opening = opening(bytes.opening) else {
            return .malformed(reason: "its opening does not parse")
        }
        switch opening.kind {
        case Kind.changeset: return changeset(bytes, opening, writer)
        default: return .unknown(kind: opening.kind, timestamp: opening.timestamp)
        }
    }

    /// Nil unless it parses and is complete.
    package static func opening(_ bytes: ArraySlice<UInt8>) -> Opening? {
        let span = bytes.span
        var cursor = ProtobufCursor(0..<span.count)
        var opening = Opening(kind: 0, timestamp: .zero)
        while let (number, value) = cursor.next(in: span) {
            switch (number, value) {
            case (1...4, _) where cursor.isRepeated: return nil
            case (1, .varint(let kind)): opening.kind = kind
            case (2, .fixed64(let raw)): opening.timestamp = HybridTimestamp(rawValue: raw)
            case (3, .bytes(let range)):
                guard let key = key(span, range) else { return nil }
                opening.key = key
            case (4, .bytes(let range)):
                guard let header = RecordHeader(span, range) else { return nil }
                opening.header = header
            case (1...4, _): return nil
            default: continue
            }
        }
        guard cursor.isWellFormed, opening.kind != 0, opening.timestamp != .zero else { return nil }
        return opening
    }

    private static func key(_ span: Span<UInt8>, _ range: Range<Int>) -> RecordKey? {
        var cursor = ProtobufCursor(range)
        var origin: MemberCode?
        var uuid: UUIDBytes?
        var digest: UUIDBytes?
        while let (number, value) = cursor.next(in: span) {
            switch (number, value) {
            case (1...3, _) where cursor.isRepeated: return nil
            case (1, .bytes(let range)): origin = MemberCode(utf8: span.extracting(range))
            case (2, .bytes(let range)): uuid = UUIDBytes(bytes: span.extracting(range))
            case (3, .bytes(let range)): digest = UUIDBytes(bytes: span.extracting(range))
            case (1...3, _): return nil
            default: continue
            }
        }
        guard cursor.isWellFormed, let origin, let uuid, let digest else { return nil }
        return RecordKey(
            identifier: RecordIdentifier(origin: origin, uuid: uuid),
            headerDigest: digest
        )
    }

    // MARK: Changesets

    private static func changeset(
        _ bytes: EntryBytes,
        _ opening: Opening,
        _ writer: Writer
    ) -> EntryContent {
        guard let key = opening.key else { return .malformed(reason: "a changeset of no record") }
        guard bytes.salt.count == saltBytes else {
            return .malformed(reason: "a salt of another size")
        }
        guard let writes = writes(bytes.writes, bytes.body, writer) else {
            return .malformed(
                reason: "its writes or its body do not parse, or are not as many as each other"
            )
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

    /// Writes and values, one for one; nil unless there are 1 to 1,024 of both.
    private static func writes(
        _ bytes: ArraySlice<UInt8>,
        _ body: ArraySlice<UInt8>,
        _ writer: Writer
    ) -> [Write]? {
        let span = bytes.span
        let bodySpan = body.span
        var cursor = ProtobufCursor(0..<span.count)
        var values = ProtobufCursor(0..<bodySpan.count)
        var writes: [Write] = []
        writes.reserveCapacity(min(writeCountMaximum, bodySpan.count / 8 + 1))
        while let (number, value) = cursor.next(in: span) {
            guard number == 1 else { continue }
            guard case .bytes(let range) = value, writes.count < writeCountMaximum,
                case .bytes(let valueRange)? = nextOfList(&values, bodySpan),
                let write = write(span, range, body[offsets: valueRange], writer)
            else { return nil }
            writes.append(write)
        }
        guard nextOfList(&values, bodySpan) == nil, cursor.isWellFormed, values.isWellFormed,
            !writes.isEmpty
        else { return nil }
        return writes
    }

    /// The next element of a message that is one list, its field 1.
    private static func nextOfList(
        _ cursor: inout ProtobufCursor,
        _ span: Span<UInt8>
    ) -> ProtobufCursor.Value? {
        while let (number, value) = cursor.next(in: span) {
            if number == 1 { return value }
        }
        return nil
    }

    /// Quick for sorted writes, as ours are, and never quadratic.
    private static func areOfDifferentFields(_ writes: [Write]) -> Bool {
        var isSorted = true
        for index in writes.indices.dropFirst()
        where !(writes[index - 1].field < writes[index].field) {
            isSorted = false
        }
        if isSorted { return true }
        let names = writes.map(\.field).sorted()
        return zip(names, names.dropFirst()).allSatisfy { $0 != $1 }
    }

    private static func write(
        _ span: Span<UInt8>,
        _ range: Range<Int>,
        _ value: ArraySlice<UInt8>,
        _ writer: Writer
    ) -> Write? {
        var cursor = ProtobufCursor(range)
        var field: Text?
        var n: UInt64 = 1
        var context: [CausalContext.Entry] = []
        var lost: [Dot] = []
        var ground: Dot?
        var requestID: Bytes?
        while let (number, value) = cursor.next(in: span) {
            switch (number, value) {
            case (1...2, _) where cursor.isRepeated, (5...6, _) where cursor.isRepeated: return nil
            case (1, .bytes(let range)): field = Text(validating: span.extracting(range))
            // The number 1 is left out.
            case (2, .varint(let number)) where number >= 2: n = number
            case (3, .bytes(let range)):
                guard context.count < contextCountMaximum, let seen = dot(span, range) else {
                    return nil
                }
                context.append(CausalContext.Entry(writer: seen.writer, number: seen.number))
            case (4, .bytes(let range)):
                guard lost.count < lostCountMaximum, let gone = dot(span, range) else { return nil }
                lost.append(gone)
            case (5, .bytes(let range)):
                guard let turn = dot(span, range) else { return nil }
                ground = turn
            case (6, .bytes(let range)) where range.count == requestIDBytes:
                requestID = span.extracting(range).withUnsafeBufferPointer { Bytes($0) }
            case (1...6, _): return nil
            default: continue
            }
        }
        guard cursor.isWellFormed, let field, !field.isEmpty else { return nil }
        return write(field, Dot(writer: writer, number: n), context, lost, ground, requestID, value)
    }

    /// Nil if no writer can honestly say so.
    private static func write(
        _ field: Text,
        _ dot: Dot,
        _ context: [CausalContext.Entry],
        _ lost: [Dot],
        _ ground: Dot?,
        _ requestID: Bytes?,
        _ value: ArraySlice<UInt8>
    ) -> Write? {
        guard let seen = CausalContext(sorted: context), seen.number(of: dot.writer) < dot.number
        else { return nil }
        if !lost.isEmpty {
            guard zip(lost, lost.dropFirst()).allSatisfy({ $0 < $1 }),
                lost.allSatisfy({ seen.contains($0) })
            else { return nil }
        }
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

    // MARK: Dots

    static func dot(_ bytes: ArraySlice<UInt8>) -> Dot? { dot(bytes.span, 0..<bytes.count) }

    /// Nil unless complete; numbers are at least 1.
    static func dot(_ span: Span<UInt8>, _ range: Range<Int>) -> Dot? {
        var cursor = ProtobufCursor(range)
        var member: MemberCode?
        var incarnation: Incarnation?
        var n: UInt64 = 0
        while let (number, value) = cursor.next(in: span) {
            switch (number, value) {
            case (1...3, _) where cursor.isRepeated: return nil
            case (1, .bytes(let range)): member = MemberCode(utf8: span.extracting(range))
            case (2, .fixed64(let raw)): incarnation = Incarnation(rawValue: raw)
            case (3, .varint(let value)): n = value
            case (1...3, _): return nil
            default: continue
            }
        }
        guard cursor.isWellFormed, let member, let incarnation, n >= 1 else { return nil }
        return Dot(writer: Writer(member: member, incarnation: incarnation), number: n)
    }
}
