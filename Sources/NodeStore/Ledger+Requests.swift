import AllianceModel
package import ReplicationCore

/// What was asked before: idempotency keys, ids given by clients, causality tokens, the audit.
extension Ledger {
    /// The answer to a request that was already done, or its refusal; nil if it is new.
    package func earlierAnswer(
        _ caller: Caller,
        uuid: UUIDBytes?
    )
        throws(StoreError) -> Result<WriteAnswer, Refusal>?
    {
        if let key = caller.idempotencyKey, let row = try store.request(requestKey(key)) {
            guard row.request == caller.request else { return .failure(.keyReused) }
            return try answer(to: row)
        }
        guard let uuid else { return nil }
        if let row = try store.request(requestKey(uuid)) {
            guard row.request == caller.request else {
                return .failure(.idTaken)
            }
            // The key is used up by this answer too.
            if let key = caller.idempotencyKey {
                try store.insertRequest(
                    RequestRow(
                        key: requestKey(key),
                        request: row.request,
                        status: row.status,
                        subject: row.subject
                    )
                )
            }
            return try answer(to: row)
        }
        return nil
    }

    /// Stores the request's key, the given id and the audit line, with the change itself.
    func remember(
        _ caller: Caller,
        uuid: UUIDBytes?,
        subject: String,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        var keys: [Digest] = []
        if let key = caller.idempotencyKey { keys.append(requestKey(key)) }
        if let uuid { keys.append(requestKey(uuid)) }
        for key in keys {
            try store.insertRequest(
                RequestRow(
                    key: key,
                    request: caller.request,
                    status: caller.status,
                    subject: subject
                )
            )
        }
        try audit(caller, subject: subject, wallMilliseconds: wallMilliseconds)
    }

    /// The line that says who did what, also of what changes no record.
    package func audit(
        _ caller: Caller,
        subject: String?,
        wallMilliseconds: Int64
    ) throws(StoreError) {
        try store.insertAudit(
            AuditRow(
                time: wallMilliseconds,
                actor: caller.actor,
                route: caller.route,
                subject: subject,
                result: caller.status
            )
        )
    }

    /// The log position that a token names, if this node gave it for this record and still has what
    /// it saw.
    func position(
        token text: String,
        of record: StoredRecord
    )
        throws(StoreError) -> LogPosition?
    {
        guard let token = CausalityToken(text: text),
            incarnation(at: token.position) == token.incarnation,
            token.position <= record.position
        else { return nil }
        if token.position == record.position { return token.position }
        return try store.isApplied(record.row, at: token.position) ? token.position : nil
    }

    /// The token of a record as it is now.
    func token(of record: StoredRecord) -> String {
        let incarnation = incarnation(at: record.position) ?? settings.incarnation
        return CausalityToken(incarnation: incarnation, position: record.position).text
    }

    private func incarnation(at position: LogPosition) -> Incarnation? {
        spans.last { $0.first <= position && position <= $0.last ?? .max }?.incarnation
    }

    private func answer(to row: RequestRow) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        guard let identifier = RecordIdentifier(row.subject),
            let stored = try store.record(identifier)
        else {
            return .failure(.keyReused)
        }
        let (state, definition) = try folding.state(of: stored)
        return .success(
            WriteAnswer(
                status: row.status,
                snapshot: try snapshot(
                    stored.row,
                    state,
                    definition,
                    token: token(of: stored)
                )
            )
        )
    }

    /// What the caller's key was used for before; nil if it gave none or a new one.
    func earlierRequest(_ caller: Caller) throws(StoreError) -> RequestRow? {
        guard let key = caller.idempotencyKey else { return nil }
        return try store.request(requestKey(key))
    }

    func requestKey(_ key: String) -> Digest {
        settings.authenticate(Bytes("key\0".utf8) + Bytes(key.utf8), secret)
    }

    private func requestKey(_ uuid: UUIDBytes) -> Digest {
        settings.authenticate(Bytes("id\0".utf8) + uuid.bytes, secret)
    }

    /// The request id that writes carry: 16 bytes of the HMAC over the client's key.
    func requestID(_ caller: Caller) -> Bytes? {
        caller.idempotencyKey.map { Bytes(requestKey($0).bytes.prefix(16)) }
    }
}

// After a restore: the requests are lost with the store's tail, what was written for them comes back.
extension Ledger {
    /// The answer to a creation that an earlier incarnation made and that came back; nil if none did.
    ///
    /// What else the request said is not known any more: the key alone tells.
    func regainedAnswer(
        toCreation caller: Caller,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal>? {
        guard let request = requestID(caller) else { return nil }
        for key in try store.regained(request: request) {
            guard let stored = try store.record(key) else { continue }
            guard key.origin == settings.member,
                try folding.state(of: stored).state.creationRequest == request
            else { return .failure(.keyReused) }
            return try answerAgain(caller, uuid: nil, stored, wallMilliseconds)
        }
        return nil
    }

    /// The same of a change of a record.
    func regainedAnswer(
        toChange caller: Caller,
        of stored: StoredRecord,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal>? {
        guard let request = requestID(caller) else { return nil }
        let keys = try store.regained(request: request)
        guard !keys.isEmpty else { return nil }
        let isCreation = try folding.state(of: stored).state.creationRequest == request
        guard keys.contains(stored.key), !isCreation else { return .failure(.keyReused) }
        return try answerAgain(caller, uuid: nil, stored, wallMilliseconds)
    }

    /// The answer to a creation under an id that this node has and no request is known for: the same
    /// content makes it the same request.
    func answer(
        to creation: Creation,
        of stored: StoredRecord,
        _ caller: Caller,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        let (state, definition) = try folding.state(of: stored)
        let header = RecordHeader(
            item: definition.item,
            definition: creation.definition,
            home: creation.home ?? settings.member
        )
        let draft = RecordJudge.draft(
            creation: creation.request,
            parties: creation.parties,
            header: header,
            definition: definition,
            me: Writer(member: settings.member, incarnation: settings.incarnation)
        )
        guard state.header == header, case .success(let draft) = draft else {
            return .failure(.idTaken)
        }
        let written = try history(of: stored).filter { evidence in
            evidence.provenance.writer.member == settings.member
                && evidence.changeset.timestamp == state.created
        }
        let writes = written.flatMap(\.changeset.writes)
        let isSame = Self.content(writes) == Self.content(draft.parts.flatMap(\.writes))
        guard isSame else { return .failure(.idTaken) }
        return try answerAgain(caller, uuid: creation.uuid, stored, wallMilliseconds)
    }

    private static func content(_ writes: [Write]) -> [Text: ArraySlice<UInt8>] {
        Dictionary(writes.map { ($0.field, $0.value) }) { first, _ in first }
    }

    /// Remembers the request from now on, and answers with the record as it is.
    private func answerAgain(
        _ caller: Caller,
        uuid: UUIDBytes?,
        _ stored: StoredRecord,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Result<WriteAnswer, Refusal> {
        let subject = stored.key.identifier.description
        try remember(caller, uuid: uuid, subject: subject, wallMilliseconds)
        let (state, definition) = try folding.state(of: stored)
        let snapshot = try snapshot(stored.row, state, definition, token: token(of: stored))
        return .success(WriteAnswer(status: caller.status, snapshot: snapshot))
    }
}

extension Refusal {
    static let idTaken = Refusal(
        .idTaken,
        field: "id",
        "this id is another record's; choose a new one"
    )

    package static let keyReused = Refusal(
        .keyReused,
        "this Idempotency-Key was used for another request"
    )
}
