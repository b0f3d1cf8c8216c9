package import AllianceModel
package import ReplicationCore

/// Conflicts as a store has them: within records, and between records.
///
/// Used by readers and, for a decision, by the writer: one way to find them, so that both name them
/// alike.
package struct ConflictListing {
    /// A conflict, and the record that it is shown with: of those between records the first.
    package struct Found {
        package var conflict: Conflict
        package var stored: StoredRecord
        /// Of a conflict between records all of them, in the order of its values; else the one.
        package var records: [RecordKey]
    }

    private let reader: any StoreReading & DisputeReading
    private let folding: RecordFolding
    /// The node's member: it is shown what it may see, whatever it has.
    private let viewer: MemberCode

    package init(
        _ reader: any StoreReading & DisputeReading,
        _ folding: RecordFolding,
        viewer: MemberCode
    ) {
        self.reader = reader
        self.folding = folding
        self.viewer = viewer
    }

    // MARK: One record

    /// All of a record's conflicts, open ones only if not asked otherwise; sorted by id.
    package func conflicts(
        of stored: StoredRecord,
        includesClosed: Bool
    ) throws(StoreError) -> [Found] {
        var found = try within(stored, includesClosed: includesClosed)
        var digests = Set(try reader.collisions(of: stored.row))
        var behind: [Digest: [RecordRow]] = [:]
        let (state, definition) = try folding.state(of: stored)
        let own = RecordView(state, definition, viewer: viewer).uniques(hash: reader.hash)
        if !own.isEmpty {
            digests.formUnion(own)
            behind = try reader.uniquesBehind()
        }
        for digest in digests {
            guard let other = try between(digest, behind), other.records.contains(stored.key)
            else { continue }
            found.append(other)
        }
        return found.sorted { $0.conflict.id < $1.conflict.id }
    }

    /// The ids of the open conflicts that a record is in, sorted.
    package func ids(
        of row: RecordRow,
        _ state: RecordState,
        _ definition: ItemDefinition
    ) throws(StoreError) -> [Text] {
        var ids: [Text] = []
        if state.isDisputed(definition) {
            ids = RecordView(state, definition, viewer: viewer).conflicts(reader.hash).map(\.id)
        }
        for digest in try reader.collisions(of: row) {
            guard let other = try between(digest), other.records.contains(state.key) else {
                continue
            }
            ids.append(other.conflict.id)
        }
        return ids.sorted()
    }

    private func within(
        _ stored: StoredRecord,
        includesClosed: Bool
    ) throws(StoreError) -> [Found] {
        let (state, definition) = try folding.state(of: stored)
        guard state.isDisputed(definition) else { return [] }
        let conflicts: [Conflict]
        if includesClosed {
            conflicts = try judged(stored, state.header).conflicts(reader.hash, viewer: viewer)
        } else {
            conflicts = RecordView(state, definition, viewer: viewer).conflicts(reader.hash)
        }
        return conflicts.map { Found(conflict: $0, stored: stored, records: [stored.key]) }
    }

    /// Every write that was taken in of a record, with its verdict.
    package func judged(
        _ stored: StoredRecord,
        _ header: RecordHeader
    ) throws(StoreError) -> JudgedHistory {
        let entries = try reader.history(stored.row, upTo: .max).map(\.entry)
        return try folding.judged(entries, under: header)
    }

    // MARK: Between records

    private static let recordsMaximum = 100

    private typealias Standing = (stored: StoredRecord, view: RecordView)

    /// The records that have what the digest is of, as they are now: in key order.
    ///
    /// The index may say it of one that has other values since, or was closed; `behind` has those that
    /// it does not know yet.
    private func standing(
        _ digest: Digest,
        _ behind: [Digest: [RecordRow]]
    ) throws(StoreError) -> [Standing] {
        let known = try reader.records(unique: digest, limit: Self.recordsMaximum)
        let rows = Set(known).union(behind[digest] ?? [])
        guard rows.count > 1 else { return [] }
        var records: [Standing] = []
        for row in rows {
            let stored = try reader.record(row)
            let (state, definition) = try folding.state(of: stored)
            let view = RecordView(state, definition, viewer: viewer)
            let isTwin =
                Bytes(stored.key.identifier.description.utf8)
                .withUnsafeBytes { reader.hash($0) } == digest
            guard isTwin ? !view.isDeleted : view.uniques(hash: reader.hash).contains(digest)
            else { continue }
            records.append((stored, view))
        }
        return records.sorted { $0.stored.key < $1.stored.key }
    }

    /// Records that have in common what only one should have; nil if there are not two any more.
    private func between(
        _ digest: Digest,
        _ behind: [Digest: [RecordRow]] = [:]
    ) throws(StoreError) -> Found? {
        let records = try standing(digest, behind)
        guard records.count > 1, let first = records.first else { return nil }
        let isTwin = records.allSatisfy { $0.stored.key.identifier == first.stored.key.identifier }
        let kind = isTwin ? ConflictKind.twoCreations : .duplicate
        let isRequest = first.view.creation(hash: reader.hash) == digest
        if isRequest, isListedByValues(records) { return nil }
        let created = records.map(\.view.state.created).sorted()
        let conflict = Conflict(
            id: Conflict.id(
                kind,
                record: first.stored.key,
                field: isRequest ? "@request" : nil,
                dots: [],
                reader.hash
            ),
            kind: kind,
            record: first.stored.key,
            field: nil,
            since: created.dropFirst().first ?? .zero,
            owner: first.view.state.header.home,
            rule: rule(kind, isRequest: isRequest),
            values: records.map { record in
                Conflict.Value(
                    value: .single(.text(Text(record.stored.key.identifier.description))),
                    dot: nil,
                    writer: record.stored.key.origin,
                    timestamp: record.view.state.created,
                    isShown: true,
                    verdict: nil
                )
            },
            isOpen: true
        )
        return Found(
            conflict: conflict,
            stored: first.stored,
            records: records.map(\.stored.key)
        )
    }

    /// Whether these collide on values, too: then that is the conflict.
    private func isListedByValues(_ records: [Standing]) -> Bool {
        let values = Set(records.map { $0.view.unique(hash: reader.hash) })
        return values.count == 1 && values.first != .some(nil)
    }

    private func rule(_ kind: ConflictKind, isRequest: Bool) -> Text {
        if kind == .twoCreations {
            return "two records have one id; both stand until home closes one"
        }
        if isRequest {
            return
                "one request made two records, as after a restore; both stand until one is closed"
        }
        return "two open records have equal values where the item wants them unique; both stand"
    }

    // MARK: All of them

    /// The digests that more than one record may have, in their order.
    private func collisions(
        after last: Bytes,
        limit: Int,
        _ behind: [Digest: [RecordRow]]
    ) throws(StoreError) -> [Digest] {
        var digests = Set(try reader.collisions(after: Digest(bytes: last[...]), limit: limit))
        for (digest, rows) in behind where last.lexicographicallyPrecedes(digest.bytes) {
            let known = try reader.records(unique: digest, limit: 2)
            if Set(known).union(rows).count > 1 { digests.insert(digest) }
        }
        let sorted = digests.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        return Array(sorted.prefix(limit))
    }

    /// Where a page of all conflicts goes on.
    private struct Place {
        /// 0 within records, 1 between records.
        var part: UInt8
        /// Of the last record or digest looked at.
        var last: Bytes
        /// Conflicts of that record that were given.
        var given: UInt64

        var encoded: Bytes { [part] + given.bytes + last }

        static func decode(_ bytes: Bytes) -> Place? {
            guard let part = bytes.first, part <= 1, bytes.count >= 9 else { return nil }
            let given = bytes[1..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Place(part: part, last: Bytes(bytes[9...]), given: given)
        }
    }

    /// A page of the conflicts of all records, in an order that holds from page to page; nil if the
    /// cursor is none that was given.
    package func page(
        kind: ConflictKind?,
        includesClosed: Bool,
        cursor: Bytes?,
        limit: Int
    ) throws(StoreError) -> (found: [Found], next: Bytes?)? {
        var place = Place(part: 0, last: [], given: 0)
        if let cursor {
            guard let decoded = Place.decode(cursor) else { return nil }
            place = decoded
        }
        var found: [Found] = []
        func matches(_ conflict: Conflict) -> Bool { kind == nil || conflict.kind == kind }
        while place.part == 0 {
            // The record that a page ended in is looked at again, from where it ended.
            let last = place.last.reduce(Int64(0)) { $0 << 8 | Int64($1) }
            let from = place.given > 0 ? last - 1 : last
            let rows = try reader.disputes(after: RecordRow(rawValue: from), limit: limit)
            for (row, _) in rows {
                let all = try within(reader.record(row), includesClosed: includesClosed)
                    .filter { matches($0.conflict) }
                let given = row.rawValue == last ? Int(clamping: place.given) : 0
                let rest = all.dropFirst(given)
                let room = limit - found.count
                found += rest.prefix(room)
                place.last = UInt64(row.rawValue).bytes
                place.given = 0
                if rest.count > room {
                    place.given = UInt64(given + room)
                    return (found, place.encoded)
                }
            }
            if rows.count < limit { place = Place(part: 1, last: [], given: 0) }
        }
        let behind = try reader.uniquesBehind()
        while true {
            let digests = try collisions(after: place.last, limit: limit, behind)
            for digest in digests {
                guard found.count < limit else { return (found, place.encoded) }
                if let conflict = try between(digest, behind), matches(conflict.conflict) {
                    found.append(conflict)
                }
                place.last = digest.bytes
            }
            if digests.count < limit { return (found, nil) }
        }
    }
}

extension UInt64 {
    /// Big-endian.
    fileprivate var bytes: Bytes {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> UInt64($0)) }
    }
}
