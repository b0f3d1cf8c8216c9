package import ReplicationCore

/// Idempotency keys of requests that answer with no record: a retry, a backup, a reissue.
extension Ledger {
    /// What was noted of the same request when it succeeded, or its refusal where the caller's key was
    /// used for another; nil if it is new.
    package func earlierNote(
        _ caller: Caller
    ) throws(StoreError) -> Result<String, Refusal>? {
        guard let row = try earlierRequest(caller) else { return nil }
        return row.request == caller.request ? .success(row.subject) : .failure(.keyReused)
    }

    /// Stores the caller's key with a note, and the audit line.
    package func note(
        _ note: String,
        _ caller: Caller,
        wallMilliseconds: Int64
    ) throws(StoreError) {
        try remember(caller, uuid: nil, subject: note, wallMilliseconds)
    }

    /// Stores the caller's key with a note; the audit line is another's to write.
    package func keep(_ note: String, of caller: Caller) throws(StoreError) {
        guard let key = caller.idempotencyKey else { return }
        try store.insertRequest(
            RequestRow(
                key: requestKey(key),
                request: caller.request,
                status: caller.status,
                subject: note
            )
        )
    }
}
