import AllianceModel
import ClusterChecker

/// Four cities and one case: accepted by `fuzhou`, at home in `putian`.
enum City {
    static let fuzhou = MemberCode("350100")
    static let putian = MemberCode("350300")
    static let nanping = MemberCode("350700")
    static let ningde = MemberCode("350900")
}

/// Makes writes by hand: what is not said is as an honest writer would have it.
struct Story {
    let accepting: MemberCode
    let home: MemberCode
    let third: MemberCode
    let fourth: MemberCode
    var record: ModelRecord

    init(_ definition: ItemDefinition = Story.definition()) throws(Missing) {
        guard let accepting = City.fuzhou, let home = City.putian, let third = City.nanping,
            let fourth = City.ningde
        else { throw Missing() }
        (self.accepting, self.home, self.third, self.fourth) = (accepting, home, third, fourth)
        let key = ModelKey(
            origin: accepting,
            id: Bytes(repeating: 7, count: 16),
            item: definition.item,
            definitionDigest: Bytes(repeating: 1, count: 32),
            home: home
        )
        record = ModelRecord(key: key, definition: definition)
    }

    struct Missing: Error {}

    /// One field a merge, all open to `any` in the alliance, and some under each authority.
    static func definition(
        deletion: DeletionRule = .revive,
        unique: [Text] = [],
        isCase: Bool = true,
        more: [FieldDefinition] = []
    ) -> ItemDefinition {
        let text = FieldType.text(maximumBytes: 40)
        let fields = [
            field("latest", text, .latest), field("review", text, .review),
            field("set", .set(of: .text(maximumBytes: 40)), .union),
            field("sum", .counter, .sum(limit: 5)), field("most", .integer, .maximum),
            field("least", .integer, .minimum), field("once", text, .once),
            field("homes", text, .latest, .home), field("takers", text, .latest, .accepting),
            field("note", text, .latest, .any, .private),
            field("phone", text, .latest, .any, .parties),
            field("handlers", text, .latest, .handling),
        ]
        let cases = [field("holders", text, .latest, .holder)]
        return ItemDefinition(
            item: "GJJ-07",
            version: 1,
            name: LocalizedName(zh: "租赁提取", en: "Rent"),
            unique: unique,
            deletion: deletion,
            workflow: isCase ? workflow : nil,
            fields: fields + (isCase ? cases : []) + more
        )
    }

    static func field(
        _ name: Text,
        _ type: FieldType,
        _ merge: Merge,
        _ authority: Authority = .any,
        _ scope: Scope = .alliance
    ) -> FieldDefinition {
        FieldDefinition(name: name, type: type, merge: merge, authority: authority, scope: scope)
    }

    static let workflow = Workflow(
        stages: ["accepted", "checked", "decided", "closed"],
        transitions: [
            Transition(from: "accepted", to: "checked", by: .holder, hand: true),
            Transition(from: "checked", to: "decided", by: .holder),
            Transition(from: "decided", to: "checked", by: .home),
            Transition(from: "decided", to: "closed", by: .holder),
        ]
    )

    // MARK: writes

    /// The `number`th write of a member to a field at a time, in milliseconds and, since a feed's
    /// timestamps rise, also the place in its feed.
    func write(
        _ field: Text,
        _ member: MemberCode,
        _ value: ModelValue,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = [],
        ground: ModelWrite? = nil,
        lost: [ModelWrite] = [],
        request: Bytes? = nil,
        incarnation: UInt64 = 1
    ) -> ModelWrite {
        let audience = audience(field)
        let feed = "\(member)/\(incarnation)/\(audience)"
        return ModelWrite(
            field: field,
            dot: ModelDot(member: member, incarnation: incarnation, number: number),
            context: context(seen),
            lost: Set(lost.map(\.dot)),
            ground: ground?.dot,
            requestID: request,
            value: value,
            timestamp: ModelTimestamp(milliseconds: milliseconds),
            place: ModelPlace(feed: Bytes(feed.utf8), sequence: milliseconds),
            audience: audience
        )
    }

    func text(
        _ field: Text,
        _ member: MemberCode,
        _ value: Text?,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = [],
        ground: ModelWrite? = nil,
        lost: [ModelWrite] = [],
        incarnation: UInt64 = 1
    ) -> ModelWrite {
        write(
            field,
            member,
            .single(value.map(FieldValue.text) ?? .cleared),
            at: milliseconds,
            number: number,
            seen: seen,
            ground: ground,
            lost: lost,
            incarnation: incarnation
        )
    }

    func turn(
        _ member: MemberCode,
        to holder: MemberCode,
        after ground: ModelWrite? = nil,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        incarnation: UInt64 = 1
    ) -> ModelWrite {
        write(
            ModelField.turn,
            member,
            .member(holder),
            at: milliseconds,
            number: number,
            seen: ground.map { [$0] } ?? [],
            ground: ground,
            incarnation: incarnation
        )
    }

    func stage(
        _ member: MemberCode,
        _ stage: Text,
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = [],
        on ground: ModelWrite? = nil
    ) -> ModelWrite {
        write(
            ModelField.stage,
            member,
            .stage(stage),
            at: milliseconds,
            number: number,
            seen: seen,
            ground: ground
        )
    }

    func parties(
        _ member: MemberCode,
        add added: [MemberCode] = [],
        remove removed: [MemberCode] = [],
        at milliseconds: UInt64,
        number: UInt64 = 1,
        seen: [ModelWrite] = []
    ) -> ModelWrite {
        let elements = { (codes: [MemberCode]) in Set(codes.map(FieldValue.member)) }
        return write(
            ModelField.parties,
            member,
            .elements(added: elements(added), removed: elements(removed)),
            at: milliseconds,
            number: number,
            seen: seen
        )
    }

    func context(_ writes: [ModelWrite]) -> ModelContext {
        var context: ModelContext = [:]
        for write in writes {
            context[write.dot.writer] = max(context[write.dot.writer] ?? 0, write.dot.number)
        }
        return context
    }

    private func audience(_ field: Text) -> ModelAudience {
        switch record.definition.field(field)?.scope ?? record.definition.widestScope {
        case .alliance: .alliance
        case .parties: .members([accepting, home, third])
        case .private: .private
        }
    }

    // MARK: judging

    func judge(_ writes: [ModelWrite], _ facts: ModelFacts = .none) -> ModelOutcome {
        Model.judge(record, writes: Set(writes), facts: facts)
    }
}

extension ModelOutcome {
    func verdict(_ write: ModelWrite) -> ModelVerdict? { verdicts[write.id] }

    func text(_ field: Text) -> Text? {
        if case .single(.text(let text)) = shown[field] { text } else { nil }
    }

    func journaled(_ write: ModelWrite) -> Set<ModelJournalReason>? { journal[write.id] }
}

extension ModelWriter {
    init(_ write: ModelWrite) { self = write.dot.writer }
}
