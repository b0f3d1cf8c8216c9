import AllianceModel
import FoundationEssentials
import ReplicationWire
import SwiftProtobuf
import Testing

@Suite struct DefinitionCodingTests {
    /// Uses every type, merge, authority and scope.
    static func definition(_ fields: [FieldDefinition]? = nil) throws -> ItemDefinition {
        let member = try Samples.member("350100")
        let other = try Samples.member("350300-07")
        return ItemDefinition(
            item: "GJJ-07",
            version: 3,
            name: LocalizedName(zh: "租赁商品房提取", en: "Withdrawal for rent"),
            effective: -1,
            deliveryClass: .urgent,
            subject: "applicant",
            unique: ["applicant", "amount"],
            deletion: .final,
            workflow: Workflow(
                stages: ["opened", "decided", "closed"],
                transitions: [
                    Transition(from: "opened", to: "decided", by: .holder, hand: true),
                    Transition(from: "decided", to: "closed", by: .members([other, member])),
                    Transition(from: "decided", to: "opened", by: .home),
                ]
            ),
            fields: try fields ?? everyField()
        )
    }

    static func everyField() throws -> [FieldDefinition] {
        let types: [(Text, AllianceModel.FieldType, Merge, Authority, Scope)] = [
            ("applicant", .identity, .once, .accepting, .parties),
            ("amount", .decimal(scale: 2, unit: "CNY"), .maximum, .home, .alliance),
            ("plain", .decimal(scale: 0, unit: nil), .minimum, .any, .parties),
            ("note", .text(maximumBytes: 40), .review, .handling, .private),
            ("days", .integer, .latest, .holder, .parties),
            ("open", .boolean, .latest, .any, .parties),
            ("born", .date, .minimum, .any, .parties),
            ("seen", .time, .maximum, .any, .parties),
            ("kind", .enumeration(["b", "a"]), .latest, .any, .parties),
            ("firm", .organization, .latest, .any, .parties),
            ("bank", .member, .latest, .members([try Samples.member("350100")]), .parties),
            ("file", .reference, .latest, .any, .parties),
            ("tags", .set(of: .text(maximumBytes: 10)), .union, .any, .parties),
            ("sums", .set(of: .decimal(scale: 2, unit: "CNY")), .union, .any, .parties),
            ("ways", .set(of: .enumeration(["b", "a"])), .union, .any, .parties),
            ("trips", .counter, .sum(limit: 5), .any, .alliance),
            ("calls", .counter, .sum(limit: nil), .any, .alliance),
        ]
        return types.enumerated().map { index, field in
            FieldDefinition(
                name: field.0,
                type: field.1,
                merge: field.2,
                authority: field.3,
                scope: field.4,
                isRequired: field.1.isSingle && index.isMultiple(of: 2),
                isSensitive: index.isMultiple(of: 3)
            )
        }
    }

    static func small() throws -> ItemDefinition {
        ItemDefinition(
            item: "GJJ-01",
            version: 1,
            name: LocalizedName(zh: "查询", en: "Query"),
            fields: [
                FieldDefinition(
                    name: "note",
                    type: .text(maximumBytes: 65_536),
                    merge: .latest,
                    authority: .any,
                    scope: .alliance
                )
            ]
        )
    }

    private func schema(_ definition: ItemDefinition) throws -> SchemaDefinition {
        try SchemaDefinition(serializedBytes: DefinitionCoding.encode(definition))
    }

    @Test func `every part of a definition survives a round trip`() throws {
        for definition in [try Self.definition(), try Self.small()] {
            #expect(definition.problems().isEmpty)
            let bytes = DefinitionCoding.encode(definition)
            #expect(try DefinitionCoding.read(bytes) == definition)
            #expect(DefinitionCoding.decode(bytes) == definition)
        }
    }

    @Test func `equal meaning has one digest, however it was written down`() throws {
        let fields = try Self.everyField()
        let one = try Self.definition(fields)
        let other = ItemDefinition(
            item: one.item,
            version: one.version,
            name: one.name,
            effective: one.effective,
            deliveryClass: one.deliveryClass,
            subject: one.subject,
            unique: ["amount", "applicant"],
            deletion: one.deletion,
            workflow: one.workflow.map {
                Workflow(stages: $0.stages, transitions: $0.transitions.reversed())
            },
            fields: fields.reversed()
        )
        #expect(
            DefinitionCoding.digest(one, Samples.hash)
                == DefinitionCoding.digest(other, Samples.hash)
        )
    }

    @Test func `another meaning has another digest`() throws {
        let definition = try Self.definition()
        let digest = DefinitionCoding.digest(definition, Samples.hash)
        for index in definition.fields.indices {
            var fields = definition.fields
            fields.remove(at: index)
            let other = try Self.definition(fields)
            #expect(DefinitionCoding.digest(other, Samples.hash) != digest)
        }
    }

    @Test func `the digest is that of the bytes`() throws {
        let bytes = DefinitionCoding.encode(try Self.small())
        #expect(
            DefinitionCoding.digest(ofEncoded: bytes, Samples.hash) == SHA256.hash(bytes)
        )
        #expect(
            DefinitionCoding.digest(try Self.small(), Samples.hash) == SHA256.hash(bytes)
        )
    }

    // MARK: Refusals

    @Test func `an encoding that is not the one is refused`() throws {
        let schemas = try [
            schema(Self.definition()).with { $0.fields.reverse() },
            schema(Self.definition()).with { $0.unique.reverse() },
            schema(Self.definition()).with { $0.workflow.transitions.reverse() },
            schema(Self.small()).with { $0.fields[0].type.scale = 2 },
            schema(Self.small()).with { $0.fields[0].type.unit = "" },
            schema(Self.small()).with { $0.fields[0].limit = 3 },
            schema(Self.small()).with { $0.fields[0].authority.members = ["350100"] },
        ]
        for schema in schemas {
            let bytes: Bytes = try schema.serializedBytes()
            let refusal = #expect(throws: DefinitionRefusal.self) {
                try DefinitionCoding.read(bytes)
            }
            #expect(refusal == .malformed("the definition is not in its one encoding"))
            #expect(DefinitionCoding.decode(bytes) == nil)
        }
    }

    @Test func `fields in another order than their numbers' are refused`() throws {
        let bytes = DefinitionCoding.encode(try Self.small())
        // The item's code moved behind everything else: the same message to any protobuf reader.
        let item = bytes.prefix(8)
        let moved = Bytes(bytes.dropFirst(8) + item)
        #expect(
            try SchemaDefinition(serializedBytes: moved) == SchemaDefinition(serializedBytes: bytes)
        )
        #expect(throws: DefinitionRefusal.malformed("the definition is not in its one encoding")) {
            try DefinitionCoding.read(moved)
        }
    }

    @Test func `what is unspecified is malformed`() throws {
        let schemas = try [
            schema(Self.small()).with { $0.deliveryClass = .unspecified },
            schema(Self.small()).with { $0.deletion = .unspecified },
            schema(Self.small()).with { $0.fields[0].clearType() },
            schema(Self.small()).with { $0.fields[0].merge = .unspecified },
            schema(Self.small()).with { $0.fields[0].clearAuthority() },
            schema(Self.small()).with { $0.fields[0].scope = .unspecified },
            schema(Self.small()).with { $0.fields[0].type.kind = .set },
            schema(Self.small()).with {
                $0.fields[0].type.kind = .set
                $0.fields[0].type.element = .counter
            },
        ]
        for schema in schemas {
            let bytes: Bytes = try schema.serializedBytes()
            let refusal = #expect(throws: DefinitionRefusal.self) {
                try DefinitionCoding.read(bytes)
            }
            guard case .malformed = refusal else {
                Issue.record("\(String(describing: refusal))")
                continue
            }
        }
    }

    @Test func `what only a later version knows is unknown, not malformed`() throws {
        var later = try schema(Self.small())
        try later.merge(serializedBytes: [0xfa, 0x06, 0x01, 0x00] as Bytes)
        var laterField = try schema(Self.small())
        try laterField.fields[0].merge(serializedBytes: [0xfa, 0x06, 0x01, 0x00] as Bytes)
        let schemas = try [
            later, laterField,
            schema(Self.small()).with { $0.deliveryClass = .UNRECOGNIZED(9) },
            schema(Self.small()).with { $0.deletion = .UNRECOGNIZED(9) },
            schema(Self.small()).with { $0.fields[0].type.kind = .UNRECOGNIZED(99) },
            schema(Self.small()).with { $0.fields[0].merge = .UNRECOGNIZED(99) },
            schema(Self.small()).with { $0.fields[0].authority.kind = .UNRECOGNIZED(99) },
            schema(Self.small()).with { $0.fields[0].scope = .UNRECOGNIZED(99) },
        ]
        for schema in schemas {
            let bytes: Bytes = try schema.serializedBytes()
            let refusal = #expect(throws: DefinitionRefusal.self) {
                try DefinitionCoding.read(bytes)
            }
            guard case .unknown = refusal else {
                Issue.record("\(String(describing: refusal))")
                continue
            }
        }
    }

    @Test func `a definition against the model's rules is refused with every reason`() throws {
        let bytes: Bytes = try schema(Self.small())
            .with {
                $0.version = 0
                $0.subject = "nobody"
            }
            .serializedBytes()
        let refusal = #expect(throws: DefinitionRefusal.self) { try DefinitionCoding.read(bytes) }
        guard case .invalid(let problems) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(problems.map(\.path) == ["version", "subject"])
    }

    @Test func `a definition beyond 1 MiB is refused unread`() {
        let refusal = #expect(throws: DefinitionRefusal.self) {
            try DefinitionCoding.read(Bytes(repeating: 0xff, count: 1 << 20 + 1))
        }
        #expect(refusal == .tooLong(bytesMaximum: 1 << 20))
    }

    @Test func `damaged bytes are refused, or are the encoding of what they are read as`() throws {
        let small = DefinitionCoding.encode(try Self.small())
        let large = DefinitionCoding.encode(try Self.definition())
        var random = SplitMix(seed: 4)
        var all = (0..<10_000).map { _ in Damage.mutant(of: [small, small, large], &random) }
        all += Damage.bitFlips(of: small)
        all += Damage.truncations(of: large)
        for damaged in all {
            guard let definition = DefinitionCoding.decode(damaged) else { continue }
            #expect(DefinitionCoding.encode(definition) == damaged)
            #expect(definition.problems().isEmpty)
        }
    }
}
