import NodeStore
import ReplicationCore

/// What a plan does to nodes, disks, clocks and the network.
extension Simulation {
    func perform(_ event: PlannedEvent) {
        var random = SeededRandom(seed: event.salt)
        guard event.action.isFault else {
            operate(event, &random)
            return
        }
        let node = nodes[event.node]
        trace.note(
            now,
            30,
            UInt64(node.index),
            text: "fault at \(name(node)): \(event.action.rawValue)"
        )
        guard strike(event.action, node, &random) else { return }
        coverage.count(.fault, event.action.rawValue)
    }

    /// False if there was nothing to strike.
    private func strike(
        _ action: PlannedAction,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> Bool {
        switch action {
        case .powerCut, .kill, .restart, .crashBetween, .crashWithin:
            return strikeProcess(action, node, &random)
        case .readFailure, .writeFailure, .syncFailure, .fullDisk:
            return strikeDisk(action, node, &random)
        case .clockStep:
            let seconds: Int64 = [1, 5, 20, 45, 80, 200, 1_200][random.below(7)]
            setClock(node, byAtMost: seconds * 1_000, forAtMost: 8_000, &random)
        case .clockLeap:
            let days: Int64 = [1, 30, 365, 3_650][random.below(4)]
            setClock(node, byAtMost: days * 86_400_000, forAtMost: 20_000, &random)
        case .clockDrift:
            node.clock.drift(random.between(-5_000, 5_000), at: now)
            reattend(node)
        case .cut:
            let mine = links.keys.sorted().filter { number in
                links[number]?.ends.contains { $0.node == node.index } == true
            }
            guard let first = random.pick(mine) else { return false }
            for number in random.chance(200) ? mine : [first] { breakLink(number) }
        case .partition, .oneWay:
            partition(node, isOneWay: action == .oneWay, &random)
        case .corruption, .restore, .replace, .clone, .twin:
            return strikeStorage(action, node, &random)
        case .lie: return tellLie(node, &random)
        case .slow:
            node.slowness = Int64(2 + random.below(60))
            queue.add(.end(.slow(node: node.index)), at: now + random.between(1_000, 15_000))
        default: return false
        }
        return true
    }

    /// Sets a wall clock forwards or back, and right again later.
    private func setClock(
        _ node: SimulatedNode,
        byAtMost milliseconds: Int64,
        forAtMost length: Int64,
        _ random: inout SeededRandom
    ) {
        let delta = random.between(1, milliseconds) * (random.chance(500) ? 1 : -1)
        node.clock.step(byMilliseconds: delta, at: now)
        let later = now + random.between(500, length)
        queue.add(.end(.clock(node: node.index, byMilliseconds: -delta)), at: later)
        reattend(node)
    }

    private func strikeProcess(
        _ action: PlannedAction,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> Bool {
        guard node.isUp else { return false }
        let down = random.between(200, random.chance(150) ? 20_000 : 3_000)
        switch action {
        case .powerCut: crash(node, cutsPower: true, downFor: down)
        case .kill: crash(node, cutsPower: false, downFor: down)
        case .restart:
            tell(node, .stopping)
            guard node.isUp else { return true }
            end(node, isSilent: false, downFor: down)
        case .crashBetween:
            node.outputsUntilCrash = random.below(12)
            node.crashCutsPower = random.chance(500)
        case .crashWithin:
            node.disk.arm(
                ArmedFault(
                    operation: random.chance(600) ? .write : .synchronize,
                    fault: .cut,
                    after: random.below(20),
                    isLasting: true
                )
            )
        default: return false
        }
        return true
    }

    private func strikeDisk(
        _ action: PlannedAction,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> Bool {
        let operation: DiskOperation
        var fault = DiskFault.failure
        switch action {
        case .readFailure: operation = .read
        case .writeFailure: operation = .write
        case .syncFailure: operation = .synchronize
        default:
            operation = .write
            fault = .full
        }
        node.disk.arm(
            ArmedFault(
                operation: operation,
                fault: fault,
                after: random.below(12),
                isLasting: random.chance(300)
            )
        )
        queue.add(.end(.disk(node: node.index)), at: now + random.between(1_000, 12_000))
        return true
    }

    private func partition(
        _ node: SimulatedNode,
        isOneWay: Bool,
        _ random: inout SeededRandom
    ) {
        let others = nodes.filter { $0.index != node.index }
        let isWhole = random.chance(300)
        let length = random.between(500, random.chance(150) ? 60_000 : 12_000)
        let peers = isWhole ? others : [others[random.below(others.count)]]
        for peer in peers {
            block(from: node.index, to: peer.index, for: length)
            if !isOneWay { block(from: peer.index, to: node.index, for: length) }
        }
    }

    private func block(from: Int, to: Int, for milliseconds: Int64) {
        blocked[Direction(from: from, to: to), default: 0] += 1
        queue.add(.end(.blocked(from: from, to: to)), at: now + milliseconds)
    }

    /// A clock that was changed may be due at once.
    private func reattend(_ node: SimulatedNode) {
        tell(node, .timeout(wallMilliseconds: node.clock.wallMilliseconds(now)))
    }

    // MARK: Ends

    func cure(_ ailment: Ailment) {
        switch ailment {
        case .blocked(let from, let to):
            let direction = Direction(from: from, to: to)
            guard let count = blocked[direction], count > 0 else { return }
            blocked[direction] = count - 1
            if count == 1 { resume(from: from, to: to) }
        case .slow(let node): nodes[node].slowness = 1
        case .disk(let node): nodes[node].disk.disarm()
        case .clock(let node, let delta):
            guard !isHealing else { return }
            nodes[node].clock.step(byMilliseconds: delta, at: now)
            reattend(nodes[node])
        case .clone(let node): switchOff(nodes[node])
        }
    }

    // MARK: Healing

    /// No fault is left and none comes; everything that was held up goes on.
    private func cureEverything() {
        isHealing = true
        for direction in blocked.keys.sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) })
        where (blocked[direction] ?? 0) > 0 {
            blocked[direction] = 0
            resume(from: direction.from, to: direction.to)
        }
        blocked = [:]
        for node in nodes where node.isClone { switchOff(node) }
        for node in nodes where !node.isClone {
            node.slowness = 1
            node.disk.disarm()
            node.outputsUntilCrash = node.engine?.problem == nil ? nil : 0
            node.clock.drift(0, at: now)
            let error = node.clock.errorMilliseconds(now)
            if abs(error) > 500 { node.clock.step(byMilliseconds: -error, at: now) }
            reattend(node)
            // Whatever was meant to start it may have been lost with a fault.
            if !node.isUp { queue.add(.start(node: node.index), at: now + 100) }
        }
        queue.add(.vote, at: now + 200)
    }

    /// Runs until all nodes came to the same, or the time for it is over.
    func heal(stepsMaximum: Int) {
        trace.note(now, 40, text: "the faults end")
        cureEverything()
        let start = now
        var comparisons = 0
        var quietSince: Int64?
        while now - start < Self.healingMilliseconds, findings.isEmpty, steps < stepsMaximum {
            let second = now + 1_000
            while steps < stepsMaximum, step(until: second) {}
            now = max(now, second)
            guard findings.isEmpty, isSettled() else {
                quietSince = nil
                continue
            }
            quietSince = quietSince ?? now
            guard now - (quietSince ?? now) >= Self.quietMilliseconds else { continue }
            if comparisons < Self.comparisonsMaximum, compareAll() {
                comparisons += 1
                quietSince = nil
                continue
            }
            trace.note(now, 41, text: "settled \(now - start) ms after the faults")
            judge()
            return
        }
        guard findings.isEmpty, steps < stepsMaximum else { return }
        find(.stuck, "not settled \(now - start) ms after the faults: \(unsettled())")
        judgeLosses()
    }

    /// Why it is not settled: what to look at first.
    private func unsettled() -> String {
        var reasons: [String] = []
        for node in nodes where !node.isClone {
            guard let engine = node.engine else {
                reasons.append("\(name(node)) is down")
                continue
            }
            if let problem = engine.problem { reasons.append("\(name(node)): \(problem.kind)") }
            reasons += heldWords(node, engine)
            for peer in engine.replica.peers where !peer.isCaughtUp {
                reasons.append(
                    "\(name(node)) and \(peer.member): connected \(peer.isConnected), "
                        + "to send \(peer.toSend?.count.description ?? "unknown"), "
                        + "to apply \(peer.toApply?.count.description ?? "unknown")"
                )
            }
        }
        return reasons.prefix(12).joined(separator: "; ")
    }

    private func heldWords(_ node: SimulatedNode, _ engine: NodeEngine<SQLiteStore>) -> [String] {
        do throws(StoreError) {
            let held = try engine.ledger.store.held(after: 0, limit: 200)
            return held.filter { !isLiar($0.author) }.prefix(5).map { held in
                "\(name(node)) holds an entry of \(held.author) (\(held.reason.rawValue): "
                    + "\(held.detail)) of \(held.key.map { "\($0.identifier)" } ?? "no record")"
            }
        } catch {
            return ["\(name(node)) cannot say what it holds: \(error.kind)"]
        }
    }

    /// True once nothing is under way, held or unknown to somebody whom it is for.
    private func isSettled() -> Bool {
        for node in nodes where !node.isClone {
            guard let engine = node.engine, engine.problem == nil, !engine.hasBacklog,
                node.work.isEmpty, node.forged.isEmpty
            else { return false }
            guard !isLiar(node.member) else { continue }
            // What rests is judged: nobody may have what it waits for.
            guard engine.ledger.held.allSatisfy({ isLiar($0.key) || $0.value.count == 0 }),
                engine.replica.peers.allSatisfy({ $0.isCaughtUp || isLiar($0.member) })
            else { return false }
        }
        return hasSameFeeds()
    }
}
