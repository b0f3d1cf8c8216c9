import AllianceModel
import Testing

/// Definitions to vary.
enum Sample {
    static func field(
        _ name: Text,
        _ type: FieldType = .text(maximumBytes: 100),
        _ merge: Merge = .latest,
        by authority: Authority = .any,
        in scope: Scope = .parties,
        isRequired: Bool = false
    ) -> FieldDefinition {
        FieldDefinition(
            name: name,
            type: type,
            merge: merge,
            authority: authority,
            scope: scope,
            isRequired: isRequired
        )
    }

    static let workflow = Workflow(
        stages: ["accepted", "checked", "closed"],
        transitions: [
            Transition(from: "accepted", to: "checked", by: .holder, hand: true),
            Transition(from: "checked", to: "closed", by: .holder),
        ]
    )

    static func definition(
        item: Text = "GJJ-07",
        version: Int = 1,
        subject: Text? = nil,
        unique: [Text] = [],
        workflow: Workflow? = Sample.workflow,
        _ fields: [FieldDefinition] = [Sample.field("note")]
    ) -> ItemDefinition {
        ItemDefinition(
            item: item,
            version: version,
            name: LocalizedName(zh: "租赁商品房提取", en: "Withdrawal for rent"),
            subject: subject,
            unique: unique,
            workflow: workflow,
            fields: fields
        )
    }
}

@Suite struct ItemDefinitionTests {
    @Test func `in which order things are listed means nothing`() throws {
        let codes = try ["350300", "350100"].map { try #require(MemberCode($0)) }
        let fields = [
            Sample.field("b"), Sample.field("a", by: .members(codes)), Sample.field("c"),
        ]
        let others = [
            Sample.field("a", by: .members(codes.reversed())), Sample.field("c"), Sample.field("b"),
        ]
        let turned = Workflow(
            stages: Sample.workflow.stages,
            transitions: Sample.workflow.transitions.reversed()
        )
        let left = Sample.definition(unique: ["a", "b"], fields)
        let right = Sample.definition(unique: ["b", "a"], workflow: turned, others)
        #expect(left == right)
        #expect(left.problems().isEmpty)
    }

    @Test func `in which order stages are listed does mean something`() {
        let turned = Workflow(
            stages: ["accepted", "closed", "checked"],
            transitions: Sample.workflow.transitions
        )
        #expect(Sample.definition() != Sample.definition(workflow: turned))
    }

    @Test func `a field is found by its name, and no other`() {
        let names: [Text] = ["zeta", "alpha", "Beta", "m1", "m_2"]
        let definition = Sample.definition(names.map { Sample.field($0) })
        for name in names { #expect(definition.field(name)?.name == name) }
        for name: Text in ["", "a", "zetaz", "m", "@stage"] {
            #expect(definition.field(name) == nil)
        }
    }

    @Test func `the widest scope of any field is the definition's`() {
        let fields = Scope.allCases.map { Sample.field("f", in: $0) }
        #expect(Sample.definition([]).widestScope == .private)
        #expect(Sample.definition([fields[0]]).widestScope == .private)
        #expect(Sample.definition([fields[1], fields[0]]).widestScope == .parties)
        #expect(Sample.definition([fields[1], fields[2], fields[0]]).widestScope == .alliance)
    }
}

@Suite struct DefinitionProblemTests {
    private func paths(_ definition: ItemDefinition) -> [String] {
        definition.problems().map(\.path)
    }

    @Test(arguments: [
        (FieldType.set(of: .text(maximumBytes: 10)), "union"), (.counter, "sum"),
        (.integer, "latest review maximum minimum once"),
        (.decimal(scale: 2, unit: nil), "latest review maximum minimum once"),
        (.date, "latest review maximum minimum once"),
        (.time, "latest review maximum minimum once"), (.boolean, "latest review once"),
        (.text(maximumBytes: 10), "latest review once"),
        (.enumeration(["a"]), "latest review once"),
        (.identity, "latest review once"), (.member, "latest review once"),
    ])
    func `a merge fits some types only`(type: FieldType, fitting: String) {
        let merges: [Merge] = [
            .latest, .review, .union, .sum(limit: nil), .maximum, .minimum, .once,
        ]
        for merge in merges {
            let problems = paths(Sample.definition([Sample.field("f", type, merge)]))
            let fits = fitting.split(separator: " ").contains(Substring(merge.name))
            #expect(problems == (fits ? [] : ["fields.f.merge"]), "\(merge)")
        }
    }

    @Test(arguments: [
        ("a", true), ("A9_", true), ("", false), ("9a", false), ("_a", false), ("@parties", false),
        ("a-b", false), ("名", false), (String(repeating: "a", count: 64), true),
        (String(repeating: "a", count: 65), false),
    ])
    func `names of fields and stages have a form`(name: String, isValid: Bool) {
        #expect(
            paths(Sample.definition([Sample.field(Text(name))]))
                == (isValid ? [] : ["fields.\(name)"])
        )
        let workflow = Workflow(stages: [Text(name)], transitions: [])
        #expect(
            paths(Sample.definition(workflow: workflow)) == (isValid ? [] : ["workflow.stages"])
        )
    }

    @Test func `subject and unique name fields that hold one value`() {
        let fields = [
            Sample.field("a"), Sample.field("tags", .set(of: .date), .union),
            Sample.field("trips", .counter, .sum(limit: 5)),
        ]
        #expect(paths(Sample.definition(subject: "a", unique: ["a"], fields)).isEmpty)
        #expect(paths(Sample.definition(subject: "b", fields)) == ["subject"])
        #expect(paths(Sample.definition(subject: "tags", fields)) == ["subject"])
        #expect(
            paths(Sample.definition(unique: ["a", "trips", "@stage"], fields))
                == ["unique", "unique"]
        )
        #expect(paths(Sample.definition(unique: ["a", "a"], fields)) == ["unique"])
    }

    @Test func `a set or counter is never required`() {
        let fields = [
            Sample.field("a", isRequired: true),
            Sample.field("tags", .set(of: .integer), .union, isRequired: true),
            Sample.field("trips", .counter, .sum(limit: nil), isRequired: true),
        ]
        #expect(
            paths(Sample.definition(fields)) == ["fields.tags.required", "fields.trips.required"]
        )
    }

    @Test func `parameters of types are bounded`() {
        let fields = [
            Sample.field("a", .text(maximumBytes: 0)),
            Sample.field("b", .decimal(scale: 19, unit: "")),
            Sample.field("c", .enumeration([])),
            Sample.field("d", .enumeration(["x", "x"])),
            Sample.field("e", .set(of: .decimal(scale: -1, unit: nil)), .union),
            Sample.field("f", .counter, .sum(limit: 0)),
            Sample.field("g", .enumeration(["x", "a\u{1b}b"])),
        ]
        #expect(
            paths(Sample.definition(fields)) == [
                "fields.a.maximum", "fields.b.scale", "fields.b.unit", "fields.c.values",
                "fields.d.values", "fields.e.scale", "fields.f.limit", "fields.g.values",
            ]
        )
    }

    @Test func `counts are bounded`() {
        let fields = (0...256).map { Sample.field("f\($0)".text) }
        #expect(paths(Sample.definition(fields)) == ["fields"])
        #expect(paths(Sample.definition(Array(fields.dropLast()))).isEmpty)
        #expect(paths(Sample.definition(workflow: nil, [])) == ["fields"])
        let stages = (0...64).map { "s\($0)".text }
        let workflow = Workflow(
            stages: stages,
            transitions: zip(stages, stages.dropFirst()).map {
                Transition(from: $0, to: $1, by: .any)
            }
        )
        #expect(paths(Sample.definition(workflow: workflow)) == ["workflow.stages"])
    }

    @Test func `a workflow is a graph in which every stage can be come to`() {
        let workflow = Workflow(
            stages: ["a", "b", "c", "d"],
            transitions: [
                Transition(from: "a", to: "b", by: .any), Transition(from: "a", to: "b", by: .home),
                Transition(from: "b", to: "b", by: .any), Transition(from: "c", to: "d", by: .any),
                Transition(from: "a", to: "nowhere", by: .members([])),
            ]
        )
        let problems = Sample.definition(workflow: workflow).problems().map(\.description)
        #expect(
            problems == [
                "workflow.transitions[a->nowhere].to: nowhere is none of the stages; use one of a, b, c, d",
                "workflow.transitions[a->nowhere].by: lists no members; list one or more members, each once",
                "workflow.transitions[b->b]: goes nowhere; name two different stages",
                "workflow.transitions[a->b]: is listed twice; list each transition once",
                "workflow.stages: no case can come to c; add a transition to it, or leave it out",
                "workflow.stages: no case can come to d; add a transition to it, or leave it out",
            ]
        )
    }

    @Test func `stages may be gone back to`() {
        let workflow = Workflow(
            stages: ["a", "b"],
            transitions: [
                Transition(from: "a", to: "b", by: .any), Transition(from: "b", to: "a", by: .any),
            ]
        )
        #expect(paths(Sample.definition(workflow: workflow)).isEmpty)
    }

    @Test func `private fields alone have no workflow`() {
        let fields = [Sample.field("note", in: .private)]
        #expect(paths(Sample.definition(fields)) == ["workflow"])
        #expect(paths(Sample.definition(workflow: nil, fields)).isEmpty)
    }

    @Test func `without a workflow nobody holds a record`() {
        let fields = [Sample.field("a", by: .holder), Sample.field("b", by: .handling)]
        #expect(paths(Sample.definition(workflow: nil, fields)) == ["fields.a.authority"])
        #expect(paths(Sample.definition(fields)).isEmpty)
    }

    @Test func `the head is checked too`() {
        let definition = ItemDefinition(
            item: "GJJ 07",
            version: 0,
            name: LocalizedName(zh: "", en: "a\nb"),
            effective: .max,
            fields: [Sample.field("a"), Sample.field("a")]
        )
        #expect(
            paths(definition)
                == ["item", "version", "effective", "name.zh", "name.en", "fields.a"]
        )
    }
}

@Suite struct SuccessionTests {
    private let first = Sample.definition([
        Sample.field("a"), Sample.field("b", .decimal(scale: 2, unit: "CNY")),
        Sample.field("c", .enumeration(["x"]), .review), Sample.field("d", in: .parties),
        Sample.field("e", .set(of: .text(maximumBytes: 5)), .union),
    ])

    @Test func `what may change is free to`() {
        let second = Sample.definition(
            version: 2,
            workflow: nil,
            [
                Sample.field("a", .text(maximumBytes: 7), by: .home),
                Sample.field("c", .enumeration(["y", "x"]), .review), Sample.field("new"),
                Sample.field("e", .set(of: .text(maximumBytes: 50)), .union),
            ]
        )
        #expect(second.differencesRefused(against: first).isEmpty)
    }

    @Test func `type, merge and scope of a field stay, and every reason is listed`() {
        let second = Sample.definition(
            item: "GJJ-08",
            [
                Sample.field("a", .integer), Sample.field("b", .decimal(scale: 3, unit: "CNY")),
                Sample.field("c", .enumeration(["x"]), .latest, in: .alliance),
                Sample.field("d", in: .private), Sample.field("e", .set(of: .date), .union),
            ]
        )
        #expect(
            second.differencesRefused(against: first).map { "\($0.path): \($0.reason)" } == [
                "item: is GJJ-08, its predecessor is GJJ-07",
                "version: 1 does not follow 1",
                "fields.a.type: changes from text to integer",
                "fields.b.type: changes from decimal with scale 2 CNY to decimal with scale 3 CNY",
                "fields.c.merge: changes from review to latest",
                "fields.c.scope: widens from parties to alliance",
                "fields.d.scope: narrows from parties to private",
                "fields.e.type: changes from set of text to set of date",
            ]
        )
    }
}

extension String {
    fileprivate var text: Text { Text(self) }
}
