package import NodeStore
package import ReplicationCore

/// Which of a member's forked writes are to be issued again.
package struct ReissueQuery: Hashable, Sendable {
    /// Nil: those of every record.
    package var record: RecordIdentifier?
    /// Only tells what would be done.
    package var isTrial: Bool
    /// Where a page before this one ended; of all records only.
    package var cursor: Int64?
    /// Records looked at for a page, 1 to 1,000.
    package var limit: Int

    package init(
        record: RecordIdentifier? = nil,
        isTrial: Bool = false,
        cursor: Int64? = nil,
        limit: Int
    ) {
        self.record = record
        self.isTrial = isTrial
        self.cursor = cursor
        self.limit = limit
    }
}

package struct ReissuePage: Hashable, Sendable {
    /// In the order of records, and within one oldest first.
    package var reissues: [Reissue]
    /// Records in dispute that were looked at.
    package var lookedAt: Int
    /// Nil: there is no more.
    package var next: Int64?

    package init(reissues: [Reissue], lookedAt: Int, next: Int64?) {
        self.reissues = reissues
        self.lookedAt = lookedAt
        self.next = next
    }
}

extension Node {
    package func reissue(
        _ query: ReissueQuery,
        _ caller: Caller
    ) async throws(StoreError) -> Result<ReissuePage, Refusal> {
        // The same request again issues nothing again, and tells what became of it.
        let earlier = try await perform(count: 0) { ledger, _ throws(StoreError) in
            try ledger.earlierNote(caller)
        }
        if case .failure(let refusal) = earlier { return .failure(refusal) }
        let rows: [RecordRow]
        var next: Int64?
        if let record = query.record {
            rows = try await reads.read { reader, _ throws(StoreError) in
                try reader.rows(of: record)
            }
            guard !rows.isEmpty else {
                return .failure(Refusal(.recordUnknown, "no record of that id is here"))
            }
        } else {
            let after = query.cursor.map { RecordRow(rawValue: $0) }
            let disputes = try await reads.read { reader, _ throws(StoreError) in
                try reader.disputes(after: after, limit: query.limit)
            }
            next = disputes.count < query.limit ? nil : disputes.last?.0.rawValue
            rows = disputes.map(\.0)
        }
        var page = ReissuePage(reissues: [], lookedAt: rows.count, next: next)
        for row in rows {
            // One commit for each, so that others' writes go in between.
            let result = try await perform { ledger, wall throws(StoreError) in
                try ledger.reissue(
                    ledger.store.record(row),
                    isTrial: query.isTrial,
                    caller,
                    wallMilliseconds: wall
                )
            }
            switch result {
            case .success(let reissues): page.reissues += reissues
            case .failure(let refusal): return .failure(refusal)
            }
        }
        if !query.isTrial, earlier == nil {
            let count = page.reissues.count { $0.outcome == .issued }
            try await perform(count: 0) { ledger, wall throws(StoreError) in
                try ledger.note("\(count) issued again", caller, wallMilliseconds: wall)
            }
        }
        return .success(page)
    }
}
