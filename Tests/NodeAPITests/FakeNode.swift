import AllianceFiles
import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport
import Synchronization

/// A node in memory: the real judge and agreement, without log, disk and peers.
final class FakeNode: NodeService, NodeReviewing {
    struct State {
        var agreement = AgreementState(
            roster: Fixtures.roster,
            rosterDigest: Fixtures.digest("roster")
        )
        var records: [RecordIdentifier: RecordSnapshot] = [:]
        /// Every state a record ever had, by its token.
        var seen: [String: RecordState] = [:]
        /// Every changeset there is, by its record.
        var evidence: [RecordKey: [Evidence]] = [:]
        var requests: [String: (request: Digest, status: Int, id: RecordIdentifier)] = [:]
        var changes: [ChangePage.Change] = []
        var audit: [AuditRow] = []
        var position: LogPosition = 0
        /// What `create` and the others throw, if anything.
        var failure: StoreError?
        var problem: Refusal?
        /// A stopped node does not wait for changes.
        var isStopped = false
        /// How often changes were asked for.
        var changesAsked = 0
        var refusal: Refusal?
        var observation = FakeNode.quiet
        var batches: [Int] = []
        /// After so many waits in vain the node stops.
        var waitsLeft: Int?
        var review = Review()
    }

    let member = Fixtures.me
    let roster = Fixtures.roster
    private let state = Mutex(State())
    private let me = Writer(member: Fixtures.me, incarnation: Incarnation(rawValue: 7))

    init(items files: [String] = [Fixtures.caseFile, Fixtures.plainFile, Fixtures.laterFile]) {
        for file in files { agree(Fixtures.definition(file)) }
    }

    func change<Value>(_ body: (inout sending State) -> sending Value) -> sending Value {
        state.withLock(body)
    }

    func failing() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    // MARK: Reads

    var changesAsked: Int { state.withLock { $0.changesAsked } }
    var catalog: Catalog { Catalog(agreement: state.withLock { $0.agreement }) }

    func record(_ identifier: RecordIdentifier) async throws(StoreError) -> RecordSnapshot? {
        try failing()
        return state.withLock { $0.records[identifier] }
    }

    func records(_ query: RecordQuery) async throws(StoreError) -> SnapshotPage {
        try failing()
        let all = state.withLock { $0.records }.sorted { $0.key < $1.key }.map(\.value)
        let matching = all.filter { snapshot in
            let view = RecordView(snapshot.state, snapshot.definition)
            return (query.item ?? snapshot.state.header.item) == snapshot.state.header.item
                && (query.home ?? snapshot.state.header.home) == snapshot.state.header.home
                && (query.stage == nil || query.stage == view.stage)
                && (query.holder == nil || query.holder == view.holder)
                && (query.subject == nil || query.subject == view.subject)
                && snapshot.state.updated.milliseconds > query.updatedAfter ?? .min
        }
        let rest = matching.drop { snapshot in
            query.cursor.map { cursor in
                !cursor.lexicographicallyPrecedes("\(snapshot.state.key.identifier)".utf8)
            } ?? false
        }
        let rows = Array(rest.prefix(query.limit))
        let isLast = rows.count == rest.count
        return SnapshotPage(
            records: rows,
            next: isLast ? nil : rows.last.map { Bytes("\($0.state.key.identifier)".utf8) }
        )
    }

    func changes(
        after position: LogPosition,
        limit: Int,
        waitMilliseconds: Int64
    )
        async throws(StoreError) -> ChangePage
    {
        try failing()
        state.withLock { $0.changesAsked += 1 }
        let rows = state.withLock { $0.changes }.filter { $0.cursor > position }.prefix(limit)
        if rows.isEmpty, waitMilliseconds > 0, state.withLock({ !$0.isStopped }) {
            // The wait itself is what the caller asks for; nothing ever comes in the meantime.
            try? await Task.sleep(for: .milliseconds(waitMilliseconds))
            state.withLock { state in
                if let left = state.waitsLeft { state.waitsLeft = left - 1 }
                if state.waitsLeft == 0 { state.isStopped = true }
            }
        }
        return ChangePage(changes: Array(rows), next: rows.last?.cursor ?? position)
    }

    func audit(before sequence: Int64?, limit: Int) async throws(StoreError) -> [AuditRow] {
        Array(
            state.withLock { $0.audit }.reversed()
                .filter { row in sequence.map { row.sequence < $0 } ?? true }.prefix(limit)
        )
    }

    func verify(with member: MemberCode?) async throws(StoreError) -> [Verification] {
        try failing()
        let count = state.withLock { $0.records.count }
        return [Fixtures.putian, Fixtures.code("350128")].filter { member ?? $0 == $0 }.map {
            code in
            let isAway = code != Fixtures.putian
            return Verification(
                member: code,
                equal: isAway ? nil : true,
                records: count,
                digest: Fixtures.digest("all"),
                differing: [],
                problem: isAway ? "unreachable" : nil
            )
        }
    }

    func observe() async -> NodeObservation { state.withLock { $0.observation } }

    func whyNotReady() async -> Refusal? { state.withLock { $0.problem } }

    // MARK: Writes

    func create(
        _ creation: Creation,
        _ caller: Caller
    ) async throws(StoreError)
        -> Result<WriteAnswer, Refusal>
    {
        try failing()
        return state.withLock { state in
            Result { () throws(Refusal) in try made(creation, caller, &state) }
        }
    }

    func create(
        _ creations: [(Creation, Caller)]
    ) async throws(StoreError)
        -> [Result<WriteAnswer, Refusal>]
    {
        try failing()
        state.withLock { $0.batches.append(creations.count) }
        var answers: [Result<WriteAnswer, Refusal>] = []
        for (creation, caller) in creations { answers.append(try await create(creation, caller)) }
        return answers
    }

    func earlier(
        _ caller: Caller,
        _ id: String?,
        _ state: State
    ) throws(Refusal) -> WriteAnswer? {
        for (key, code) in [(caller.idempotencyKey, RefusalCode.keyReused), (id, .idTaken)] {
            guard let key, let known = state.requests[key] else { continue }
            guard known.request == caller.request, let snapshot = state.records[known.id] else {
                throw Refusal(code, "used before")
            }
            return WriteAnswer(status: known.status, snapshot: snapshot)
        }
        return nil
    }

    private func made(
        _ creation: Creation,
        _ caller: Caller,
        _ state: inout State
    ) throws(Refusal) -> WriteAnswer {
        if let refusal = state.refusal { throw refusal }
        let given = creation.uuid.map { "id \($0)" }
        if let answer = try earlier(caller, given, state) { return answer }
        guard let definition = state.agreement.definition(creation.definition) else {
            throw Refusal(.itemUnknown, "no such definition")
        }
        let header = RecordHeader(
            item: definition.item,
            definition: creation.definition,
            home: creation.home ?? member
        )
        let random = Bytes("\(state.position)~~~~~~~~~~".utf8.prefix(10))
        let uuid =
            creation.uuid ?? UUIDBytes(version7At: UInt64(Fixtures.now), random: random)
        let key = RecordKey(
            identifier: RecordIdentifier(origin: member, uuid: uuid),
            header: header,
            hash: SHA256.function
        )
        let draft = try RecordJudge.draft(
            creation: creation.request,
            parties: creation.parties,
            header: header,
            definition: definition,
            me: me
        ).get()
        return try apply(draft, key, header, definition, caller, given, &state)
    }

    private func apply(
        _ draft: ChangeDraft,
        _ key: RecordKey,
        _ header: RecordHeader?,
        _ definition: ItemDefinition,
        _ caller: Caller,
        _ given: String?,
        _ state: inout State
    ) throws(Refusal) -> WriteAnswer {
        state.position += 1
        let timestamp = HybridTimestamp(
            milliseconds: UInt64(Fixtures.now + state.position),
            counter: 0
        )
        var record = state.records[key.identifier]?.state
        for part in draft.parts {
            let evidence = Evidence(
                changeset: Changeset(
                    timestamp: timestamp,
                    key: key,
                    header: header,
                    writes: part.writes
                ),
                provenance: Provenance(
                    feed: Fixtures.digest("\(part.audience)"),
                    sequence: UInt64(state.position),
                    writer: me,
                    audience: part.audience
                )
            )
            state.evidence[key, default: []].append(evidence)
            record = try judged(record, evidence, definition, state)
        }
        guard let record else { throw Refusal(.malformed, "an empty draft") }
        let token = CausalityToken(incarnation: me.incarnation, position: state.position).text
        let snapshot = RecordSnapshot(state: record, definition: definition, token: token)
        state.records[key.identifier] = snapshot
        state.seen[token] = record
        state.changes.append(
            ChangePage.Change(
                cursor: state.position,
                record: key.identifier,
                item: record.header.item,
                fields: draft.parts.flatMap(\.writes).map(\.field).sorted()
            )
        )
        for name in [caller.idempotencyKey, given].compactMap({ $0 }) {
            state.requests[name] = (caller.request, caller.status, key.identifier)
        }
        note(caller, "\(key.identifier)", &state)
        return WriteAnswer(status: caller.status, snapshot: snapshot)
    }

    private func judged(
        _ record: RecordState?,
        _ evidence: Evidence,
        _ definition: ItemDefinition,
        _ state: State
    ) throws(Refusal) -> RecordState {
        let changeset = evidence.changeset
        let judgement = RecordJudge.judge(
            record,
            definition,
            changeset,
            from: evidence.provenance
        )
        switch judgement {
        case .applied(let after): return after
        case .needsHistory:
            guard let header = record?.header ?? changeset.header else { break }
            return RecordJudge.judge(
                history: state.evidence[changeset.key] ?? [],
                key: changeset.key,
                header: header,
                definition: definition,
                facts: .none
            )
        default: break
        }
        throw Refusal(.malformed, "\(judgement)")
    }

    func note(_ caller: Caller, _ subject: String, _ state: inout State) {
        state.audit.append(
            AuditRow(
                sequence: Int64(state.audit.count + 1),
                time: Fixtures.now,
                actor: caller.actor,
                route: caller.route,
                subject: subject,
                result: caller.status
            )
        )
    }

    func change(
        _ identifier: RecordIdentifier,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal> {
        try failing()
        return state.withLock { state in
            Result { () throws(Refusal) in
                try changed(identifier, request, token: token, caller, &state)
            }
        }
    }

    func changed(
        _ identifier: RecordIdentifier,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller,
        _ state: inout State
    ) throws(Refusal) -> WriteAnswer {
        if let refusal = state.refusal { throw refusal }
        if let answer = try earlier(caller, nil, state) { return answer }
        guard let snapshot = state.records[identifier] else {
            throw Refusal(.recordUnknown, "no such record")
        }
        guard let seen = state.seen[token ?? snapshot.token], seen.key == snapshot.state.key else {
            throw Refusal(.tokenUnknown, "no such token")
        }
        let draft = try RecordJudge.draft(
            change: request,
            on: snapshot.state,
            seen: seen,
            definition: snapshot.definition,
            me: me
        ).get()
        return try apply(draft, snapshot.state.key, nil, snapshot.definition, caller, nil, &state)
    }
}
