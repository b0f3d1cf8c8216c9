package import AllianceModel

/// What clients were told, kept outside the nodes, to be compared with what the nodes show.
///
/// It knows nothing of how nodes store, merge or send. Records are told apart by a mark that their
/// creation writes, so that also a creation without an answer can be found, once or twice.
package struct AcknowledgedLedger: Sendable {
    struct Entry: Sendable {
        var outcome: WriteOutcome
        var creator: MemberCode
        /// The cities that may and must have it.
        var audience: Set<MemberCode>
        /// In the order sent; creations and writes of one field with one value.
        var latest: [Text: [LedgerWrite]] = [:]
        var additions: [Text: [LedgerWrite]] = [:]
    }

    /// The field that holds a record's mark.
    package let markField: Text
    /// Fields whose values never leave the city that wrote them.
    ///
    /// Only the creating city writes them; every other has its own, which is empty.
    package let privateFields: Set<Text>
    private(set) var entries: [Text: Entry] = [:]
    /// Writes that were acknowledged, creations included.
    package private(set) var acknowledgedCount = 0
    package private(set) var unknownCount = 0

    package init(markField: Text, privateFields: Set<Text> = []) {
        self.markField = markField
        self.privateFields = privateFields
    }

    /// Notes a creation.
    ///
    /// `fields` are those with one value that it writes beside the mark.
    package mutating func create(
        _ record: Text,
        at city: MemberCode,
        audience: Set<MemberCode>,
        fields: [Text: Text] = [:],
        outcome: WriteOutcome
    ) {
        count(outcome)
        var entry = entries[record] ?? Entry(outcome: outcome, creator: city, audience: audience)
        entry.outcome = outcome
        for (field, value) in fields {
            let write = LedgerWrite(
                record: record,
                kind: .creation,
                field: field,
                value: value,
                city: city,
                outcome: outcome
            )
            entry.latest[field] = [write]
        }
        entries[record] = entry
    }

    /// Notes a write to a record that `create` noted before.
    package mutating func note(_ write: LedgerWrite) {
        count(write.outcome)
        switch write.kind {
        case .creation: break
        case .latest: entries[write.record]?.latest[write.field, default: []].append(write)
        case .addition: entries[write.record]?.additions[write.field, default: []].append(write)
        }
    }

    private mutating func count(_ outcome: WriteOutcome) {
        switch outcome {
        case .acknowledged: acknowledgedCount += 1
        case .unknown: unknownCount += 1
        case .refused: break
        }
    }

    /// Everything in which the observations contradict the ledger or each other, in a fixed order.
    ///
    /// Every city of an audience must be among the observations. They are taken when nothing is on
    /// its way any more.
    package func judge(_ observations: [Observation]) -> [Finding] {
        let observed = Set(observations.map(\.city))
        let wanted = entries.values.reduce(into: Set<MemberCode>()) { $0.formUnion($1.audience) }
        var findings = wanted.subtracting(observed).sorted().map { Finding.notObserved(city: $0) }
        var shown: [Text: [(city: MemberCode, record: Observation.Record)]] = [:]
        for observation in observations.sorted(by: { $0.city < $1.city }) {
            for record in observation.records {
                guard let mark = mark(of: record), entries[mark] != nil else {
                    let id = record.id
                    findings.append(.recordUnwritten(city: observation.city, id: id))
                    continue
                }
                shown[mark, default: []].append((observation.city, record))
            }
        }
        for (record, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let judging = RecordJudging(ledger: self, record: record, entry: entry)
            findings += judging.judge(shown[record] ?? [], observed: observed)
        }
        return findings
    }

    private func mark(of record: Observation.Record) -> Text? {
        guard case .single(let mark) = record.fields[markField] else { return nil }
        return mark
    }
}
