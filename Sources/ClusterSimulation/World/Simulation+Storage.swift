import AllianceModel
import NodeStore
import ReplicationCore

/// Disks that are copied, set back, replaced, damaged.
extension Simulation {
    func backUp(_ node: SimulatedNode) {
        guard node.isUp, !node.disk.isCut else { return }
        node.backups.append(
            SimulatedNode.Backup(
                image: node.disk.image(),
                sizes: node.sizes,
                secret: node.secret
            )
        )
        if node.backups.count > 4 { node.backups.removeFirst() }
    }

    func strikeStorage(
        _ action: PlannedAction,
        _ node: SimulatedNode,
        _ random: inout SeededRandom
    ) -> Bool {
        let down = random.between(200, 3_000)
        switch action {
        case .corruption:
            crash(node, cutsPower: false, downFor: down)
            guard node.disk.corrupt(nil, &random) else { return false }
            node.isSuspect = true
        case .restore:
            guard let backup = random.pick(node.backups) else { return false }
            crash(node, cutsPower: false, downFor: down)
            setBack(node, to: backup)
            // Whoever got an answer that the node knows nothing of any more asks again.
            for _ in 0..<3 { operate(.retry, at: node, within: down + 4_000, &random) }
        case .replace:
            crash(node, cutsPower: false, downFor: down)
            setBack(node, to: .none)
        case .clone, .twin:
            let isTwin = action == .twin
            guard copy(node, isTwin: isTwin, &random) else { return false }
            visit(node, nodes[nodes.count - 1], within: isTwin ? 600 : 20_000, &random)
        default: return false
        }
        return true
    }

    func setBack(_ node: SimulatedNode, to backup: SimulatedNode.Backup) {
        node.disk.restore(backup.image)
        node.isSuspect = false
        node.said = [:]
        node.lastSizes = backup.sizes
        node.secret = backup.secret ?? random.next()
        clients.setBack(node.index)
        acknowledged.setBack(node.member)
        acknowledged.excuse(beyond: nodes.map(\.sizes), "on no disk after one was set back")
    }

    /// A damaged disk is replaced by the last backup, or by an empty one.
    func recover(_ node: SimulatedNode) {
        setBack(node, to: node.backups.last ?? .none)
        queue.add(.start(node: node.index), at: now + random.between(200, 3_000))
    }

    /// A second process of the same member, on a copy of its disk: as another incarnation, or (a copy
    /// of the whole machine) as the very same.
    func copy(
        _ node: SimulatedNode,
        isTwin: Bool,
        _ random: inout SeededRandom
    ) -> Bool {
        guard node.isUp, !node.disk.isCut, !node.isClone,
            !nodes.contains(where: { $0.isClone && $0.member == node.member })
        else { return false }
        let disk = SimulatedDisk(sectorBytes: node.disk.sectorBytes, syncs: plan.syncs)
        disk.restore(node.disk.image())
        let clone = SimulatedNode(
            index: nodes.count,
            roster: roster,
            member: node.member,
            random: random.split(),
            disk: disk,
            isClone: true
        )
        clone.clock = node.clock
        clone.lastSizes = node.sizes
        clone.secret = node.secret
        nodes.append(clone)
        for other in nodes where other.member != node.member {
            latency[Direction(from: other.index, to: clone.index)] = random.between(1, 40)
            latency[Direction(from: clone.index, to: other.index)] = random.between(1, 40)
        }
        if isTwin {
            guard Twin.forget(node.incarnation, on: disk) else { return false }
            forkedIncarnations.insert(node.incarnation)
            start(clone, as: node.incarnation)
        } else {
            start(clone)
        }
        for other in nodes where other.isUp && other.member != node.member {
            other.dials[clone.index] = SimulatedNode.Dial()
            scheduleDial(other, clone.index, after: random.between(0, 2_000))
        }
        let life = random.between(2_000, 30_000)
        queue.add(.end(.clone(node: clone.index)), at: now + life)
        return true
    }

    /// Clients find a node or its copy: of twins soon, before either learns of the other.
    private func visit(
        _ node: SimulatedNode,
        _ clone: SimulatedNode,
        within milliseconds: Int64,
        _ random: inout SeededRandom
    ) {
        let actions: [PlannedAction] = [.update, .update, .create, .move, .hand, .parties]
        for _ in 0..<6 {
            let place = random.chance(600) ? clone : node
            operate(random.pick(actions) ?? .update, at: place, within: milliseconds, &random)
        }
    }

    /// A client comes to that node within some milliseconds.
    private func operate(
        _ action: PlannedAction,
        at node: SimulatedNode,
        within milliseconds: Int64,
        _ random: inout SeededRandom
    ) {
        let time = now + random.between(1, milliseconds)
        let event = PlannedEvent(
            at: time,
            node: node.index,
            action: action,
            salt: random.next() & 0xffff_ffff
        )
        queue.add(.operation(event), at: time)
    }

    /// The copy ends for good; what only it had is gone with it.
    func switchOff(_ clone: SimulatedNode) {
        guard clone.isUp else { return }
        trace.note(now, 50, UInt64(clone.index), text: "\(name(clone)) is switched off")
        end(clone, isSilent: false, downFor: nil)
        clone.lastSizes = [:]
        acknowledged.excuse(beyond: nodes.map(\.sizes), "on no disk after a copy was switched off")
        excuseTwins()
    }

    /// What one of two twins writes before it learns of the other may be void.
    func excuseTwins() {
        for incarnation in forkedIncarnations.sorted() {
            acknowledged.excuse(incarnation, "written by one of two twins")
        }
    }
}
