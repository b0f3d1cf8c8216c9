import AllianceModel
import ClusterChecker
import Testing

private let mark: Text = "mark"
private let field: Text = "phone"
private let materials: Text = "materials"
private let note: Text = "note"
private let record: Text = "case-1"

struct AcknowledgedLedgerTests {
    let fuzhou: MemberCode
    let putian: MemberCode
    let ningde: MemberCode

    init() throws {
        fuzhou = try #require(MemberCode("350100"))
        putian = try #require(MemberCode("350300"))
        ningde = try #require(MemberCode("350900"))
    }

    /// One case of Fuzhou and Putian, whose creation had this outcome.
    private func ledger(_ outcome: WriteOutcome = .acknowledged) -> AcknowledgedLedger {
        var ledger = AcknowledgedLedger(markField: mark, privateFields: [note])
        ledger.create(record, at: fuzhou, audience: [fuzhou, putian], outcome: outcome)
        return ledger
    }

    private func latest(_ value: Text, _ outcome: WriteOutcome) -> LedgerWrite {
        LedgerWrite(
            record: record,
            kind: .latest,
            field: field,
            value: value,
            city: fuzhou,
            outcome: outcome
        )
    }

    private func addition(_ value: Text, _ outcome: WriteOutcome) -> LedgerWrite {
        var write = latest(value, outcome)
        write.kind = .addition
        write.field = materials
        return write
    }

    /// What a city shows of the case: its mark and `fields`, `count` times.
    private func shown(
        _ city: MemberCode,
        _ fields: [Text: Observation.Value] = [:],
        count: Int = 1
    ) -> Observation {
        let all = fields.merging([mark: .single(record)]) { $1 }
        let row = Observation.Record(id: "350100.1", fields: all)
        return Observation(city: city, records: Array(repeating: row, count: count))
    }

    /// The same fields at both entitled cities.
    private func both(_ fields: [Text: Observation.Value]) -> [Observation] {
        [shown(fuzhou, fields), shown(putian, fields)]
    }

    @Test func `what was acknowledged and is shown by every entitled city is in order`() {
        var ledger = ledger()
        ledger.note(latest("1", .acknowledged))
        ledger.note(latest("2", .acknowledged))
        ledger.note(addition("a", .acknowledged))
        ledger.note(addition("b", .acknowledged))
        let fields: [Text: Observation.Value] = [
            field: .single("2"), materials: .set(["a", "b"]),
        ]
        #expect(ledger.judge(both(fields)) == [])
        #expect(ledger.acknowledgedCount == 5)
    }

    @Test func `an acknowledged record that one entitled city lacks is lost there`() {
        let observations = [shown(fuzhou), Observation(city: putian, records: [])]
        #expect(ledger().judge(observations) == [.recordLost(city: putian, record: record)])
    }

    @Test func `an entitled city that was not looked at is a finding`() {
        #expect(ledger().judge([shown(fuzhou)]) == [.notObserved(city: putian)])
    }

    @Test func `one creation that is there twice is found`() {
        let observations = [shown(fuzhou, count: 2), shown(putian)]
        #expect(ledger().judge(observations) == [.recordDoubled(city: fuzhou, record: record)])
    }

    @Test func `a record that nobody wrote is found`() {
        let stranger = Observation.Record(id: "350100.2", fields: [mark: .single("no one's")])
        let findings = ledger().judge([
            shown(fuzhou), shown(putian), Observation(city: ningde, records: [stranger]),
        ])
        #expect(findings == [.recordUnwritten(city: ningde, id: "350100.2")])
    }

    @Test func `a record at a city that is not entitled is found`() {
        let findings = ledger().judge([shown(fuzhou), shown(putian), shown(ningde)])
        #expect(findings == [.leaked(city: ningde, record: record, field: nil)])
    }

    @Test func `a refused creation must not be there`() {
        let findings = ledger(.refused).judge([
            shown(fuzhou), Observation(city: putian, records: []),
        ])
        #expect(
            findings == [.refusedShown(city: fuzhou, record: record, field: mark, value: record)]
        )
        #expect(
            ledger(.refused).judge([fuzhou, putian].map { Observation(city: $0, records: []) })
                == []
        )
    }

    @Test func `a creation of unknown outcome is everywhere or nowhere`() {
        let nowhere = [fuzhou, putian].map { Observation(city: $0, records: []) }
        #expect(ledger(.unknown).judge(nowhere) == [])
        #expect(ledger(.unknown).judge(both([:])) == [])
        #expect(
            ledger(.unknown).judge([shown(fuzhou), nowhere[1]])
                == [.differing(cities: [fuzhou, putian], record: record, field: nil)]
        )
    }

    @Test func `an older value in place of the last acknowledged one is a loss`() {
        var ledger = ledger()
        ledger.note(latest("1", .acknowledged))
        ledger.note(latest("2", .acknowledged))
        let lost = [fuzhou, putian].map {
            Finding.valueLost(city: $0, record: record, field: field, value: "2")
        }
        #expect(ledger.judge(both([field: .single("1")])) == lost)
        #expect(ledger.judge(both([field: .single(nil)])) == lost)
        #expect(ledger.judge(both([:])) == lost)
    }

    @Test func `a value of unknown outcome may follow the last acknowledged one`() {
        var ledger = ledger()
        ledger.note(latest("0", .unknown))
        ledger.note(latest("1", .acknowledged))
        ledger.note(latest("2", .unknown))
        #expect(ledger.judge(both([field: .single("1")])) == [])
        #expect(ledger.judge(both([field: .single("2")])) == [])
        #expect(ledger.judge(both([field: .single("0")])).count == 2)
        #expect(
            ledger.judge([
                shown(fuzhou, [field: .single("1")]), shown(putian, [field: .single("2")]),
            ])
                == [.differing(cities: [fuzhou, putian], record: record, field: field)]
        )
    }

    @Test func `a refused value and one that nobody wrote are found`() {
        var ledger = ledger()
        ledger.note(latest("1", .refused))
        #expect(ledger.judge(both([field: .single(nil)])) == [])
        #expect(
            ledger.judge(both([field: .single("1")])).contains(
                .refusedShown(city: putian, record: record, field: field, value: "1")
            )
        )
        #expect(
            ledger.judge(both([field: .single("9")])).contains(
                .valueUnwritten(city: putian, record: record, field: field, value: "9")
            )
        )
    }

    @Test func `an acknowledged element must be in the set, once`() {
        var ledger = ledger()
        ledger.note(addition("a", .acknowledged))
        ledger.note(addition("b", .unknown))
        ledger.note(addition("c", .refused))
        #expect(ledger.judge(both([materials: .set(["a"])])) == [])
        #expect(ledger.judge(both([materials: .set(["a", "b"])])) == [])
        let lost = Finding.valueLost(city: fuzhou, record: record, field: materials, value: "a")
        #expect(ledger.judge(both([materials: .set(["b"])])).contains(lost))
        #expect(ledger.judge(both([:])).contains(lost))
        let doubled = Finding.valueDoubled(
            city: fuzhou,
            record: record,
            field: materials,
            value: "a"
        )
        #expect(ledger.judge(both([materials: .set(["a", "a"])])).contains(doubled))
        let refused = Finding.refusedShown(
            city: fuzhou,
            record: record,
            field: materials,
            value: "c"
        )
        #expect(ledger.judge(both([materials: .set(["a", "c"])])).contains(refused))
        let unwritten = Finding.valueUnwritten(
            city: fuzhou,
            record: record,
            field: materials,
            value: "d"
        )
        #expect(ledger.judge(both([materials: .set(["a", "d"])])).contains(unwritten))
    }

    @Test func `a private field stands in its own city and in no other`() {
        var ledger = ledger()
        var write = latest("secret", .acknowledged)
        write.field = note
        ledger.note(write)
        let own = shown(fuzhou, [note: .single("secret")])
        #expect(ledger.judge([own, shown(putian)]) == [])
        #expect(ledger.judge([own, shown(putian, [note: .single(nil)])]) == [])
        #expect(
            ledger.judge([own, shown(putian, [note: .single("secret")])])
                == [.leaked(city: putian, record: record, field: note)]
        )
        #expect(
            ledger.judge([shown(fuzhou), shown(putian)])
                == [.valueLost(city: fuzhou, record: record, field: note, value: "secret")]
        )
    }

    @Test func `fields of the creation count as written by it`() {
        var ledger = AcknowledgedLedger(markField: mark)
        ledger.create(
            record,
            at: fuzhou,
            audience: [fuzhou],
            fields: [field: "1"],
            outcome: .acknowledged
        )
        #expect(ledger.judge([shown(fuzhou, [field: .single("1")])]) == [])
        #expect(
            ledger.judge([shown(fuzhou)])
                == [.valueLost(city: fuzhou, record: record, field: field, value: "1")]
        )
    }
}
