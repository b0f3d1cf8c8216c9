package import AllianceModel

/// The state as the store keeps it: a byte that says the version, then fields in Protocol Buffers'
/// wire format. Only this node reads it.
extension RecordState {
    /// Version 1 kept no `everParties`, since nobody could be withdrawn.
    private static let version: UInt8 = 2

    package var encoded: Bytes {
        var writer = ProtobufWriter(capacity: 256)
        writer.bytes(1, header.encoded)
        writer.fixed64(2, created.rawValue)
        writer.fixed64(3, updated.rawValue)
        for field in fields { writer.message(4) { field.encode(into: &$0) } }
        for turn in turns { writer.message(5) { turn.encode(into: &$0) } }
        for assignment in assignments { writer.message(6) { assignment.encode(into: &$0) } }
        for member in everParties { writer.bytes(7, member.utf8) }
        if isDeleted { writer.varint(8, 1) }
        if let creationRequest { writer.bytes(9, creationRequest) }
        return [Self.version] + writer.bytes
    }

    /// Nil if the bytes are not what `encoded` gave for a state with that key.
    package init?(encoded: Bytes, key: RecordKey) {
        guard let version = encoded.first, (1...Self.version).contains(version) else { return nil }
        var reader = ProtobufReader(encoded.dropFirst())
        var header: RecordHeader?
        var created = HybridTimestamp.zero
        var creationRequest: Bytes?
        var updated = HybridTimestamp.zero
        var fields: [FieldState] = []
        var turns: [Turn] = []
        var assignments: [Assignment] = []
        var everParties: [MemberCode] = []
        var isDeleted = false
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1, .bytes(let inner)): header = RecordHeader(encoded: inner)
            case (2, .fixed64(let raw)): created = HybridTimestamp(rawValue: raw)
            case (3, .fixed64(let raw)): updated = HybridTimestamp(rawValue: raw)
            case (4, .bytes(let inner)):
                guard let field = FieldState(encoded: inner) else { return nil }
                fields.append(field)
            case (5, .bytes(let inner)):
                guard let turn = Turn(encoded: inner) else { return nil }
                turns.append(turn)
            case (6, .bytes(let inner)):
                guard let assignment = Assignment(encoded: inner) else { return nil }
                assignments.append(assignment)
            case (7, .bytes(let inner)):
                guard let member = MemberCode(utf8: inner) else { return nil }
                everParties.append(member)
            case (8, .varint(1)): isDeleted = true
            case (9, .bytes(let inner)): creationRequest = Bytes(inner)
            default: return nil
            }
        }
        guard !reader.isMalformed, let header, fields.isStrictlySorted(by: \.name),
            turns.isStrictlySorted(by: \.dot), assignments.isStrictlySorted(by: \.dot),
            everParties.isStrictlySorted(by: \.self)
        else { return nil }
        self.init(
            key: key,
            header: header,
            created: created,
            creationRequest: creationRequest,
            updated: updated,
            fields: fields,
            turns: turns,
            assignments: assignments,
            everParties: everParties,
            isDeleted: isDeleted
        )
        if version == 1 {
            self.everParties = field(SystemField.parties)?.members ?? []
        }
    }
}

extension FieldState {
    func encode(into writer: inout ProtobufWriter) {
        writer.bytes(1, name.utf8)
        for entry in applied.entries {
            writer.message(2) { EntryCoding.encode(entry.writer, entry.number, into: &$0) }
        }
        for write in standing { writer.message(3) { write.encode(into: &$0) } }
        if isPlain { return }
        for dot in lost { writer.message(4) { dot.encode(into: &$0) } }
        for void in voids { writer.message(5) { void.encode(into: &$0) } }
        for entry in reviewed.entries {
            writer.message(6) { EntryCoding.encode(entry.writer, entry.number, into: &$0) }
        }
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        var reader = ProtobufReader(encoded)
        var name: Text?
        var applied: [CausalContext.Entry] = []
        var standing: [StandingWrite] = []
        var lost: [Dot] = []
        var voids: [VoidWrite] = []
        var reviewed: [CausalContext.Entry] = []
        while let (number, value) = reader.next() {
            guard case .bytes(let inner) = value else { return nil }
            switch number {
            case 1: name = Text(validating: inner)
            case 2:
                guard let seen = EntryCoding.dot(inner) else { return nil }
                applied.append(CausalContext.Entry(writer: seen.writer, number: seen.number))
            case 3:
                guard let write = StandingWrite(encoded: inner) else { return nil }
                standing.append(write)
            case 4:
                guard let dot = EntryCoding.dot(inner) else { return nil }
                lost.append(dot)
            case 5:
                guard let void = VoidWrite(encoded: inner) else { return nil }
                voids.append(void)
            case 6:
                guard let seen = EntryCoding.dot(inner) else { return nil }
                reviewed.append(CausalContext.Entry(writer: seen.writer, number: seen.number))
            // Lost dots that were not compared, in states stored until November 2026.
            case 7: continue
            default: return nil
            }
        }
        guard !reader.isMalformed, let name, let context = CausalContext(sorted: applied),
            let reviewed = CausalContext(sorted: reviewed),
            standing.isStrictlySorted(by: \.dot), lost.isStrictlySorted(by: \.self),
            voids.isStrictlySorted(by: \.self)
        else { return nil }
        self.init(
            name: name,
            applied: context,
            standing: standing,
            lost: lost,
            voids: voids,
            reviewed: reviewed
        )
    }
}

extension Dot {
    func encode(into writer: inout ProtobufWriter) {
        EntryCoding.encode(self.writer, number, into: &writer)
    }
}

extension StandingWrite {
    func encode(into writer: inout ProtobufWriter) {
        writer.message(1) { dot.encode(into: &$0) }
        writer.fixed64(2, timestamp.rawValue)
        if let ground { writer.message(3) { ground.encode(into: &$0) } }
        writer.bytes(4, value)
        if effective != timestamp { writer.fixed64(5, effective.rawValue) }
        if let requestID { writer.bytes(6, requestID) }
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        var reader = ProtobufReader(encoded)
        var dot: Dot?
        var timestamp = HybridTimestamp.zero
        var ground: Dot?
        var bytes: Bytes = []
        var effective: HybridTimestamp?
        var requestID: Bytes?
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1, .bytes(let inner)): dot = EntryCoding.dot(inner)
            case (2, .fixed64(let raw)): timestamp = HybridTimestamp(rawValue: raw)
            case (3, .bytes(let inner)):
                ground = EntryCoding.dot(inner)
                guard ground != nil else { return nil }
            case (4, .bytes(let inner)): bytes = Bytes(inner)
            case (5, .fixed64(let raw)): effective = HybridTimestamp(rawValue: raw)
            case (6, .bytes(let inner)): requestID = Bytes(inner)
            default: return nil
            }
        }
        guard !reader.isMalformed, let dot else { return nil }
        self.init(
            dot: dot,
            timestamp: timestamp,
            effective: effective,
            ground: ground,
            value: bytes,
            requestID: requestID
        )
    }
}

extension Turn {
    func encode(into writer: inout ProtobufWriter) {
        writer.message(1) { dot.encode(into: &$0) }
        writer.fixed64(2, timestamp.rawValue)
        if let ground { writer.message(3) { ground.encode(into: &$0) } }
        writer.bytes(4, holder.utf8)
        if effective != timestamp { writer.fixed64(5, effective.rawValue) }
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        guard let write = StandingWrite(encoded: encoded),
            let holder = MemberCode(utf8: write.value)
        else { return nil }
        self.init(
            dot: write.dot,
            ground: write.ground,
            holder: holder,
            timestamp: write.timestamp,
            effective: write.effective
        )
    }
}

extension Assignment {
    func encode(into writer: inout ProtobufWriter) {
        writer.message(1) { dot.encode(into: &$0) }
        writer.fixed64(2, timestamp.rawValue)
        if let handler { writer.bytes(4, handler.utf8) }
        if effective != timestamp { writer.fixed64(5, effective.rawValue) }
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        guard let write = StandingWrite(encoded: encoded) else { return nil }
        var handler: MemberCode?
        if !write.value.isEmpty {
            handler = MemberCode(utf8: write.value)
            guard handler != nil else { return nil }
        }
        self.init(
            dot: write.dot,
            handler: handler,
            timestamp: write.timestamp,
            effective: write.effective
        )
    }
}

extension VoidWrite {
    func encode(into writer: inout ProtobufWriter) {
        writer.message(1) { dot.encode(into: &$0) }
        writer.fixed64(2, timestamp.rawValue)
        if let ground { writer.message(3) { ground.encode(into: &$0) } }
        writer.bytes(4, value)
        writer.bytes(5, verdict.rawValue.utf8)
        if isCovered { writer.varint(6, 1) }
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        var reader = ProtobufReader(encoded)
        var dot: Dot?
        var timestamp = HybridTimestamp.zero
        var ground: Dot?
        var bytes: Bytes = []
        var verdict: Verdict?
        var isCovered = false
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1, .bytes(let inner)): dot = EntryCoding.dot(inner)
            case (2, .fixed64(let raw)): timestamp = HybridTimestamp(rawValue: raw)
            case (3, .bytes(let inner)):
                ground = EntryCoding.dot(inner)
                guard ground != nil else { return nil }
            case (4, .bytes(let inner)): bytes = Bytes(inner)
            case (5, .bytes(let inner)):
                verdict = Verdict(rawValue: String(decoding: inner, as: UTF8.self))
            case (6, .varint(1)): isCovered = true
            default: return nil
            }
        }
        guard !reader.isMalformed, let dot, let verdict else { return nil }
        self.init(
            dot: dot,
            verdict: verdict,
            timestamp: timestamp,
            ground: ground,
            value: bytes,
            isCovered: isCovered
        )
    }
}

extension Array {
    fileprivate func isStrictlySorted<Key: Comparable>(by key: (Element) -> Key) -> Bool {
        zip(self, dropFirst()).allSatisfy { key($0) < key($1) }
    }
}
