import AllianceModel
import FoundationEssentials
import ReplicationCore
import ReplicationWire
import SwiftProtobuf
import Testing

/// The core writes and reads entries with a cursor of its own; citysync.proto describes the same
/// bytes.
///
/// Here each is held against the other.
@Suite struct EntrySchemaTests {
    @Test(arguments: 0..<100)
    func `an entry of the core is one of the schema, byte for byte, and back`(
        seed: UInt64
    ) throws {
        var random = SplitMix(seed: seed)
        let changeset = try Self.changeset(&random)
        let bytes = EntryCoding.encode(changeset, salt: Bytes(repeating: 1, count: 16))
        let schema = Self.schema(of: changeset)
        #expect(try schema.opening.bytes() == Bytes(bytes.opening))
        #expect(try schema.writes.bytes() == Bytes(bytes.writes))
        #expect(try schema.body.bytes() == Bytes(bytes.body))

        #expect(try SchemaOpening(serializedBytes: Bytes(bytes.opening)) == schema.opening)
        #expect(try SchemaWrites(serializedBytes: Bytes(bytes.writes)) == schema.writes)
        #expect(try SchemaBody(serializedBytes: Bytes(bytes.body)) == schema.body)

        let generated = EntryBytes(
            opening: try schema.opening.bytes()[...],
            writes: try schema.writes.bytes()[...],
            salt: bytes.salt,
            body: try schema.body.bytes()[...]
        )
        let content = EntryContent(generated, writer: try Samples.writer(), hash: Samples.hash)
        #expect(content == .changeset(changeset))
    }

    @Test func `a statement's opening is the schema's, its body the statement`() throws {
        let body = StatementCoding.encode(approval: try Samples.approval())
        let entry = EntryCoding.encode(
            statement: body,
            timestamp: HybridTimestamp(rawValue: 0x0102_0304_0506_0708),
            salt: Bytes(repeating: 1, count: 16)
        )
        var opening = SchemaOpening()
        opening.kind = 3
        opening.timestamp = 0x0102_0304_0506_0708
        #expect(try opening.bytes() == Bytes(entry.opening))
        #expect(entry.writes.isEmpty)
        #expect(Bytes(entry.body) == body)
    }

    @Test func `what is carried is the schema's, byte for byte, and back`() throws {
        for carried in [try Samples.carried(), try Samples.creation()] {
            var schema = SchemaCarried()
            schema.identity = Data(carried.identity.encoded)
            schema.sequence = carried.sequence
            schema.path = carried.path.map { Data($0.bytes) }
            schema.size = carried.head.head.size
            schema.root = Data(carried.head.head.root.bytes)
            schema.key = Data(carried.head.key.bytes)
            schema.signature = Data(carried.head.signature)
            switch carried.content {
            case .entry(let entry):
                schema.entry.opening = Data(entry.opening)
                schema.entry.writes = Data(entry.writes)
                schema.entry.salt = Data(entry.salt)
                schema.entry.body = Data(entry.body)
            case .creation(let opening, let writes, let body):
                schema.creation.opening = Data(opening)
                schema.creation.writes = Data(writes.bytes)
                schema.creation.body = Data(body.bytes)
            }
            let entry = EntryCoding.encode(
                carried,
                timestamp: HybridTimestamp(rawValue: 0x0102_0304_0506_0708),
                salt: Bytes(repeating: 1, count: 16)
            )
            #expect(try schema.bytes() == Bytes(entry.body))
            #expect(try SchemaCarried(serializedBytes: Bytes(entry.body)) == schema)
            let writer = try Samples.writer("350300")
            #expect(
                EntryContent(entry, writer: writer, hash: Samples.hash)
                    == .carried(
                        carried,
                        timestamp: HybridTimestamp(rawValue: 0x0102_0304_0506_0708)
                    )
            )
            var written = entry
            written.writes = [0x0a, 0x00]
            #expect(
                EntryContent(written, writer: writer, hash: Samples.hash)
                    == .malformed(reason: "carried, with writes")
            )
            var cut = entry
            cut.body = entry.body.dropLast()
            guard case .malformed = EntryContent(cut, writer: writer, hash: Samples.hash) else {
                Issue.record("cut, and read")
                continue
            }
        }
    }

    static let values: [FieldValue] = [
        .text(""), .text("租金"), .integer(0), .integer(.min), .integer(.max), .boolean(false),
        .boolean(true), .decimal(ScaledDecimal(units: 0, scale: 0)),
        .decimal(ScaledDecimal(units: -150, scale: 2)), .time(0), .time(-1), .cleared,
    ]

    @Test func `values of every kind are the schema's, byte for byte, and back`() throws {
        var values = Self.values
        values.append(.date(try #require(CalendarDate("1969-12-31"))))
        values.append(.date(try #require(CalendarDate("1970-01-01"))))
        values.append(.member(try Samples.member("350100-07")))
        for value in values {
            let bytes: Bytes = try Self.schema(of: value).serializedBytes()
            #expect(ValueCoding.encode(value) == bytes, "\(value)")
            #expect(ValueCoding.decode(bytes[...]) == .single(value), "\(value)")
        }
    }

    @Test func `changes of sets are the schema's, byte for byte, and back`() throws {
        let changes: [([FieldValue], [FieldValue])] = [
            ([], [.text("b")]), ([.text("a"), .text("b")], []), ([.integer(0)], [.integer(7)]),
        ]
        for (add, remove) in changes {
            var schema = SchemaValue()
            schema.elements.add = try add.map { try Self.schema(of: $0).serializedBytes() }
            schema.elements.remove = try remove.map { try Self.schema(of: $0).serializedBytes() }
            let bytes: Bytes = try schema.serializedBytes()
            #expect(ValueCoding.encode(.elements(add: add, remove: remove)) == bytes)
            #expect(ValueCoding.decode(bytes[...]) == .elements(add: add, remove: remove))
        }
    }

    @Test func `rulings and deletions are the schema's, byte for byte, and back`() throws {
        var ruling = SchemaValue()
        ruling.ruling = try Self.schema(of: .text("a")).serializedBytes()
        let writer = try Samples.writer("350100")
        var seen = CausalContext()
        seen.insert(Dot(writer: writer, number: 3))
        seen.insert(Dot(writer: try Samples.writer("350300"), number: 1))
        let sights = [FieldSight(field: "@stage", seen: seen), FieldSight(field: "a", seen: seen)]
        var deletion = SchemaValue()
        deletion.deletion.seen = sights.map { sight in
            var schema = SchemaFieldSight()
            schema.field = sight.field.string
            schema.context = sight.seen.entries.map {
                Self.schema(of: Dot(writer: $0.writer, number: $0.number))
            }
            return schema
        }
        var empty = SchemaValue()
        empty.deletion = SchemaDeletion()
        let values: [(WriteValue, SchemaValue)] = [
            (.ruling(.text("a")), ruling), (.deletion(sights), deletion), (.deletion([]), empty),
        ]
        for (value, schema) in values {
            let bytes: Bytes = try schema.serializedBytes()
            #expect(ValueCoding.encode(value) == bytes)
            #expect(ValueCoding.decode(bytes[...]) == value)
        }
    }

    // MARK: The schema's side

    private static func schema(
        of changeset: Changeset
    ) -> (opening: SchemaOpening, writes: SchemaWrites, body: SchemaBody) {
        var opening = SchemaOpening()
        opening.kind = 1
        opening.timestamp = changeset.timestamp.rawValue
        opening.key.origin = changeset.key.origin.string
        opening.key.uuid = Data(changeset.key.identifier.uuid.bytes)
        opening.key.headerDigest = Data(changeset.key.headerDigest.bytes)
        if let header = changeset.header {
            opening.header.item = header.item.string
            opening.header.definition = Data(header.definition.bytes)
            opening.header.home = header.home.string
        }
        var writes = SchemaWrites()
        writes.writes = changeset.writes.map(schema)
        var body = SchemaBody()
        body.values = changeset.writes.map { Data($0.value) }
        return (opening, writes, body)
    }

    private static func schema(of write: Write) -> SchemaWrite {
        var schema = SchemaWrite()
        schema.field = write.field.string
        if write.dot.number != 1 { schema.number = write.dot.number }
        schema.context = write.context.entries.map {
            self.schema(of: Dot(writer: $0.writer, number: $0.number))
        }
        schema.lost = write.lost.map(self.schema)
        if let ground = write.ground { schema.ground = self.schema(of: ground) }
        if let requestID = write.requestID { schema.requestID = Data(requestID) }
        return schema
    }

    private static func schema(of dot: Dot) -> SchemaDot {
        var schema = SchemaDot()
        schema.member = dot.writer.member.string
        schema.incarnation = dot.writer.incarnation.rawValue
        schema.number = dot.number
        return schema
    }

    private static func schema(of value: FieldValue) -> SchemaValue {
        var schema = SchemaValue()
        switch value {
        case .text(let text): schema.text = text.string
        case .integer(let integer): schema.integer = integer
        case .decimal(let decimal):
            schema.decimal.units = decimal.units
            schema.decimal.scale = UInt32(decimal.scale)
        case .boolean(let boolean): schema.boolean = boolean
        case .date(let date): schema.date = Int64(date.daysSince1970)
        case .time(let milliseconds): schema.time = milliseconds
        case .member(let member): schema.member = member.string
        case .cleared: schema.cleared = true
        case .set: break  // A whole set is no write's value: `elements` above.
        }
        return schema
    }

    // MARK: Random changesets

    private static func changeset(_ random: inout SplitMix) throws -> Changeset {
        let header = RecordHeader(
            item: "GJJ-07",
            definition: try Samples.digest(UInt8.random(in: 0...255, using: &random)),
            home: try Samples.member("350300")
        )
        let uuid = UUIDBytes(high: random.next(), low: random.next())
        let key = RecordKey(
            identifier: RecordIdentifier(origin: try Samples.member("350100"), uuid: uuid),
            header: header,
            hash: Samples.hash
        )
        let writes = try (0...Int.random(in: 0...5, using: &random)).map { index in
            try write("field\(index)", &random)
        }
        return Changeset(
            timestamp: HybridTimestamp(rawValue: random.next() >> 1),
            key: key,
            header: Bool.random(using: &random) ? header : nil,
            writes: writes
        )
    }

    private static func write(_ field: String, _ random: inout SplitMix) throws -> Write {
        let others = try (0..<Int.random(in: 0...3, using: &random)).map { index in
            Dot(
                writer: Writer(
                    member: try Samples.member("35030\(index)"),
                    incarnation: Incarnation(rawValue: index == 0 ? 0 : random.next())
                ),
                number: max(1, random.next() >> UInt64.random(in: 0...63, using: &random))
            )
        }
        var context = CausalContext()
        for dot in others { context.insert(dot) }
        return Write(
            field: Text(field),
            dot: Dot(
                writer: try Samples.writer(),
                number: [1, 2, 300, .max].randomElement(using: &random) ?? 1
            ),
            context: context,
            lost: Bool.random(using: &random) ? others : [],
            ground: Bool.random(using: &random) ? others.first : nil,
            requestID: Bool.random(using: &random) ? Bytes(repeating: 9, count: 16) : nil,
            value: ValueCoding.encode(values.randomElement(using: &random) ?? .cleared)[...]
        )
    }
}
