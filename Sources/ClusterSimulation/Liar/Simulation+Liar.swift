import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// What a dishonest member does.
extension Simulation {
    /// What a lie is about.
    struct Target {
        let node: SimulatedNode
        let view: RecordView
        let latest: HybridTimestamp
        let wall: Int64

        var key: RecordKey { view.state.key }
        var writer: Writer { Writer(member: node.member, incarnation: node.incarnation) }

        func applied(_ field: Text) -> CausalContext {
            view.state.field(field)?.applied ?? CausalContext()
        }
    }

    func isLiar(_ member: MemberCode) -> Bool {
        plan.liar.map { roster.members[$0].code == member } ?? false
    }

    /// False if there is nothing to lie about.
    func tellLie(_ node: SimulatedNode, _ random: inout SeededRandom) -> Bool {
        guard let ledger = node.engine?.ledger, node.engine?.problem == nil,
            let lie = random.pick(Lie.allCases)
        else { return false }
        do throws(StoreError) {
            guard let sight = try sight(node, ledger, &random) else { return false }
            let target = Target(
                node: node,
                view: sight.view,
                latest: ledger.clock.latest,
                wall: node.clock.wallMilliseconds(now)
            )
            guard let works = forge(lie, target, &random) else { return false }
            coverage.count(.fault, "lie \(lie.rawValue)")
            trace.note(
                now,
                60,
                UInt64(node.index),
                text: "\(name(node)) lies about \(sight.id): \(lie.rawValue)"
            )
            node.forged += works
            tell(node, .timeout(wallMilliseconds: target.wall))
            return true
        } catch {
            return false
        }
    }

    private func forge(
        _ lie: Lie,
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        switch lie {
        case .unauthorised: return forgeField(target, &random) { $0.authority != .any }
        case .falseContext, .backdated, .postdated, .gap, .malformed:
            return forgeField(target, lie: lie, &random) { _ in true }
        case .wrongAudience: return forgeAudience(target, &random)
        case .withheld: return forgeWithheld(target, &random)
        case .numberTwice: return forgeTwice(target, &random)
        case .oldTurn, .circle: return forgeTurn(target, inCircle: lie == .circle, &random)
        case .stage: return forgeStage(target, &random)
        case .party: return forgeParty(target, &random)
        case .unknownKind: return forgeUnknown(target, &random)
        case .foreignRecord, .secondHeader: return forgeRecord(lie, target, &random)
        }
    }

    // MARK: Parts

    private func audience(_ scope: Scope, _ target: Target) -> Audience {
        switch scope {
        case .alliance: .alliance
        case .private: .private
        case .parties: .members(Set(target.view.parties + [target.node.member]).sorted())
        }
    }

    private func write(
        _ field: Text,
        _ value: WriteValue,
        _ target: Target,
        ground: Dot? = nil,
        number: UInt64? = nil,
        context: CausalContext? = nil
    ) -> Write {
        let applied = target.applied(field)
        return Write(
            field: field,
            dot: Dot(
                writer: target.writer,
                number: number ?? applied.number(of: target.writer) + 1
            ),
            context: context ?? applied,
            lost: [],
            ground: ground,
            requestID: nil,
            value: ValueCoding.encode(value)[...]
        )
    }

    /// One changeset in the liar's feed for that audience.
    private func work(
        _ writes: [Write],
        _ target: Target,
        _ audience: Audience,
        key: RecordKey? = nil,
        header: RecordHeader? = nil,
        at timestamp: HybridTimestamp? = nil,
        _ random: inout SeededRandom
    ) -> ForgedWork {
        let changeset = Changeset(
            timestamp: timestamp ?? later(target),
            key: key ?? target.key,
            header: header,
            writes: writes
        )
        let bytes = EntryCoding.encode(changeset, salt: random.bytes(16))
        return ForgedWork([bytes], in: identity(target, audience), alliance: roster.alliance)
    }

    private func identity(_ target: Target, _ audience: Audience) -> FeedIdentity {
        FeedIdentity(
            writer: target.writer,
            audience: audience,
            deliveryClass: target.view.definition.deliveryClass,
            roster: target.node.rosterDigest
        )
    }

    private func later(_ target: Target) -> HybridTimestamp {
        let wall = HybridTimestamp(milliseconds: UInt64(max(0, target.wall)), counter: 0)
        return max(HybridTimestamp(rawValue: target.latest.rawValue + 1), wall)
    }

    private func value(
        of field: FieldDefinition,
        _ target: Target,
        _ random: inout SeededRandom
    ) -> WriteValue {
        let place = ValueMaker.Place(
            scope: field.scope,
            member: target.node.member,
            record: target.key.identifier,
            number: clients.number()
        )
        if case .set(let element) = field.type {
            let value = ValueMaker.single(FieldType(element), place, &random)
            return .elements(add: [value], remove: [])
        }
        return .single(ValueMaker.single(field.type, place, &random))
    }

    private func ground(_ field: FieldDefinition, _ target: Target) -> Dot? {
        switch field.authority {
        case .holder: target.view.custody.ground
        case .handling: target.view.assignment
        default: nil
        }
    }

    // MARK: Lies

    private func forgeField(
        _ target: Target,
        lie: Lie = .unauthorised,
        _ random: inout SeededRandom,
        _ isFit: (FieldDefinition) -> Bool
    ) -> [ForgedWork]? {
        let fields = target.view.definition.fields.filter { $0.scope != .private && isFit($0) }
        guard let field = random.pick(fields) else { return nil }
        var write = write(
            field.name,
            value(of: field, target, &random),
            target,
            ground: ground(field, target)
        )
        var timestamp: HybridTimestamp?
        switch lie {
        case .falseContext:
            let stranger = Writer(
                member: random.pick(target.view.parties) ?? target.node.member,
                incarnation: Incarnation(rawValue: random.next())
            )
            write.context.insert(Dot(writer: stranger, number: 1 + random.next() % 3))
        case .backdated: timestamp = HybridTimestamp(milliseconds: 1_000_000, counter: 7)
        case .postdated:
            timestamp = HybridTimestamp(
                milliseconds: UInt64(max(0, target.wall)) + 86_400_000,
                counter: 0
            )
        case .gap:
            write.dot = Dot(writer: target.writer, number: write.dot.number + 2)
        case .malformed: write.value = [0xff, 0x01, 0x02]
        default: break
        }
        let place = audience(field.scope, target)
        return [work([write], target, place, at: timestamp, &random)]
    }

    private func forgeAudience(
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        let fields = target.view.definition.fields.filter { $0.scope != .private }
        guard let field = random.pick(fields) else { return nil }
        let write = write(
            field.name,
            .single(.integer(1)),
            target,
            ground: ground(field, target)
        )
        // What only parties may see goes to all; what is for all goes to some.
        let wrong: Scope = field.scope == .alliance ? .parties : .alliance
        return [work([write], target, audience(wrong, target), &random)]
    }

    private func forgeWithheld(
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        let fields = target.view.definition.fields.filter {
            $0.scope == .parties && $0.authority == .any
        }
        let others = target.view.parties.filter { $0 != target.node.member }
        guard let field = random.pick(fields), others.count > 1,
            let favourite = random.pick(others)
        else { return nil }
        let write = write(field.name, value(of: field, target, &random), target)
        let some = [favourite, target.node.member].sorted()
        return [work([write], target, .members(some), &random)]
    }

    private func forgeTwice(
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        let fields = target.view.definition.fields.filter { $0.scope != .private }
        guard let field = random.pick(fields) else { return nil }
        let place = audience(field.scope, target)
        let first = write(
            field.name,
            value(of: field, target, &random),
            target,
            ground: ground(field, target)
        )
        var second = first
        second.value = ValueCoding.encode(value(of: field, target, &random))[...]
        return [
            work([first], target, place, &random),
            work(
                [second],
                target,
                place,
                at: HybridTimestamp(rawValue: later(target).rawValue + 1),
                &random
            ),
        ]
    }

    private func forgeTurn(
        _ target: Target,
        inCircle: Bool,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        guard target.view.definition.workflow != nil else { return nil }
        let place = audience(target.view.definition.widestScope, target)
        let number = target.applied(SystemField.turn).number(of: target.writer) + 1
        let next = Dot(writer: target.writer, number: number + 1)
        // Each follows the other; or both follow what is over.
        let old = random.pick(target.view.custody.chain.map(\.dot))
        let holder = random.pick(target.view.parties) ?? target.node.member
        let first = write(
            SystemField.turn,
            .single(.member(holder)),
            target,
            ground: inCircle ? next : old
        )
        var second = first
        second.dot = next
        second.context.insert(first.dot)
        second.ground = inCircle ? first.dot : old
        return [
            work([first], target, place, &random),
            work(
                [second],
                target,
                place,
                at: HybridTimestamp(rawValue: later(target).rawValue + 1),
                &random
            ),
        ]
    }

    private func forgeStage(
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        guard let workflow = target.view.definition.workflow,
            let stage = random.pick(workflow.stages)
        else { return nil }
        let write = write(
            SystemField.stage,
            .single(.text(stage)),
            target,
            ground: target.view.custody.ground
        )
        return [
            work([write], target, audience(target.view.definition.widestScope, target), &random)
        ]
    }

    private func forgeParty(
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        let scope = target.view.definition.widestScope
        guard scope != .private, let member = random.pick(roster.members)?.code else { return nil }
        let write = write(
            SystemField.parties,
            .elements(add: [.member(member)], remove: []),
            target
        )
        return [work([write], target, audience(scope, target), &random)]
    }

    private func forgeUnknown(
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        var bytes = EntryCoding.encode(
            statement: random.bytes(20),
            timestamp: later(target),
            salt: random.bytes(16)
        )
        // The kind stands in the opening's first field, a number of one byte.
        guard bytes.opening.count > 1 else { return nil }
        bytes.opening[bytes.opening.startIndex + 1] = 77
        return [
            ForgedWork([bytes], in: identity(target, .alliance), alliance: roster.alliance)
        ]
    }

    private func forgeRecord(
        _ lie: Lie,
        _ target: Target,
        _ random: inout SeededRandom
    ) -> [ForgedWork]? {
        let definition = target.view.definition
        guard definition.widestScope != .private,
            let home = random.pick(roster.members)?.code,
            let field = definition.fields.first(where: { $0.scope == definition.widestScope })
        else { return nil }
        let header = RecordHeader(
            item: definition.item,
            definition: target.view.state.header.definition,
            home: lie == .secondHeader ? home : target.view.state.header.home
        )
        let origin =
            lie == .foreignRecord
            ? roster.members.first { $0.code != target.node.member }?.code : target.node.member
        guard let origin, lie == .foreignRecord || target.key.origin == origin else { return nil }
        let uuid =
            lie == .foreignRecord
            ? UUIDBytes(version7At: UInt64(max(0, target.wall)), random: random.bytes(10))
            : target.key.identifier.uuid
        let key = RecordKey(
            identifier: RecordIdentifier(origin: origin, uuid: uuid),
            header: header,
            hash: Hashing.sha256
        )
        guard key != target.key else { return nil }
        var write = write(field.name, value(of: field, target, &random), target, number: 1)
        write.context = CausalContext()
        let audience = audience(definition.widestScope, target)
        return [
            work([write], target, audience, key: key, header: header, &random)
        ]
    }
}
