import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// Driving the engines, as a node's writer thread does.
extension Simulation {
    // MARK: Starting and ending

    func start(_ node: SimulatedNode, as incarnation: Incarnation? = nil) {
        guard !node.isUp, !node.isClone || !isHealing else { return }
        do throws(StoreError) {
            try node.start(at: now, as: incarnation)
        } catch {
            openingFailed(node, error)
            return
        }
        trace.note(now, 1, UInt64(node.index), text: "\(name(node)) starts")
        checkSaid(node)
        for peer in nodes
        where peer.member != node.member && (!peer.isClone || peer.isUp) {
            node.dials[peer.index] = SimulatedNode.Dial()
            scheduleDial(node, peer.index, after: random.between(0, 300))
        }
        settle(node)
    }

    private func openingFailed(_ node: SimulatedNode, _ error: StoreError) {
        node.drop()
        trace.note(now, 2, UInt64(node.index), text: "\(name(node)) does not open: \(error.kind)")
        switch error {
        case .damaged where node.isSuspect:
            coverage.count(.fault, "damage found")
            recover(node)
        case .damaged, .newer, .locked:
            find(.broken, "\(name(node)) opens its store as damaged: \(error)")
        case .unopenable, .full, .failed, .stopped:
            // As an operator would: the next try finds a disk that works.
            coverage.count(.fault, "opening failed")
            node.disk.endProcess()
            node.disk.disarm()
            queue.add(.start(node: node.index), at: now + random.between(200, 3_000))
        }
    }

    /// The process ends without its doing; nobody says goodbye.
    ///
    /// A killed process's connections are reset by its system; with the power gone, peers hear
    /// nothing.
    func crash(_ node: SimulatedNode, cutsPower: Bool, downFor milliseconds: Int64) {
        guard node.isUp else { return }
        trace.note(
            now,
            3,
            UInt64(node.index),
            cutsPower ? 1 : 0,
            text: "\(name(node)) \(cutsPower ? "loses its power" : "is killed")"
        )
        if cutsPower {
            node.disk.cutPower(&random)
        } else {
            node.disk.endProcess()
        }
        end(node, isSilent: cutsPower, downFor: milliseconds)
    }

    /// Lets go of the process and its connections, and starts it again later, if a time is given.
    func end(_ node: SimulatedNode, isSilent: Bool, downFor milliseconds: Int64?) {
        node.drop()
        for number in links.keys.sorted() {
            guard let link = links[number] else { continue }
            for end in [0, 1] where link.ends[end].node == node.index {
                links[number]?.ends[end].isOpen = false
                links[number]?.ends[end].incoming = []
                // A silent end is noticed when the node is there again and knows nothing of it.
                let delay = isSilent ? (milliseconds ?? 0) + 50 : 1
                send(.end, on: number, to: 1 - end, notBefore: now + delay)
            }
        }
        node.disk.disarm()
        if let milliseconds { queue.add(.start(node: node.index), at: now + milliseconds) }
    }

    // MARK: The engine

    func tell(_ node: SimulatedNode, _ input: ReplicaInput) {
        guard node.isUp else { return }
        node.engine?.handle(input, now: node.clock.monotonic(now))
        perform(node)
        settle(node)
    }

    /// One round of the writer's loop.
    func attend(_ node: SimulatedNode) {
        guard node.isUp else { return }
        let process = node.process
        let monotonic = node.clock.monotonic(now)
        node.engine?.tick(now: monotonic, wallMilliseconds: node.clock.wallMilliseconds(now))
        perform(node)
        guard node.process == process, node.isUp else { return }
        let work = node.work
        node.work = []
        let forged = node.forged
        node.forged = []
        // A commit that fails leaves the ledger ahead of the disk.
        if !node.disk.armed.isEmpty { node.lastSizes = node.sizes }
        // As long as the clock of a commit goes: a batch, or several.
        let allowed = node.source.random.chance(500) ? 0 : Int64(5)
        let isChanged =
            node.engine?.transact(
                (work as [any EngineWork<SQLiteStore>]) + forged,
                bulkMilliseconds: allowed,
                wallMilliseconds: node.clock.wallMilliseconds(now),
                now: { monotonic }
            ) ?? false
        if node.disk.isCut {
            // The power went in the middle of it: nothing of its outputs is ever seen.
            crash(node, cutsPower: true, downFor: random.between(300, 6_000))
            return
        }
        perform(node)
        guard node.process == process, node.isUp else { return }
        if isChanged { tidy(node) }
        settle(node)
    }

    /// What a node does when it is idle.
    private func tidy(_ node: SimulatedNode) {
        guard let engine = node.engine, engine.problem == nil, !engine.hasBacklog,
            node.source.random.chance(300)
        else { return }
        do throws(StoreError) {
            _ = try engine.ledger.store.projectIndexes(limit: 1_000)
            _ = try engine.ledger.store.checkpointIfIdle()
        } catch {
            node.engine?.stop(error, node.clock.monotonic(now))
            perform(node)
        }
    }

    /// When the engine is to be looked after next.
    private func settle(_ node: SimulatedNode) {
        guard let engine = node.engine else { return }
        var next: Int64?
        func propose(_ time: Int64) { next = min(next ?? time, time) }
        if !node.work.isEmpty || !node.forged.isEmpty || engine.hasBacklog {
            propose(now + Int64(node.source.random.below(4)))
        }
        if let wake = engine.wake { propose(node.clock.virtual(wake, notBefore: now + 1)) }
        if !engine.ledger.held.isEmpty, engine.problem == nil { propose(now + 1_000) }
        guard let next, next < node.attention ?? .max else { return }
        node.attention = next
        queue.add(.attend(node: node.index, process: node.process), at: next)
    }

    // MARK: Outputs

    private func perform(_ node: SimulatedNode) {
        let process = node.process
        while node.process == process, let output = node.engine?.nextOutput() {
            if let left = node.outputsUntilCrash {
                guard left > 0 else {
                    coverage.count(.fault, "crashed between outputs")
                    crash(
                        node,
                        cutsPower: node.crashCutsPower,
                        downFor: random.between(300, 6_000)
                    )
                    return
                }
                node.outputsUntilCrash = left - 1
            }
            perform(output, node)
        }
    }

    private func perform(_ output: EngineOutput<SQLiteStore>, _ node: SimulatedNode) {
        switch output {
        case .committed(let committed): note(committed, node)
        case .send(let link, let message): send(message, on: link, from: node)
        case .push(let link, let entries, let feeds): push(entries, feeds, on: link, from: node)
        case .close(let link, let fault): close(link, fault, at: node)
        case .answer(let work, let error):
            if let work = work as? ClientWork { answered(work, error, node) }
            // The engine knows of what it drafted itself only.
            if let tip = (work as? ForgedWork)?.tip, error == nil {
                node.engine?.handle(.appended([tip]), now: node.clock.monotonic(now))
            }
        case .renewed(let incarnation, let reason):
            node.goesOn(as: incarnation)
            coverage.count(.clock, "renewed for a \(reason.rawValue)")
            trace.note(
                now,
                4,
                UInt64(node.index),
                text: "\(name(node)) goes on as \(incarnation): \(reason.rawValue)"
            )
        case .stopped(let error): stopped(node, error)
        }
    }

    private func note(_ committed: Committed, _ node: SimulatedNode) {
        trace.note(
            now,
            4,
            UInt64(node.index),
            UInt64(committed.position),
            text: "\(name(node)) commits up to \(committed.position)"
        )
        guard let engine = node.engine else { return }
        for tip in committed.tips where tip.identity.writer.incarnation != node.incarnation {
            find(.broken, "\(name(node)) appends to a feed of another incarnation")
        }
        if committed.agreementChanged { node.catalog.agreement = engine.ledger.agreement }
        if committed.factsChanged {
            let ceilings = engine.ledger.facts.ceilings.count - node.catalog.facts.ceilings.count
            if ceilings > 0 { coverage.count(.clock, "ceiling", ceilings) }
            node.catalog.facts = engine.ledger.facts
        }
        if committed.regained > 0 { coverage.count(.held, "regained", committed.regained) }
        do throws(StoreError) {
            for tip in committed.tips { try index(tip, node, engine.ledger.store) }
            guard !committed.held.isEmpty else { return }
            for reasons in try engine.ledger.store.heldCounts().values {
                for (reason, _) in reasons { coverage.count(.held, reason.rawValue) }
            }
        } catch {
            trace.note(now, 5, text: "\(name(node)) cannot be looked at: \(error.kind)")
        }
    }

    /// Notes where what was just written stands, before anybody is told that it is.
    private func index(
        _ tip: FeedTip,
        _ node: SimulatedNode,
        _ store: SQLiteStore
    ) throws(StoreError) {
        let done = node.indexed[tip.digest] ?? 0
        guard tip.size > done else { return }
        node.indexed[tip.digest] = tip.size
        let count = Int(tip.size - done)
        for entry in try store.entries(of: tip.digest, after: done, limit: count) {
            guard
                case .changeset(let changeset) = EntryCoding.decode(
                    entry.bytes,
                    writer: tip.identity.writer
                )
            else { continue }
            for write in changeset.writes {
                acknowledged.name(write.parties, in: changeset.key)
                acknowledged.place(
                    Acknowledged.Write(
                        member: tip.identity.member,
                        key: changeset.key,
                        field: write.field,
                        dot: write.dot
                    ),
                    at: EntryPlace(feed: tip.digest, sequence: entry.sequence)
                )
            }
        }
    }

    private func stopped(_ node: SimulatedNode, _ error: StoreError) {
        guard !node.disk.isCut else {
            crash(node, cutsPower: true, downFor: random.between(300, 6_000))
            return
        }
        trace.note(now, 6, UInt64(node.index), text: "\(name(node)) stops: \(error.kind)")
        coverage.count(.fault, "store stopped")
        if case .damaged = error, node.isSuspect {
            coverage.count(.fault, "damage found")
            crash(node, cutsPower: false, downFor: random.between(300, 3_000))
            recover(node)
            return
        }
        if case .damaged = error {
            find(.broken, "\(name(node)) says that its store is damaged: \(error)")
        }
        // The process is started again by its supervisor, when it has told its peers.
        node.outputsUntilCrash = node.outputsUntilCrash ?? 4
        node.crashCutsPower = random.chance(300)
    }

    func name(_ node: SimulatedNode) -> String {
        node.isClone ? "\(node.member)'\(node.index)" : "\(node.member)"
    }
}

extension StoreError {
    /// The case, without paths and messages, which may differ between processes.
    var kind: String {
        switch self {
        case .unopenable: "unopenable"
        case .locked: "locked"
        case .damaged: "damaged"
        case .newer: "newer"
        case .full: "full"
        case .failed: "failed"
        case .stopped: "stopped"
        }
    }
}
