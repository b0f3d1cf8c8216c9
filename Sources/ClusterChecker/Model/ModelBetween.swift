import AllianceModel

/// A conflict between records: all of them stand until all but one are closed.
package struct ModelRecordConflict: Hashable, Sendable {
    package let kind: ModelConflict.Kind
    package let records: Set<ModelKey>

    package init(kind: ModelConflict.Kind, records: Set<ModelKey>) {
        self.kind = kind
        self.records = records
    }
}

extension Model {
    /// Which records of one node are a conflict with each other: `duplicate` and `two_creations`.
    ///
    /// `writes`: all that the outcome was judged from.
    package static func between(
        _ records: [(record: ModelRecord, writes: Set<ModelWrite>, outcome: ModelOutcome)]
    ) -> Set<ModelRecordConflict> {
        var conflicts: Set<ModelRecordConflict> = []
        let byID = Dictionary(grouping: records.map(\.record.key)) {
            Origin(member: $0.origin, id: $0.id)
        }
        for keys in byID.values where keys.count > 1 {
            conflicts.insert(ModelRecordConflict(kind: .twoCreations, records: Set(keys)))
        }
        let open = records.filter { isOpen($0.record, $0.outcome) }
        let byValues = Dictionary(grouping: open) { values($0.record, $0.outcome) }
        for (values, rows) in byValues where values != nil && rows.count > 1 {
            let keys = Set(rows.map(\.record.key))
            conflicts.insert(ModelRecordConflict(kind: .duplicate, records: keys))
        }
        for (row, request) in open.flatMap({ row in requests(row).map { (row, $0) } }) {
            let others = open.filter {
                $0.record.key.origin == row.record.key.origin && requests($0).contains(request)
            }
            guard others.count > 1 else { continue }
            let keys = Set(others.map(\.record.key))
            conflicts.insert(ModelRecordConflict(kind: .duplicate, records: keys))
        }
        return conflicts
    }

    private struct Origin: Hashable {
        let member: MemberCode
        let id: Bytes
    }

    private struct UniqueValues: Hashable {
        let item: Text
        let fields: [Text]
        let values: [FieldValue]
    }

    /// Neither deleted nor in a stage that leads nowhere.
    private static func isOpen(_ record: ModelRecord, _ outcome: ModelOutcome) -> Bool {
        guard !outcome.isDeleted else { return false }
        guard let workflow = record.definition.workflow, let stage = outcome.stage else {
            return true
        }
        return !workflow.transitions(from: stage).isEmpty
    }

    /// Nil where a unique field has no value, or more than one under review.
    private static func values(_ record: ModelRecord, _ outcome: ModelOutcome) -> UniqueValues? {
        let fields = record.definition.unique
        let values = fields.compactMap { field -> FieldValue? in
            guard case .single(let value) = outcome.shown[field], value != .cleared else {
                return nil
            }
            return value
        }
        guard !fields.isEmpty, values.count == fields.count else { return nil }
        return UniqueValues(item: record.definition.item, fields: fields, values: values)
    }

    /// The request ids of the creation.
    private static func requests(
        _ row: (record: ModelRecord, writes: Set<ModelWrite>, outcome: ModelOutcome)
    ) -> Set<Bytes> {
        let origins = row.writes.filter { $0.dot.member == row.record.accepting }
        let created = origins.map(\.timestamp).min()
        return Set(origins.filter { $0.timestamp == created }.compactMap(\.requestID))
    }
}
