import AllianceModel
package import ReplicationCore

/// After a clone of a member ran: what its fork made void is written again.
extension Ledger {
    /// Issues again what this member wrote of a record on a fork, each write as a new one that has seen
    /// everything, and each at most once, however often it is asked for.
    ///
    /// Returns what became of each, oldest first; nothing if none of its writes is forked. A trial run
    /// judges every write by the record as it is now and stores nothing.
    package mutating func reissue(
        _ stored: StoredRecord,
        isTrial: Bool,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Result<[Reissue], Refusal> {
        guard try hasOwnForked(stored) else { return .success([]) }
        var reissues: [Reissue] = []
        let changes = try plan(stored).changes
        for change in changes {
            guard let line = change.first else { continue }
            let outcome = try reissue(
                change,
                of: stored.key,
                isTrial: isTrial,
                caller.reissuing(line, of: stored.key, settings.hash),
                wallMilliseconds
            )
            switch outcome {
            case .failure(let refusal): return .failure(refusal)
            case .success(let outcome):
                reissues += change.map { line in
                    Reissue(
                        record: stored.key.identifier,
                        field: line.field,
                        dot: line.dot,
                        timestamp: line.timestamp,
                        outcome: outcome
                    )
                }
            }
        }
        return .success(reissues)
    }

    private mutating func reissue(
        _ change: [HistoryLine],
        of key: RecordKey,
        isTrial: Bool,
        _ caller: Caller,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Result<Reissue.Outcome, Refusal> {
        // Anew for each: what was issued before it may have changed the record.
        guard let stored = try store.record(key) else {
            return .failure(Refusal(.recordUnknown, "no record of that id is here"))
        }
        guard try earlierRequest(caller) == nil else {
            return .success(.skipped(.issuedBefore, detail: "it was issued again before"))
        }
        let request: ChangeRequest
        let plan = try plan(stored)
        do throws(ReissuePlan.Skip) {
            request = try plan.request(for: change)
        } catch {
            return .success(.skipped(error.reason, detail: error.detail))
        }
        if isTrial {
            let view = try folding.state(of: stored)
            let draft = RecordJudge.draft(
                change: request,
                on: view.state,
                seen: view.state,
                definition: view.definition,
                me: Writer(member: settings.member, incarnation: settings.incarnation)
            )
            switch draft {
            case .success: return .success(.wouldBeIssued)
            case .failure(let refusal): return .success(.refused(refusal))
            }
        }
        let written = try self.change(
            stored,
            request,
            token: nil,
            caller,
            wallMilliseconds: wallMilliseconds
        )
        switch written {
        case .success: return .success(.issued)
        case .failure(let refusal) where refusal.code == .clockBeyondBound:
            return .failure(refusal)
        case .failure(let refusal): return .success(.refused(refusal))
        }
    }

    private func hasOwnForked(_ stored: StoredRecord) throws(StoreError) -> Bool {
        try folding.state(of: stored).state.fields.contains { field in
            field.voids.contains { void in
                void.verdict == .forked && void.dot.writer.member == settings.member
            }
        }
    }

    private func plan(_ stored: StoredRecord) throws(StoreError) -> ReissuePlan {
        let (state, definition) = try folding.state(of: stored)
        let entries = try store.history(stored.row, upTo: .max).map(\.entry)
        let judged = try folding.judged(entries, under: state.header)
        return ReissuePlan(
            judged.lines(),
            RecordView(state, definition),
            me: settings.member
        )
    }
}

extension Reissue.Outcome {
    fileprivate static func refused(_ refusal: Refusal) -> Self {
        .skipped(.refused, detail: "\(refusal.code.rawValue): \(refusal.detail)")
    }
}

extension Caller {
    /// Who issues one write again, under a key that names it: it is issued once, and an addition counts
    /// once even where a restored store has forgotten that.
    ///
    /// Two branches can have given one number to different writes: time and value tell them apart.
    fileprivate func reissuing(
        _ line: HistoryLine,
        of key: RecordKey,
        _ hash: HashFunction
    ) -> Caller {
        var writer = ProtobufWriter(capacity: 256)
        writer.bytes(1, key.encoded)
        writer.bytes(2, line.field.utf8)
        writer.bytes(
            3,
            "\(line.dot.writer.member)/\(line.dot.writer.incarnation)/\(line.dot.number)".utf8
        )
        writer.bytes(4, "\(line.timestamp.milliseconds)/\(line.timestamp.counter)".utf8)
        if let value = line.value { writer.bytes(5, ValueCoding.encode(value)) }
        let digest = writer.bytes.withUnsafeBytes { hash($0) }
        var caller = self
        caller.idempotencyKey = "citysync reissue \(digest.hex)"
        caller.request = digest
        return caller
    }
}
