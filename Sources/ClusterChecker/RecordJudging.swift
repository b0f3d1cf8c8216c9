import AllianceModel

/// Compares one record of the ledger with what the cities show of it.
struct RecordJudging {
    typealias Shown = (city: MemberCode, record: Observation.Record)

    let ledger: AcknowledgedLedger
    let record: Text
    let entry: AcknowledgedLedger.Entry

    /// `shown`: what has the record's mark, sorted by city.
    ///
    /// `observed`: all cities looked at.
    func judge(_ shown: [Shown], observed: Set<MemberCode>) -> [Finding] {
        var findings: [Finding] = []
        let having = Set(shown.map(\.city))
        for city in having.sorted() where shown.count(where: { $0.city == city }) > 1 {
            findings.append(.recordDoubled(city: city, record: record))
        }
        for city in having.subtracting(entry.audience).sorted() {
            findings.append(.leaked(city: city, record: record, field: nil))
        }
        let entitled = entry.audience.intersection(observed)
        let lacking = entitled.subtracting(having).sorted()
        switch entry.outcome {
        case .acknowledged:
            findings += lacking.map { .recordLost(city: $0, record: record) }
        case .refused:
            findings += having.sorted().map {
                .refusedShown(city: $0, record: record, field: ledger.markField, value: record)
            }
        case .unknown where !having.isEmpty && !lacking.isEmpty:
            let cities = (lacking + having).sorted()
            findings.append(.differing(cities: cities, record: record, field: nil))
        case .unknown: break
        }
        let judged = shown.filter { entry.audience.contains($0.city) }
        for (city, row) in judged { findings += judgeFields(of: row, at: city) }
        return findings + differences(judged)
    }

    private func judgeFields(of row: Observation.Record, at city: MemberCode) -> [Finding] {
        var findings: [Finding] = []
        let written = Set(entry.latest.keys).union(entry.additions.keys).union(row.fields.keys)
        for field in written.subtracting([ledger.markField]).sorted() {
            let mayHave = !ledger.privateFields.contains(field) || city == entry.creator
            guard mayHave else {
                if row.fields[field]?.isEmpty == false {
                    findings.append(.leaked(city: city, record: record, field: field))
                }
                continue
            }
            switch row.fields[field] {
            case .single(let value): findings += judgeSingle(field, value, at: city)
            case .set(let elements): findings += judgeSet(field, elements, at: city)
            case nil where entry.additions[field] != nil:
                findings += judgeSet(field, [], at: city)
            case nil: findings += judgeSingle(field, nil, at: city)
            }
        }
        return findings
    }

    /// The last acknowledged value or one of unknown outcome behind it.
    private func judgeSingle(_ field: Text, _ value: Text?, at city: MemberCode) -> [Finding] {
        let writes = entry.latest[field] ?? []
        let last = writes.lastIndex { $0.outcome == .acknowledged }
        let possible = writes[(last ?? 0)...].filter { $0.outcome != .refused }.map(\.value)
        if let value, possible.contains(value) { return [] }
        if value == nil, last == nil { return [] }
        if let value {
            let all = writes.filter { $0.value == value }
            if all.isEmpty {
                return [.valueUnwritten(city: city, record: record, field: field, value: value)]
            }
            if all.allSatisfy({ $0.outcome == .refused }) {
                return [.refusedShown(city: city, record: record, field: field, value: value)]
            }
        }
        guard let last else { return [] }
        let lost = writes[last].value
        return [.valueLost(city: city, record: record, field: field, value: lost)]
    }

    private func judgeSet(_ field: Text, _ elements: [Text], at city: MemberCode) -> [Finding] {
        var findings: [Finding] = []
        let writes = entry.additions[field] ?? []
        let shown = Set(elements)
        for value in shown.sorted() {
            if elements.count(where: { $0 == value }) > 1 {
                findings.append(
                    .valueDoubled(city: city, record: record, field: field, value: value)
                )
            }
            let of = writes.filter { $0.value == value }
            if of.isEmpty {
                findings.append(
                    .valueUnwritten(city: city, record: record, field: field, value: value)
                )
            } else if of.allSatisfy({ $0.outcome == .refused }) {
                findings.append(
                    .refusedShown(city: city, record: record, field: field, value: value)
                )
            }
        }
        for write in writes where write.outcome == .acknowledged && !shown.contains(write.value) {
            findings.append(
                .valueLost(city: city, record: record, field: field, value: write.value)
            )
        }
        return findings
    }

    /// Fields in which entitled cities differ from the first of them.
    private func differences(_ shown: [Shown]) -> [Finding] {
        guard let first = shown.first else { return [] }
        var findings: [Finding] = []
        for (city, row) in shown.dropFirst() where city != first.city {
            let fields = Set(first.record.fields.keys).union(row.fields.keys)
                .subtracting(ledger.privateFields)
            for field in fields.sorted() where first.record.fields[field] != row.fields[field] {
                let cities = [first.city, city]
                findings.append(.differing(cities: cities, record: record, field: field))
            }
        }
        return findings
    }
}
