package import AllianceModel
package import NodeStore
package import ReplicationCore
import SecureTransport

extension Node: NodeService {
    package var member: MemberCode { hub.member }
    package var roster: Roster { hub.roster }
    package var catalog: Catalog { hub.catalog }

    // MARK: Reads

    package func record(
        _ identifier: RecordIdentifier
    )
        async throws(StoreError) -> RecordSnapshot?
    {
        try await reads.record(identifier)
    }

    package func records(_ query: RecordQuery) async throws(StoreError) -> SnapshotPage {
        try await reads.records(query)
    }

    package func changes(
        after position: LogPosition,
        limit: Int,
        waitMilliseconds: Int64
    )
        async throws(StoreError) -> ChangePage
    {
        let deadline = clocks.monotonic().advanced(byMilliseconds: waitMilliseconds)
        var position = position
        while true {
            let page = try await reads.changes(after: position, limit: limit)
            let left = deadline.milliseconds(since: clocks.monotonic())
            guard page.changes.isEmpty, left > 0, !hub.signal.isReleased, !Task.isCancelled
            else {
                return page
            }
            position = page.next
            await hub.signal.wait(beyond: position, milliseconds: left)
        }
    }

    package func audit(before sequence: Int64?, limit: Int) async throws(StoreError) -> [AuditRow] {
        try await reads.read { reader, _ throws(StoreError) in
            try reader.audit(before: sequence, limit: limit)
        }
    }

    package func whyNotReady() async -> Refusal? {
        hub.problem.map { Refusal(.storeStopped, $0.explanation) }
    }

    // MARK: Writes

    package func create(
        _ creation: Creation,
        _ caller: Caller
    )
        async throws(StoreError) -> Result<WriteAnswer, Refusal>
    {
        try await perform { ledger, wall throws(StoreError) in
            try ledger.create(creation, caller, wallMilliseconds: wall)
        }
    }

    package func create(
        _ creations: [(Creation, Caller)]
    )
        async throws(StoreError) -> [Result<WriteAnswer, Refusal>]
    {
        try await perform(count: creations.count) { ledger, wall throws(StoreError) in
            var answers: [Result<WriteAnswer, Refusal>] = []
            for (creation, caller) in creations {
                answers.append(try ledger.create(creation, caller, wallMilliseconds: wall))
            }
            return answers
        }
    }

    package func change(
        _ identifier: RecordIdentifier,
        _ request: ChangeRequest,
        token: String?,
        _ caller: Caller
    ) async throws(StoreError) -> Result<WriteAnswer, Refusal> {
        try await perform { ledger, wall throws(StoreError) in
            try ledger.change(identifier, request, token: token, caller, wallMilliseconds: wall)
        }
    }

    package func propose(
        _ definition: ItemDefinition,
        _ caller: Caller
    )
        async throws(StoreError) -> Result<VoteAnswer, Refusal>
    {
        try await perform { ledger, wall throws(StoreError) in
            try ledger.propose(definition, caller, wallMilliseconds: wall)
        }
    }

    package func approve(
        item: Text,
        version: Int,
        proposal: Digest,
        _ caller: Caller
    )
        async throws(StoreError) -> Result<VoteAnswer, Refusal>
    {
        try await perform { ledger, wall throws(StoreError) in
            try ledger.approve(
                item: item,
                version: version,
                proposal: proposal,
                caller,
                wallMilliseconds: wall
            )
        }
    }

    /// Runs a local change on the writer's thread and returns after its commit.
    func perform<Answer: Sendable>(
        count: Int = 1,
        _ operation: @escaping Local<Answer>.Operation
    ) async throws(StoreError) -> Answer {
        if let problem = hub.problem { throw problem }
        let result = await withCheckedContinuation { continuation in
            let work = Local(count: count, operation) { continuation.resume(returning: $0) }
            hub.queue.put { $0.local.append(work) }
        }
        return try result.get()
    }
}
