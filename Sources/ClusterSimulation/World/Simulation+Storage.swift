import AllianceModel
import NodeStore
import ReplicationCore

/// Disks that are copied, set back, replaced, damaged.
extension Simulation {
    func backUp(_ node: SimulatedNode) {
        guard node.isUp, !node.disk.isCut else { return }
        node.backups.append(SimulatedNode.Backup(image: node.disk.image(), sizes: node.sizes))
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
        case .replace:
            crash(node, cutsPower: false, downFor: down)
            setBack(node, to: .none)
        case .clone, .twin:
            return copy(node, isTwin: action == .twin, &random)
        default: return false
        }
        return true
    }

    func setBack(_ node: SimulatedNode, to backup: SimulatedNode.Backup) {
        node.disk.restore(backup.image)
        node.isSuspect = false
        node.said = [:]
        node.lastSizes = backup.sizes
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
        queue.add(.end(.clone(node: clone.index)), at: now + random.between(2_000, 30_000))
        return true
    }

    /// The copy ends for good; what only it had is gone with it.
    func switchOff(_ clone: SimulatedNode) {
        guard clone.isUp else { return }
        trace.note(now, 50, UInt64(clone.index), text: "\(name(clone)) is switched off")
        end(clone, isSilent: false, downFor: nil)
        clone.lastSizes = [:]
        acknowledged.excuse(beyond: nodes.map(\.sizes), "on no disk after a copy was switched off")
        for incarnation in forkedIncarnations.sorted() {
            acknowledged.excuse(incarnation, "written by one of two twins")
        }
    }
}
