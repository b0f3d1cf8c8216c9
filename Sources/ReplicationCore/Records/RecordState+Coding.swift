package import AllianceModel

/// The state as the store keeps it: a byte that says the version, then fields in Protocol Buffers'
/// wire format. Only this node reads it.
extension RecordState {
    private static let version: UInt8 = 1

    package var encoded: Bytes {
        var writer = ProtobufWriter(capacity: 256)
        writer.bytes(1, header.encoded)
        writer.fixed64(2, created.rawValue)
        writer.fixed64(3, updated.rawValue)
        for field in fields { writer.message(4) { field.encode(into: &$0) } }
        for turn in turns { writer.message(5) { turn.encode(into: &$0) } }
        return [Self.version] + writer.bytes
    }

    /// Nil if the bytes are not what `encoded` gave for a state with that key.
    package init?(encoded: Bytes, key: RecordKey) {
        guard encoded.first == Self.version else { return nil }
        var reader = ProtobufReader(encoded.dropFirst())
        var header: RecordHeader?
        var created = HybridTimestamp.zero
        var updated = HybridTimestamp.zero
        var fields: [FieldState] = []
        var turns: [Turn] = []
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
            default: return nil
            }
        }
        guard !reader.isMalformed, let header, fields.isStrictlySorted(by: \.name),
            turns.isStrictlySorted(by: \.dot)
        else { return nil }
        self.init(
            key: key,
            header: header,
            created: created,
            updated: updated,
            fields: fields,
            turns: turns
        )
    }
}

extension FieldState {
    func encode(into writer: inout ProtobufWriter) {
        writer.bytes(1, name.utf8)
        for entry in applied.entries {
            writer.message(2) { EntryCoding.encode(entry.writer, entry.number, into: &$0) }
        }
        for write in standing { writer.message(3) { write.encode(into: &$0) } }
        for dot in lost { writer.message(4) { dot.encode(into: &$0) } }
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        var reader = ProtobufReader(encoded)
        var name: Text?
        var applied: [CausalContext.Entry] = []
        var standing: [StandingWrite] = []
        var lost: [Dot] = []
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
            default: return nil
            }
        }
        guard !reader.isMalformed, let name, let context = CausalContext(sorted: applied),
            standing.isStrictlySorted(by: \.dot), lost.isStrictlySorted(by: \.self)
        else { return nil }
        self.init(name: name, applied: context, standing: standing, lost: lost)
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
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        var reader = ProtobufReader(encoded)
        var dot: Dot?
        var timestamp = HybridTimestamp.zero
        var ground: Dot?
        var bytes: Bytes = []
        while let (number, value) = reader.next() {
            switch (number, value) {
            case (1, .bytes(let inner)): dot = EntryCoding.dot(inner)
            case (2, .fixed64(let raw)): timestamp = HybridTimestamp(rawValue: raw)
            case (3, .bytes(let inner)):
                ground = EntryCoding.dot(inner)
                guard ground != nil else { return nil }
            case (4, .bytes(let inner)): bytes = Bytes(inner)
            default: return nil
            }
        }
        guard !reader.isMalformed, let dot else { return nil }
        self.init(dot: dot, timestamp: timestamp, ground: ground, value: bytes)
    }
}

extension Turn {
    func encode(into writer: inout ProtobufWriter) {
        writer.message(1) { dot.encode(into: &$0) }
        writer.fixed64(2, timestamp.rawValue)
        if let ground { writer.message(3) { ground.encode(into: &$0) } }
        writer.bytes(4, holder.utf8)
    }

    fileprivate init?(encoded: ArraySlice<UInt8>) {
        guard let write = StandingWrite(encoded: encoded),
            let holder = MemberCode(utf8: write.value)
        else { return nil }
        self.init(
            dot: write.dot,
            ground: write.ground,
            holder: holder,
            timestamp: write.timestamp
        )
    }
}

extension Array {
    fileprivate func isStrictlySorted<Key: Comparable>(by key: (Element) -> Key) -> Bool {
        zip(self, dropFirst()).allSatisfy { key($0) < key($1) }
    }
}
