import AllianceModel
import Testing

@Suite struct FieldValueTests {
    @Test(arguments: [
        (FieldType.text(maximumBytes: 6), "福州"), (.integer, "-9223372036854775808"),
        (.decimal(scale: 2, unit: "CNY"), "12345.60"), (.boolean, "true"), (.boolean, "false"),
        (.date, "2026-07-01"), (.time, "2026-07-01T00:00:00.000Z"),
        (.enumeration(["a", "b"]), "b"),
        (.identity, "11010519491231002X"), (.organization, "91350100M000100Y43"),
        (.member, "330111-07"), (.reference, "350100.0192f0c4-7abc-7def-8123-456789abcdef"),
        (.counter, "-1"),
    ])
    func `a value's text is read back`(type: FieldType, text: String) throws {
        let value = try type.parse(text: text)
        #expect(value.validate(type) == nil)
        #expect(value.text?.string == text)
    }

    @Test(arguments: [
        (FieldType.text(maximumBytes: 5), "福州", InvalidValue.tooLong(maximumBytes: 5)),
        (.text(maximumBytes: 5), "a\u{0}", .holdsNul),
        (.integer, "9223372036854775808", .notInteger),
        (.integer, "1e3", .notInteger), (.integer, "+1", .notInteger),
        (.integer, "1.0", .notInteger),
        (.decimal(scale: 2, unit: nil), "1.234", .notDecimal(scale: 2)),
        (.boolean, "yes", .typeDiffers(expected: "boolean")), (.date, "2025-02-29", .notDate),
        (.time, "2026-07-01", .notTime), (.enumeration(["a"]), "A", .notListed),
        (.identity, "11010519491231002x", .notIdentityNumber),
        (.organization, "91350100M000100Y44", .notOrganizationCode),
        (.member, "35010", .notMemberCode),
        (.reference, "", .notReference(maximumBytes: 1024)),
        (.set(of: .date), "2026-07-01", .typeDiffers(expected: "set")),
    ])
    func `what does not fit is refused with its reason`(
        type: FieldType,
        text: String,
        reason: InvalidValue
    ) {
        #expect(throws: reason) { try type.parse(text: text) }
        #expect(!reason.description.contains(text) || text.isEmpty)
    }

    @Test func `a value of another kind is refused`() {
        #expect(
            FieldValue.integer(1).validate(.boolean) == .typeDiffers(expected: "boolean")
        )
        #expect(FieldValue.text("1").validate(.integer) == .typeDiffers(expected: "integer"))
        #expect(
            FieldValue.decimal(ScaledDecimal(units: 1, scale: 1))
                .validate(.decimal(scale: 2, unit: nil)) == .scaleDiffers(scale: 2)
        )
        #expect(FieldValue.time(.max).validate(.time) == .timeOutOfRange)
    }

    @Test func `null clears single values only`() {
        #expect(FieldValue.cleared.validate(.date) == nil)
        #expect(FieldValue.cleared.validate(.counter) == .typeDiffers(expected: "counter"))
        #expect(
            FieldValue.cleared.validate(.set(of: .date)) == .typeDiffers(expected: "set")
        )
    }

    @Test func `a set is sorted and holds each element once`() {
        let type = FieldType.set(of: .text(maximumBytes: 3))
        let set = FieldValue.set(sorting: [.text("b"), .text("a"), .text("b"), .text("B")])
        #expect(set == .set([.text("B"), .text("a"), .text("b")]))
        #expect(set.validate(type) == nil)
        #expect(FieldValue.set([]).validate(type) == nil)
        #expect(FieldValue.set([.text("b"), .text("a")]).validate(type) == .setNotSorted)
        #expect(FieldValue.set([.text("a"), .text("a")]).validate(type) == .setNotSorted)
        #expect(FieldValue.set([.text("long")]).validate(type) == .tooLong(maximumBytes: 3))
        #expect(FieldValue.set([.integer(1)]).validate(type) == .typeDiffers(expected: "text"))
        #expect(FieldValue.set([.cleared]).validate(type) == .typeDiffers(expected: "text"))
        let many = FieldValue.set((0...10_000).map { .integer($0) })
        #expect(many.validate(.set(of: .integer)) == .tooMany(maximum: 10_000))
    }

    @Test func `the order is total`() throws {
        let date = try #require(CalendarDate("2026-07-01"))
        let member = try #require(MemberCode("350100"))
        let ascending: [FieldValue] = [
            .text("a"), .text("b"), .integer(-1), .integer(1),
            .decimal(ScaledDecimal(units: -1, scale: 2)),
            .decimal(ScaledDecimal(units: 1, scale: 2)),
            .boolean(false), .boolean(true), .date(date), .time(-1), .time(1), .member(member),
            .set([.integer(1)]), .set([.integer(1), .integer(2)]), .cleared,
        ]
        for (index, left) in ascending.enumerated() {
            for (other, right) in ascending.enumerated() {
                #expect((left < right) == (index < other))
            }
        }
    }
}
