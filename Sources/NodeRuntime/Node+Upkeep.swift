import AllianceModel
import Logging
package import NodeStore
package import ReplicationCore

/// What an operator looks after: held changesets and backups.
extension Node {
    package func held(after position: LogPosition, limit: Int) async throws(StoreError) -> HeldPage
    {
        let catalog = catalog
        return try await reads.read { reader, _ throws(StoreError) in
            let entries = try reader.held(after: position, limit: limit)
            return HeldPage(
                rows: entries.map { HeldRow($0, catalog.agreement) },
                next: entries.count == limit ? entries.last?.position : nil
            )
        }
    }

    package func retryHeld(
        _ position: LogPosition,
        _ caller: Caller
    ) async throws(StoreError) -> Result<HeldRetry, Refusal> {
        try await perform(count: 0) { ledger, wall throws(StoreError) in
            switch try ledger.earlierNote(caller) {
            case .failure(let refusal)?: return .failure(refusal)
            case .success?:
                // It was judged again for this request: how it stands now is what there is to say.
                return .success(
                    try ledger.store.held(at: position)
                        .map { .held(HeldRow($0, ledger.agreement)) } ?? .released
                )
            case nil: break
            }
            guard let waiting = try ledger.store.held(at: position) else {
                return .failure(
                    Refusal(.heldUnknown, "no changeset is held at position \(position)")
                )
            }
            let isReleased = try ledger.retry(waiting, caller, wallMilliseconds: wall)
            try ledger.keep("held \(position)", of: caller)
            guard !isReleased, let rest = try ledger.store.held(at: position) else {
                return .success(.released)
            }
            return .success(.held(HeldRow(rest, ledger.agreement)))
        }
    }

    package func earlierAnswer(
        _ caller: Caller,
        uuid: UUIDBytes?
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal>? {
        try await perform(count: 0) { ledger, _ throws(StoreError) in
            try ledger.earlierAnswer(caller, uuid: uuid)
        }
    }

    package func backup(
        to path: String,
        _ caller: Caller
    ) async throws(StoreError) -> Result<BackupReport, Refusal> {
        guard path.hasPrefix("/"), !path.utf8.contains(0), !path.hasSuffix("/") else {
            return .failure(
                Refusal(.fieldInvalid, field: "file", "an absolute path of a file is wanted")
            )
        }
        return try await backups.run { () async throws(StoreError) in
            try await self.makeBackup(to: path, caller)
        }
    }

    private func makeBackup(
        to path: String,
        _ caller: Caller
    ) async throws(StoreError) -> Result<BackupReport, Refusal> {
        let earlier = try await perform(count: 0) { ledger, _ throws(StoreError) in
            try ledger.earlierNote(caller)
        }
        switch earlier {
        case .failure(let refusal)?: return .failure(refusal)
        case .success(let note)?: return .success(BackupReport(note: note, path: path))
        case nil: break
        }
        let start = clocks.monotonic()
        let (pool, ledger) = (reads.pool, reads.ledger)
        // On a thread of the readers', since it takes a while and blocks; not on a reader's snapshot.
        let made: Result<StoreBackup.Report, StoreError> = await reads.blocking {
            Result { () throws(StoreError) in
                try pool.backup(to: path, ledger)
            }
        }
        switch made {
        case .success(let made):
            let report = BackupReport(
                path: path,
                bytes: made.bytes,
                position: made.position,
                milliseconds: clocks.monotonic().milliseconds(since: start)
            )
            try await perform(count: 0) { ledger, wall throws(StoreError) in
                try ledger.note(report.note, caller, wallMilliseconds: wall)
            }
            return .success(report)
        case .failure(.unopenable(_, let reason)):
            return .failure(Refusal(.fieldInvalid, field: "file", reason))
        case .failure(.full):
            return .failure(
                Refusal(.fieldInvalid, field: "file", "there is no space left for it")
            )
        case .failure(.damaged(_, let reason)):
            // Of the copy, which was made of what is here; the node itself goes on.
            logger.critical("no backup was made, since the store is damaged: \(reason)")
            return .failure(
                Refusal(
                    .storeDamaged,
                    "no backup was made: the store is damaged (\(reason)); keep the backups that you "
                        + "have, restore the last one, and let the peers give back the rest"
                )
            )
        case .failure(let error): throw error
        }
    }
}

extension BackupReport {
    /// As the audit has it, and as a repeated request reads it: the path, then the numbers.
    fileprivate var note: String {
        "\(path) (\(bytes) bytes, position \(position), \(milliseconds) ms)"
    }

    /// What a note of the same path says.
    fileprivate init(note: String, path: String) {
        let numbers = note.dropFirst(path.count).split { !$0.isNumber }.compactMap { Int64($0) }
        self.init(
            path: path,
            bytes: numbers.first ?? 0,
            position: numbers.count > 1 ? numbers[1] : 0,
            milliseconds: numbers.count > 2 ? numbers[2] : 0
        )
    }
}

extension HeldRow {
    /// Who must act is a matter of the reason.
    init(_ entry: HeldEntry, _ agreement: AgreementState) {
        self.init(
            position: entry.position,
            reason: entry.reason,
            detail: entry.rests
                ? "\(entry.detail); all who may have it were asked, and none gave it"
                : entry.detail,
            author: entry.author,
            owners: HeldRow.owners(of: entry, agreement),
            record: entry.key?.identifier,
            timestamp: entry.timestamp,
            since: entry.since,
            nextTry: entry.nextTry
        )
    }

    private static func owners(
        of entry: HeldEntry,
        _ agreement: AgreementState
    ) -> [MemberCode] {
        // Nobody who is left can: it is asked for again at its next try.
        if entry.rests { return [] }
        switch entry.reason {
        case .definitionUnknown, .definitionNotAgreed:
            let awaited = entry.definition.map { definition in
                agreement.proposals(of: definition)
                    .flatMap { agreement.membersAwaited(by: $0.proposal.digest) }
            }
            let members = Set(awaited ?? []).sorted()
            return members.isEmpty ? [entry.author] : members
        case .recordUnknown, .predecessorMissing, .groundMissing, .partyUnknown:
            // The writer of what is missing, then who sent what waits for it.
            let writer = entry.waitsFor?.member ?? entry.key?.origin ?? entry.author
            return writer == entry.author ? [writer] : [writer, entry.author]
        case .clockAhead, .audienceRefused, .malformed, .featureUnknown: return [entry.author]
        }
    }
}
