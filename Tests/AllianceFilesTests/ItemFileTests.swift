import AllianceFiles
import AllianceModel
import Testing

@Suite struct ItemFileTests {
    /// The sample of the interface description, word for word.
    private static let sample = """
        item: GJJ-07                       # code and version are labels; the digest is the identity
        version: 1
        name: { zh: 租赁商品房提取, en: Withdrawal for rent }
        effective: 2026-07-01T00:00:00+08:00    # optional: else as soon as agreed
        class: normal                      # or urgent
        subject: applicantId               # the field that ?subject= searches
        unique: [applicantId]              # open records with equal values are shown as `duplicate`
        deletion: revive                   # or final
        workflow:                          # absent: a plain record
          stages: [accepted, checked, decided, closed]
          transitions:                     # who may move it; hand: the move may hand the case over
            - { from: accepted, to: checked, by: holder, hand: true }
            - { from: checked, to: decided, by: holder }
            - { from: decided, to: closed, by: holder }
        fields:
          applicantId: { type: identity, merge: once, authority: accepting, scope: parties, required: true, sensitive: true }
          monthlyRent: { type: decimal, scale: 2, unit: CNY, merge: latest, authority: holder, scope: parties }
          bankAccount: { type: text, maximum: 40, merge: review, authority: any, scope: parties, sensitive: true }
          materials:   { type: set, of: text, merge: union, authority: any, scope: parties }
          trips:       { type: counter, merge: sum, limit: 5, authority: any, scope: alliance }
          note:        { type: text, merge: latest, authority: any, scope: private }
        """

    @Test func `the sample is valid, and says what it says`() throws {
        let definition = try ItemFile.parse(Self.sample, file: "rent.yaml")
        #expect(definition.item == "GJJ-07")
        #expect(definition.version == 1)
        #expect(definition.name == LocalizedName(zh: "租赁商品房提取", en: "Withdrawal for rent"))
        #expect(definition.effective == 1_782_835_200_000)
        #expect(definition.subject == "applicantId")
        #expect(definition.unique == ["applicantId"])
        #expect(definition.workflow?.stages == ["accepted", "checked", "decided", "closed"])
        #expect(
            definition.workflow?.transition(from: "accepted", to: "checked")
                == Transition(from: "accepted", to: "checked", by: .holder, hand: true)
        )
        #expect(
            definition.field("applicantId")
                == FieldDefinition(
                    name: "applicantId",
                    type: .identity,
                    merge: .once,
                    authority: .accepting,
                    scope: .parties,
                    isRequired: true,
                    isSensitive: true
                )
        )
        #expect(definition.field("monthlyRent")?.type == .decimal(scale: 2, unit: "CNY"))
        #expect(definition.field("bankAccount")?.type == .text(maximumBytes: 40))
        #expect(definition.field("materials")?.type == .set(of: .text(maximumBytes: 65_536)))
        #expect(definition.field("trips")?.merge == .sum(limit: 5))
        #expect(definition.field("note")?.scope == .private)
        #expect(definition.widestScope == .alliance)
    }

    @Test func `one meaning gives one value, however it is written`() throws {
        let written = """
            # nothing but another way to write it
            fields:
              note: { scope: "private", authority: 'any', merge: latest, type: text, maximum: 65536, required: false }
              trips: { type: counter, merge: sum, limit: 5, authority: any, scope: alliance, sensitive: false }
              materials:
                type: set
                of: "text"
                merge: union
                authority: any
                scope: parties
              bankAccount: { sensitive: true, type: text, maximum: 40, merge: review, authority: any, scope: parties }
              monthlyRent: { type: decimal, unit: "CNY", scale: 2, merge: latest, authority: holder, scope: parties }
              applicantId: { type: identity, merge: once, authority: accepting, scope: parties, required: true, sensitive: true }
            workflow:
              transitions:
                - { from: decided, to: closed, by: holder, hand: false }
                - { to: checked, from: accepted, hand: true, by: holder }
                - { from: checked, to: decided, by: holder }
              stages:
                - accepted
                - "checked"
                - decided
                - closed
            unique: ["applicantId"]
            subject: "applicantId"
            effective: "2026-06-30T16:00:00.000Z"
            name:
              en: |-
                Withdrawal for rent
              zh: "租赁商品房提取"
            version: 1
            item: "GJJ-07"
            """
        let definition = try ItemFile.parse(Self.sample, file: "a")
        #expect(try ItemFile.parse(written, file: "b") == definition)
        let json = try ItemFile.json(Self.sample, file: "c")
        #expect(try ItemFile.parse(json: json, file: "d") == definition)
        #expect(try ItemFile.json(written, file: "e") == json)
        // JSON is YAML, as far as YAML goes.
        #expect(try ItemFile.parse(String(decoding: json, as: UTF8.self), file: "f") == definition)
    }

    @Test func `scalars are taken as they are written`() throws {
        let definition = try ItemFile.parse(
            """
            item: 0123
            version: 3
            name: { zh: 否, en: no }
            fields:
              answer: { type: enumeration, values: [yes, no, 07, 1e3, 2026-07-01, 0x1F, true, .5], merge: latest, authority: [350300, "350100"], scope: parties }
            """,
            file: "a"
        )
        #expect(definition.item == "0123")
        #expect(definition.name.en == "no")
        let values: [Text] = ["yes", "no", "07", "1e3", "2026-07-01", "0x1F", "true", ".5"]
        #expect(definition.field("answer")?.type == .enumeration(values))
        let codes = try ["350100", "350300"].map { try #require(MemberCode($0)) }
        #expect(definition.field("answer")?.authority == .members(codes))
    }

    @Test func `a definition printed with every key is read back`() throws {
        let definition = try ItemFile.parse(
            """
            item: A
            version: 1
            name: { zh: "引号\\" 反斜线\\\\ \\U0001F600", en: e }
            class: urgent
            deletion: final
            fields:
              a: { type: set, of: decimal, scale: 2, unit: CNY, merge: union, authority: any, scope: alliance }
              b: { type: set, of: enumeration, values: [x, y], merge: union, authority: home, scope: parties }
              c: { type: counter, merge: sum, authority: [350100], scope: alliance }
              d: { type: time, merge: maximum, authority: any, scope: alliance }
            """,
            file: "a"
        )
        let json = ItemFile.json(of: definition)
        #expect(try ItemFile.parse(json: json, file: "b") == definition)
        let text = String(decoding: json, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"item":"A","version":1,"name":{"zh":"引号\" 反斜线\\ 😀","en":"e"},"#
                    + #""effective":null,"class":"urgent","subject":null,"unique":[],"#
                    + #""deletion":"final","workflow":null,"fields":{"a":{"type":"set","#
                    + #""of":"decimal","scale":2,"unit":"CNY","merge":"union","authority":"any","#
                    + #""scope":"alliance","required":false,"sensitive":false},"#
            )
        )
    }
}

@Suite struct ItemFileErrorTests {
    /// A file of which one line is replaced or, after the last, added.
    private func errors(_ changes: [Int: String]) -> [String] {
        var lines = [
            "item: A", "version: 1", "name: { zh: 甲, en: a }",
            "workflow: { stages: [s, t], transitions: [{ from: s, to: t, by: home }] }", "fields:",
            "  f: { type: text, merge: latest, authority: any, scope: parties }",
        ]
        for (number, line) in changes.sorted(by: { $0.key < $1.key }) {
            if number <= lines.count { lines[number - 1] = line } else { lines.append(line) }
        }
        do {
            _ = try ItemFile.parse(lines.joined(separator: "\n") + "\n", file: "i.yaml")
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test func `without a change it is valid`() {
        #expect(errors([:]) == [])
    }

    @Test(arguments: [
        (
            2, "vresion: 1",
            [
                "i.yaml:1:1: version: is missing; add version",
                "i.yaml:2:1: vresion: is not a known key; did you mean version?",
            ]
        ),
        (
            2, "version: \"1\"",
            [
                "i.yaml:2:10: version: is not a whole number from 1 to 1000000; write decimal digits without quotes"
            ]
        ),
        (
            2, "version: 1e0",
            [
                "i.yaml:2:10: version: is not a whole number from 1 to 1000000; write decimal digits without quotes"
            ]
        ),
        (
            2, "version: 0",
            [
                "i.yaml:2:10: version: is not a whole number from 1 to 1000000; write decimal digits without quotes"
            ]
        ),
        (
            2, "version: [1]",
            [
                "i.yaml:2:10: version: is not a whole number from 1 to 1000000; write decimal digits without quotes"
            ]
        ),
        (3, "name: 甲", ["i.yaml:3:7: name: is a single value; write a mapping: key: value"]),
        (3, "name: { zh: 甲 }", ["i.yaml:3:7: name.en: is missing; add en"]),
        (
            3, "name: { zh: 甲, en: \"\" }",
            [
                "i.yaml:3:16: name.en: is not a name; give 1 to 512 bytes of text without control characters"
            ]
        ),
        (3, "name: { zh: 甲, en: ~ }", ["i.yaml:3:7: name.en: is missing; add en"]),
        (5, "fields: {}", ["i.yaml:6:3: is not YAML"]),
        (
            7, "class: urgnet",
            [
                "i.yaml:7:8: class: urgnet is not taken here; use one of normal, urgent; did you mean urgent?"
            ]
        ),
        (
            7, "effective: 2026-07-01",
            [
                "i.yaml:7:12: effective: is not a time of RFC 3339; write it with its offset, such as 2026-07-01T00:00:00+08:00"
            ]
        ),
        (7, "subject: [f]", ["i.yaml:7:10: subject: is a list; write text"]),
        (7, "unique: f", ["i.yaml:7:9: unique: is a single value; write a list: [a, b]"]),
        (
            7, "unique: [g]",
            [
                "i.yaml:7:1: unique: g is none of the fields; name a field that is defined under fields"
            ]
        ),
        (
            7, "item: B",
            ["i.yaml:7:1: item: is given more than once, first on line 1; keep one of them"]
        ),
        (
            7, "subject: *f",
            ["i.yaml:7:10: found undefined alias; correct the YAML there or on the line before"]
        ),
        (7, "subject: !!int f", ["i.yaml:7:10: a tag is not taken here; write the value itself"]),
        (
            7, "subject: &f f",
            ["i.yaml:7:10: an anchor or alias is not taken here; write the value itself"]
        ),
    ])
    func `an error names file, line, column, key and remedy`(
        line: Int,
        text: String,
        expected: [String]
    ) {
        let found = errors([line: text])
        if expected.first?.hasSuffix("is not YAML") == true {
            #expect(found.count == 1 && found[0].hasPrefix("i.yaml:6:3: "), "\(found)")
        } else {
            #expect(found == expected)
        }
    }

    @Test(arguments: [
        (
            "{ type: txt, merge: latest, authority: any, scope: parties }",
            "i.yaml:6:14: fields.f.type: txt is not taken here"
        ),
        (
            "{ type: text, merge: lates, authority: any, scope: parties }",
            "i.yaml:6:27: fields.f.merge: lates is not taken here"
        ),
        (
            "{ type: text, merge: union, authority: any, scope: parties }",
            "i.yaml:6:20: fields.f.merge: union does not fit a text"
        ),
        (
            "{ type: text, merge: latest, authority: anyone, scope: parties }",
            "i.yaml:6:46: fields.f.authority: anyone is not taken here"
        ),
        (
            "{ type: text, merge: latest, authority: [35010], scope: parties }",
            "i.yaml:6:47: fields.f.authority[0]: 35010 is not a member code"
        ),
        (
            "{ type: text, merge: latest, authority: [], scope: parties }",
            "i.yaml:6:35: fields.f.authority: lists no members"
        ),
        (
            "{ type: text, merge: latest, authority: any, scope: all }",
            "i.yaml:6:58: fields.f.scope: all is not taken here"
        ),
        (
            "{ type: text, merge: latest, authority: any }",
            "i.yaml:6:6: fields.f.scope: is missing; add scope"
        ),
        (
            "{ type: text, maximum: 40, limit: 5, merge: latest, authority: any, scope: parties }",
            "i.yaml:6:40: fields.f.limit: belongs to merge sum only; leave it out"
        ),
        (
            "{ type: integer, maximum: 40, merge: latest, authority: any, scope: parties }",
            "i.yaml:6:32: fields.f.maximum: belongs to type text only; leave it out"
        ),
        (
            "{ type: text, of: text, merge: latest, authority: any, scope: parties }",
            "i.yaml:6:24: fields.f.of: belongs to type set only; leave it out"
        ),
        (
            "{ type: set, of: set, merge: union, authority: any, scope: parties }",
            "i.yaml:6:23: fields.f.of: set is not taken here"
        ),
        (
            "{ type: decimal, merge: latest, authority: any, scope: parties }",
            "i.yaml:6:6: fields.f.scale: is missing; add scale"
        ),
        (
            "{ type: enumeration, merge: latest, authority: any, scope: parties }",
            "i.yaml:6:6: fields.f.values: is missing; add values"
        ),
        (
            "{ type: text, merge: latest, authority: any, scope: parties, required: yes }",
            "i.yaml:6:77: fields.f.required: is neither true nor false; write true or false"
        ),
        (
            "{ type: text, merge: latest, authority: any, scope: private }",
            "i.yaml:4:1: workflow: is given, but every field is private"
        ),
    ])
    func `an error in a field stands at its key`(field: String, beginning: String) {
        let found = errors([6: "  f: \(field)"])
        #expect(found.count == 1 && found[0].hasPrefix(beginning), "\(found)")
    }

    @Test func `many errors come at once, in the order of their lines`() {
        let found = errors([
            1: "item: A B", 2: "version: x", 4: "workflow: { stages: [s], transition: [] }",
            6: "  f: { type: text, merge: last, authority: any, scope: parties, secret: true }",
            7: "deletion: never",
        ])
        #expect(
            found.map { $0.split(separator: ":")[1] } == ["2", "4", "6", "6", "7"],
            "\(found)"
        )
    }

    @Test func `a transition that is wrong is named by its ends, at its place`() {
        let found = errors([
            4:
                "workflow: { stages: [s, t], transitions: [{ from: s, to: t, by: home }, { from: t, to: u, by: home }] }"
        ])
        #expect(
            found == [
                "i.yaml:4:88: workflow.transitions[t->u].to: u is none of the stages; use one of s, t"
            ]
        )
    }

    @Test func `control characters in a name are shown escaped`() {
        let found = errors([7: "\"a\\e[2J\": 1"])
        #expect(found.count == 1 && found[0].contains("a\\u{1b}[2J"), "\(found)")
    }

    @Test(arguments: [
        "", "# nothing\n", "~", "[]", "text", "a: 1\n---\nb: 2\n", "\t", "{", "a: 'b",
    ])
    func `what is no item file at all is refused with a place`(text: String) {
        let failure = #expect(throws: FileErrors.self) { try ItemFile.parse(text, file: "i.yaml") }
        #expect(failure?.errors.allSatisfy { $0.line >= 1 && !$0.remedy.isEmpty } == true)
    }

    @Test func `nesting is bounded`() {
        let deep = "a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        let failure = #expect(throws: FileErrors.self) { try ItemFile.parse(deep, file: "i.yaml") }
        #expect(failure?.description.contains("nested more than 32 levels") == true)
        let deeper = Bytes(repeating: UInt8(ascii: "["), count: 1_000_000)
        let other = #expect(throws: FileErrors.self) { try ItemFile.parse(json: deeper, file: "b") }
        #expect(other?.description.contains("nested more than 32 levels") == true)
    }

    @Test(arguments: [UInt8(1), 4, 8, 32, 64])
    func `any byte changed is read or refused, and nothing crashes`(mask: UInt8) {
        let file = Bytes(
            """
            # c
            item: A
            version: 1
            name: { zh: "\\u7532", en: 'a' }
            fields:
              f: { type: set, of: text, merge: union, authority: [350100], scope: parties }
            """.utf8
        )
        for position in file.indices {
            var changed = file
            changed[position] ^= mask
            let text = String(decoding: changed, as: UTF8.self)
            do {
                _ = try ItemFile.parse(text, file: "i.yaml")
            } catch {
                #expect(error.errors.allSatisfy { $0.line > 0 && !$0.reason.isEmpty }, "\(text)")
            }
        }
    }

    @Test func `aliases that would multiply are refused`() {
        let bomb = """
            a: &a [x, x, x, x, x, x, x, x, x, x]
            b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
            c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
            """
        #expect(throws: FileErrors.self) { try ItemFile.parse(bomb, file: "i.yaml") }
    }
}
