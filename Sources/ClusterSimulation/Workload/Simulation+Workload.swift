import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// What clients ask of the nodes.
extension Simulation {
    /// A node's view of a record.
    struct Sight {
        let id: RecordIdentifier
        let view: RecordView
    }

    func operate(_ event: PlannedEvent, _ random: inout SeededRandom) {
        let node = nodes[event.node]
        guard let engine = node.engine, engine.problem == nil else {
            coverage.count(.refusal, "unavailable")
            return
        }
        if event.action == .backup {
            coverage.count(.operation, event.action.rawValue)
            backUp(node)
            return
        }
        let request: ClientRequest?
        do throws(StoreError) {
            request = try self.request(event.action, node, engine.ledger, &random)
        } catch {
            // The client's read met the fault; so will the node.
            trace.note(now, 21, text: "\(name(node)) cannot be read: \(error.kind)")
            node.engine?.stop(error, node.clock.monotonic(now))
            tell(node, .timeout(wallMilliseconds: node.clock.wallMilliseconds(now)))
            return
        }
        guard let request else { return }
        coverage.count(.operation, event.action.rawValue)
        ask(request, node)
    }

    func ask(_ request: ClientRequest, _ node: SimulatedNode) {
        clients.sent(request, to: node.index)
        node.work.append(ClientWork(request))
        tell(node, .timeout(wallMilliseconds: node.clock.wallMilliseconds(now)))
    }

    private func request(
        _ action: PlannedAction,
        _ node: SimulatedNode,
        _ ledger: Ledger<SQLiteStore>,
        _ random: inout SeededRandom
    ) throws(StoreError) -> ClientRequest? {
        switch action {
        case .create: return creation(node, ledger, &random)
        case .retry: return clients.earlierRequest(to: node.index, &random)
        case .propose: return proposal(ledger, &random)
        case .vote: return approval(ledger, node)
        default: break
        }
        guard let sight = try sight(node, ledger, &random) else { return nil }
        guard let change = change(action, sight, node, &random) else { return nil }
        let token =
            random.chance(500) ? clients.token(of: sight.id, at: node.index, &random) : nil
        return .change(sight.id, change, token: token, caller(200, &random))
    }

    func caller(_ status: Int, _ random: inout SeededRandom) -> Caller {
        let number = clients.number()
        return Caller(
            actor: "client",
            route: "SIMULATED",
            idempotencyKey: random.chance(400) ? "key \(number)" : nil,
            request: Hashing.digest(Array("request \(number)".utf8)),
            status: status
        )
    }

    // MARK: Records

    private func creation(
        _ node: SimulatedNode,
        _ ledger: Ledger<SQLiteStore>,
        _ random: inout SeededRandom
    ) -> ClientRequest? {
        let wall = node.clock.wallMilliseconds(now)
        let items = definitions.map(\.item)
        guard let item = random.pick(items),
            let (definition, digest) = ledger.agreement.offered(item: item, at: wall)
        else { return nil }
        let uuid = UUIDBytes(
            version7At: UInt64(max(0, wall)),
            random: random.bytes(10)
        )
        let id = RecordIdentifier(origin: node.member, uuid: uuid)
        var fields: [FieldRequest] = []
        // One of the widest scope at least, so that everybody who may see it knows of the record.
        let shared = definition.fields.filter { $0.scope == definition.widestScope }
        let given = random.pick(shared)?.name
        for field in definition.fields where random.chance(700) || field.name == given {
            let place = place(of: field, id, node)
            // A creation's set is given whole.
            let change: FieldChange
            switch field.type {
            case .set(let element):
                let value = ValueMaker.single(FieldType(element), place, &random)
                change = .elements(add: [value], remove: [])
            case .counter: change = .add(ValueMaker.single(field.type, place, &random))
            default: change = .set(ValueMaker.single(field.type, place, &random))
            }
            fields.append(FieldRequest(name: field.name, change: change))
        }
        let members = roster.members.map(\.code)
        return .create(
            Creation(
                definition: digest,
                home: random.chance(700) ? random.pick(members) : nil,
                parties: members.filter { _ in random.chance(200) },
                uuid: uuid,
                request: ChangeRequest(fields: fields)
            ),
            caller(201, &random)
        )
    }

    /// A record that the node has, of those that some client knows.
    func sight(
        _ node: SimulatedNode,
        _ ledger: Ledger<SQLiteStore>,
        _ random: inout SeededRandom
    ) throws(StoreError) -> Sight? {
        let folding = RecordFolding(
            reader: ledger.store,
            agreement: ledger.agreement,
            facts: ledger.facts
        )
        for _ in 0..<6 {
            // The latest ones more often: there writes meet.
            let count = clients.records.count
            let recent = random.chance(600) ? min(count, 6) : count
            guard recent > 0 else { return nil }
            let id = clients.records[count - 1 - random.below(recent)]
            guard let stored = try ledger.store.record(id) else { continue }
            let (state, definition) = try folding.state(of: stored)
            return Sight(id: id, view: RecordView(state, definition))
        }
        return nil
    }

    private func change(
        _ action: PlannedAction,
        _ sight: Sight,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> ChangeRequest? {
        let view = sight.view
        switch action {
        case .update:
            let fields = writable(view, by: node.member, &random)
            guard let first = random.pick(fields) else { return nil }
            var chosen = [first]
            if random.chance(400), let second = random.pick(fields), second.name != first.name {
                chosen.append(second)
            }
            let requests = chosen.sorted { $0.name < $1.name }.map {
                fieldRequest($0, sight, node, &random)
            }
            return ChangeRequest(fields: requests)
        case .move:
            guard let stage = view.stage,
                let transition = random.pick(
                    view.definition.workflow?.transitions(from: stage) ?? []
                )
            else { return nil }
            let holder = transition.hand && random.chance(600) ? random.pick(view.parties) : nil
            return ChangeRequest(fields: [], stage: transition.to, holder: holder)
        case .hand:
            guard view.holder != nil else { return nil }
            return ChangeRequest(fields: [], holder: random.pick(view.parties))
        case .claw:
            guard view.holder != nil, view.state.header.home == node.member else { return nil }
            return ChangeRequest(fields: [], holder: node.member)
        case .parties: return partiesChange(view, &random)
        case .assign:
            let value = random.chance(250) ? nil : random.pick(view.parties)
            return ChangeRequest(
                fields: [
                    FieldRequest(
                        name: SystemField.handling,
                        change: .set(value.map { .member($0) })
                    )
                ]
            )
        case .rule:
            let once = view.definition.fields.filter { $0.merge == .once }
            guard let field = random.pick(once) else { return nil }
            let place = place(of: field, sight.id, node)
            let value = ValueMaker.single(field.type, place, &random)
            return ChangeRequest(
                fields: [FieldRequest(name: field.name, change: .rule(value))]
            )
        case .delete:
            return ChangeRequest(fields: [], isDeletion: true)
        case .resolve: return resolution(view, sight.id, node, &random)
        default: return nil
        }
    }

    private func place(
        of field: FieldDefinition,
        _ id: RecordIdentifier,
        _ node: SimulatedNode
    ) -> ValueMaker.Place {
        ValueMaker.Place(
            scope: field.scope,
            member: node.member,
            record: id,
            number: clients.number()
        )
    }

    /// Decides an open conflict, for one of its values or by a new one.
    private func resolution(
        _ view: RecordView,
        _ id: RecordIdentifier,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> ChangeRequest? {
        guard let conflict = random.pick(view.conflicts(Hashing.sha256)) else { return nil }
        do throws(Refusal) {
            if let name = conflict.field, let field = view.definition.field(name),
                field.type.isSingle, random.chance(400)
            {
                let value = ValueMaker.single(field.type, place(of: field, id, node), &random)
                return try view.request(writing: .set(value), for: conflict)
            }
            return try view.request(
                choosing: random.below(conflict.values.count),
                of: conflict
            )
        } catch {
            coverage.count(.refusal, "resolution \(error.code.rawValue)")
            return nil
        }
    }

    private func partiesChange(_ view: RecordView, _ random: inout SeededRandom) -> ChangeRequest {
        let members = roster.members.map { FieldValue.member($0.code) }
        let added = view.addedParties.map { FieldValue.member($0) }
        let removes = random.chance(300) && !added.isEmpty
        let change: FieldChange =
            removes
            ? .elements(add: [], remove: [random.pick(added)].compactMap(\.self))
            : .elements(add: [random.pick(members)].compactMap(\.self), remove: [])
        return ChangeRequest(
            fields: [FieldRequest(name: SystemField.parties, change: change)]
        )
    }

    /// The fields that a clerk there would try to write; sometimes any.
    private func writable(
        _ view: RecordView,
        by member: MemberCode,
        _ random: inout SeededRandom
    ) -> [FieldDefinition] {
        if random.chance(100) { return view.definition.fields }
        return view.definition.fields.filter { field in
            switch field.authority {
            case .any: field.scope != .parties || view.parties.contains(member)
            case .home: view.state.header.home == member
            case .handling: view.handler == member
            case .accepting: view.state.key.origin == member
            case .holder: view.holder == member
            case .members(let codes): codes.contains(member)
            }
        }
    }

    private func fieldRequest(
        _ field: FieldDefinition,
        _ sight: Sight,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> FieldRequest {
        let place = place(of: field, sight.id, node)
        let change: FieldChange
        switch field.type {
        case .counter: change = .add(ValueMaker.single(field.type, place, &random))
        case .set(let element):
            var standing: [FieldValue] = []
            if case .set(let elements)? = sight.view.value(of: field) { standing = elements }
            change = ValueMaker.elements(
                FieldType(element),
                standing: standing,
                place,
                &random
            )
        default:
            change =
                random.chance(60)
                ? .set(nil) : .set(ValueMaker.single(field.type, place, &random))
        }
        return FieldRequest(name: field.name, change: change)
    }

    // MARK: Agreement

    private func proposal(
        _ ledger: Ledger<SQLiteStore>,
        _ random: inout SeededRandom
    ) -> ClientRequest? {
        guard let base = random.pick(definitions) else { return nil }
        let known = ledger.agreement.definitions(of: base.item)
            .compactMap { ledger.agreement.definition($0) }
        let latest = known.max { $0.version < $1.version } ?? base
        guard latest.version < 4 else { return nil }
        return .propose(DefinitionMaker.successor(of: latest, &random), caller(201, &random))
    }

    func approval(_ ledger: Ledger<SQLiteStore>, _ node: SimulatedNode) -> ClientRequest? {
        for proposal in openProposals(ledger)
        where !ledger.agreement.hasApproved(
            node.member,
            proposal: proposal.digest
        ) && ledger.agreement.refusal(ofApproving: proposal, by: node.member) == nil {
            var random = SeededRandom(seed: 0)
            return .approve(
                item: proposal.definition.item,
                version: proposal.definition.version,
                proposal: proposal.digest,
                caller(200, &random)
            )
        }
        return nil
    }

    private func openProposals(_ ledger: Ledger<SQLiteStore>) -> [Proposal] {
        var proposals: [Proposal] = []
        for item in definitions.map(\.item) {
            for digest in ledger.agreement.definitions(of: item) {
                for ballot in ledger.agreement.proposals(of: digest) {
                    proposals.append(ballot.proposal)
                }
            }
        }
        return proposals.sorted { $0.digest < $1.digest }
    }

    /// Every member proposes what it is to propose and approves what it knows.
    func vote() {
        for node in nodes where node.isUp {
            guard let ledger = node.engine?.ledger, node.engine?.problem == nil else { continue }
            var random = SeededRandom(seed: 0)
            for (index, definition) in definitions.enumerated()
            where index % plan.memberCount == node.index
                && ledger.agreement.definitions(of: definition.item).isEmpty
            {
                ask(.propose(definition, caller(201, &random)), node)
            }
            if let request = approval(ledger, node) { ask(request, node) }
        }
        if isHealing {
            queue.add(.vote, at: now + 1_000)
        } else if now < 2_000 {
            queue.add(.vote, at: now + 150)
        }
    }

    // MARK: Answers

    func answered(_ work: ClientWork, _ error: StoreError?, _ node: SimulatedNode) {
        guard error == nil, let answer = work.answer else {
            trace.note(
                now,
                22,
                UInt64(node.index),
                text: "\(name(node)) answers with \(error?.kind ?? "nothing")"
            )
            return
        }
        switch answer {
        case .write(.success(let write)): acknowledge(write, work, node)
        case .write(.failure(let refusal)), .vote(.failure(let refusal)):
            coverage.count(.refusal, refusal.code.rawValue)
            trace.note(
                now,
                23,
                UInt64(node.index),
                text: "\(name(node)) refuses: \(refusal.code.rawValue), \(refusal.detail)"
            )
        case .vote(.success(let vote)):
            trace.note(
                now,
                24,
                UInt64(node.index),
                text: "\(name(node)) voted on \(vote.item) v\(vote.version)"
            )
        }
    }

    private func acknowledge(
        _ answer: WriteAnswer,
        _ work: ClientWork,
        _ node: SimulatedNode
    ) {
        let request = work.request
        let state = answer.snapshot.state
        let id = state.key.identifier
        clients.learn(id, token: answer.snapshot.token, at: node.index)
        coverage.count(.operation, "acknowledged")
        trace.note(
            now,
            25,
            UInt64(node.index),
            UInt64(answer.status),
            id.uuid.low,
            text: "\(name(node)) answers \(answer.status) for \(id): \(request.words), "
                + "home \(state.header.home), "
                + "parties \(RecordView(state, answer.snapshot.definition).parties)"
        )
        var fields: [Text] = []
        switch request {
        case .create(let creation, _): fields = creation.request.fields.map(\.name)
        case .change(_, let change, _, _):
            fields = change.fields.map(\.name)
            if change.stage != nil { fields.append(SystemField.stage) }
            if change.holder != nil { fields.append(SystemField.turn) }
            if change.isDeletion { fields.append(SystemField.delete) }
        case .propose, .approve: return
        }
        if let key = request.caller.idempotencyKey,
            !acknowledged.note(id, of: key, by: node.member)
        {
            find(.broken, "\(name(node)) answers one key with two records, now \(id)")
        }
        noteAdditions(work, state.key, node)
        let writer = Writer(member: node.member, incarnation: node.incarnation)
        for name in fields {
            let number = state.field(name)?.applied.number(of: writer) ?? 0
            guard number > 0 else { continue }
            acknowledged.insert(
                Acknowledged.Write(
                    member: node.member,
                    key: state.key,
                    field: name,
                    dot: Dot(writer: writer, number: number)
                )
            )
        }
    }

    private func noteAdditions(_ work: ClientWork, _ record: RecordKey, _ node: SimulatedNode) {
        guard let key = work.request.caller.idempotencyKey else { return }
        for (field, dot) in work.added {
            let addition = Acknowledged.Addition(
                member: node.member,
                key: key,
                secret: node.secret,
                record: record,
                field: field
            )
            guard acknowledged.note(addition, dot) else { continue }
            coverage.count(.operation, "addition sent again after a restore")
        }
    }
}
