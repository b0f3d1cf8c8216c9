import AllianceModel
import Testing

@testable import ReplicationCore

/// A case of four cities, and short ways to write about it.
enum CaseSamples {
    static let fuzhou: Text = "350100"

    static func member(_ code: String) throws -> MemberCode { try #require(MemberCode(code)) }

    static func writer(_ code: String, _ incarnation: UInt64 = 1) throws -> Writer {
        Writer(member: try member(code), incarnation: Incarnation(rawValue: incarnation))
    }

    static func time(_ milliseconds: UInt64) -> HybridTimestamp {
        HybridTimestamp(milliseconds: milliseconds, counter: 0)
    }

    /// Every authority, merge and scope that is built.
    static func definition(workflow: Bool = true) throws -> ItemDefinition {
        let text = FieldType.text(maximumBytes: 40)
        let decided: Authority = workflow ? .holder : .home
        return ItemDefinition(
            item: "GJJ-07",
            version: 1,
            name: LocalizedName(zh: "租赁商品房提取", en: "Withdrawal for rent"),
            deliveryClass: .urgent,
            workflow: workflow ? self.workflow() : nil,
            fields: [
                field("amount", .decimal(scale: 2, unit: "CNY"), .latest, decided, .parties),
                field("accepted", .date, .latest, .accepting, .parties),
                field("bank", .text(maximumBytes: 10), .latest, .home, .parties),
                field("listed", text, .latest, .members([try member("350128")]), .alliance),
                field("materials", .set(of: text.element), .union, .any, .parties),
                field("name", text, .latest, .any, .parties, isRequired: true),
                field("note", text, .latest, .any, .private),
                field("open", .boolean, .latest, .any, .alliance),
            ]
        )
    }

    private static func workflow() -> Workflow {
        Workflow(
            stages: ["accepted", "checked", "decided"],
            transitions: [
                Transition(from: "accepted", to: "checked", by: .holder, hand: true),
                Transition(from: "checked", to: "decided", by: .holder),
                Transition(from: "checked", to: "accepted", by: .home),
            ]
        )
    }

    static func field(
        _ name: Text,
        _ type: FieldType,
        _ merge: Merge,
        _ authority: Authority,
        _ scope: Scope,
        isRequired: Bool = false
    ) -> FieldDefinition {
        FieldDefinition(
            name: name,
            type: type,
            merge: merge,
            authority: authority,
            scope: scope,
            isRequired: isRequired
        )
    }

    static func header(home: String = "350128") throws -> RecordHeader {
        RecordHeader(
            item: "GJJ-07",
            definition: TestHash.quick([1]),
            home: try member(home)
        )
    }

    static func key(_ header: RecordHeader, origin: String = "350100") throws -> RecordKey {
        RecordKey(
            identifier: RecordIdentifier(
                origin: try member(origin),
                uuid: UUIDBytes(
                    version7At: 1_780_000_000_000,
                    random: Bytes(repeating: 7, count: 10)
                )
            ),
            header: header,
            hash: TestHash.quick
        )
    }

    static func set(_ name: Text, _ value: FieldValue?) -> FieldRequest {
        FieldRequest(name: name, change: .set(value))
    }

    static func change(
        _ name: Text,
        add: [FieldValue] = [],
        remove: [FieldValue] = []
    ) -> FieldRequest {
        FieldRequest(name: name, change: .elements(add: add, remove: remove))
    }
}

extension FieldType {
    /// Of a text.
    fileprivate var element: ElementType { ElementType(self) ?? .integer }
}

/// One member's copy of one record, with what it wrote of it.
struct City {
    struct Entry: Hashable {
        var changeset: Changeset
        var audience: Audience
        var writer: Writer
        /// In the feed of its writer and audience.
        var sequence: UInt64 = 1

        var evidence: Evidence {
            let feed = TestHash.quick(Bytes("\(writer) \(audience)".utf8))
            return Evidence(
                changeset: changeset,
                provenance: Provenance(
                    feed: feed,
                    sequence: sequence,
                    writer: writer,
                    audience: audience
                )
            )
        }
    }

    var me: Writer
    let definition: ItemDefinition
    let header: RecordHeader
    var key: RecordKey
    var facts = RecordFacts.none
    var state: RecordState?
    /// Everything that was taken in.
    private(set) var history: [Evidence] = []
    /// How many changesets were joined without a look at the history.
    private(set) var joined = 0
    var written: [Entry] = []
    private(set) var held: [Entry] = []
    var clock: UInt64 = 1_000

    init(_ me: Writer, _ definition: ItemDefinition, _ header: RecordHeader, _ key: RecordKey) {
        self.me = me
        self.definition = definition
        self.header = header
        self.key = key
    }

    var view: RecordView? { state.map { RecordView($0, definition) } }

    mutating func create(
        _ fields: [FieldRequest],
        parties: [MemberCode] = []
    ) throws(Refusal) -> [Entry] {
        let draft = try RecordJudge.draft(
            creation: ChangeRequest(fields: fields),
            parties: parties,
            header: header,
            definition: definition,
            me: me
        ).get()
        return commit(draft, header: header)
    }

    mutating func change(
        _ request: ChangeRequest,
        seen: RecordState? = nil
    ) throws(Refusal) -> [Entry] {
        guard let state else { throw Refusal(.recordUnknown, "not here") }
        let draft = try RecordJudge.draft(
            change: request,
            on: state,
            seen: seen ?? state,
            definition: definition,
            me: me
        ).get()
        return commit(draft, header: nil)
    }

    private mutating func commit(_ draft: ChangeDraft, header: RecordHeader?) -> [Entry] {
        clock += 1
        let before = written
        let entries = draft.parts.map { part in
            Entry(
                changeset: Changeset(
                    timestamp: CaseSamples.time(clock),
                    key: key,
                    header: header,
                    writes: part.writes
                ),
                audience: part.audience,
                writer: me,
                sequence: before.sequence(after: me, part.audience)
            )
        }
        written += entries
        for entry in entries {
            let judgement = apply(entry)
            if case .applied = judgement { continue }
            Issue.record("a change drafted here was judged \(judgement)")
        }
        return entries
    }

    /// Joins the entry if it can be applied; holds nothing.
    mutating func apply(_ entry: Entry) -> Judgement {
        let evidence = entry.evidence
        let judgement = RecordJudge.judge(
            state,
            definition,
            evidence.changeset,
            from: evidence.provenance,
            facts: facts
        )
        switch judgement {
        case .applied(let next):
            history.append(evidence)
            joined += 1
            state = next
            return judgement
        case .needsHistory:
            if RecordJudge.isKnown(evidence, in: history) { return .duplicate }
            history.append(evidence)
            let next = judgedAgain()
            state = next
            return .applied(next)
        case .duplicate, .held: return judgement
        }
    }

    /// Takes over what statements said, and judges again.
    mutating func learn(_ facts: RecordFacts) {
        self.facts = facts
        guard !history.isEmpty else { return }
        state = judgedAgain()
        release()
    }

    /// What the whole history makes: the slow way to the state.
    func judgedAgain() -> RecordState {
        RecordJudge.judge(
            history: history,
            key: key,
            header: header,
            definition: definition,
            facts: facts
        )
    }

    /// Joins what it is entitled to, holds what waits, and releases what waits no more.
    mutating func receive(_ entry: Entry) {
        guard entry.audience.includes(me.member) || entry.writer.member == me.member else { return }
        if case .held = apply(entry) {
            held.append(entry)
            return
        }
        release()
    }

    private mutating func release() {
        var moved = true
        while moved {
            moved = false
            for (index, waiting) in held.enumerated().reversed() {
                if case .held = apply(waiting) { continue }
                held.remove(at: index)
                moved = true
            }
        }
    }
}

extension [City.Entry] {
    /// The next sequence of a feed in which these stand.
    func sequence(after writer: Writer, _ audience: Audience) -> UInt64 {
        UInt64(filter { $0.writer == writer && $0.audience == audience }.count + 1)
    }
}
