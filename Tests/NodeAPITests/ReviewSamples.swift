import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport

/// Conflicts, histories and held changesets of one record, as a node would tell them.
enum ReviewSamples {
    static let definition = Fixtures.definition(Fixtures.mergesFile)

    /// A record accepted by `accepting` for `home`.
    static func snapshot(
        accepting: MemberCode = Fixtures.me,
        home: MemberCode = Fixtures.me,
        uuid: String = Fixtures.uuid
    ) -> RecordSnapshot {
        let header = RecordHeader(
            item: "MERGES",
            definition: Fixtures.digest("merges"),
            home: home
        )
        guard let uuid = UUIDBytes(version7: uuid) else { fatalError("\(uuid) is no UUIDv7") }
        let key = RecordKey(
            identifier: RecordIdentifier(origin: accepting, uuid: uuid),
            header: header,
            hash: SHA256.function
        )
        return RecordSnapshot(
            state: RecordState(
                key: key,
                header: header,
                created: time(0),
                updated: time(5),
                fields: [],
                turns: []
            ),
            definition: definition,
            token: "token"
        )
    }

    static func time(_ milliseconds: Int64) -> HybridTimestamp {
        HybridTimestamp(milliseconds: UInt64(Fixtures.now + milliseconds), counter: 0)
    }

    static func dot(_ member: MemberCode, _ number: UInt64) -> Dot {
        Dot(writer: Writer(member: member, incarnation: Incarnation(rawValue: 7)), number: number)
    }

    static func conflict(
        _ id: Text,
        _ kind: ConflictKind,
        field: Text?,
        of snapshot: RecordSnapshot = snapshot(),
        values: [WriteValue?],
        isOpen: Bool = true
    ) -> ConflictRow {
        ConflictRow(
            conflict: Conflict(
                id: id,
                kind: kind,
                record: snapshot.state.key,
                field: field,
                since: time(3),
                owner: Fixtures.putian,
                rule: "two values stand under review",
                values: values.enumerated().map { index, value in
                    Conflict.Value(
                        value: value,
                        dot: dot(index == 0 ? Fixtures.me : Fixtures.putian, 1),
                        writer: index == 0 ? Fixtures.me : Fixtures.putian,
                        timestamp: value == nil ? nil : time(Int64(index)),
                        isShown: index == 0,
                        verdict: value == nil ? .forked : nil
                    )
                },
                isOpen: isOpen
            ),
            snapshot: snapshot
        )
    }

    static let review = conflict(
        "c-1",
        .review,
        field: "bank",
        values: [.single(.text("6222")), .single(.text("6333"))]
    )

    static func held(
        _ position: LogPosition,
        _ reason: HeldReason,
        owners: [MemberCode] = [],
        isReadable: Bool = true
    ) -> HeldRow {
        HeldRow(
            position: position,
            reason: reason,
            detail: "waits for 350300",
            author: Fixtures.putian,
            owners: owners,
            record: isReadable ? snapshot().state.key.identifier : nil,
            timestamp: time(1),
            since: Fixtures.now,
            nextTry: isReadable ? Fixtures.now + 1_000 : nil
        )
    }
}

extension FakeNode {
    func put(_ rows: ConflictRow...) {
        change { state in
            state.review.conflicts += rows
            for row in rows {
                state.records[row.conflict.record.identifier] = row.snapshot
            }
        }
    }
}
