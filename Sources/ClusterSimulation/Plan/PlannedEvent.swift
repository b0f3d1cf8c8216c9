/// What is to happen at a moment: an operation of a client or a fault, at one node.
///
/// Everything else about it is drawn from `salt` when it happens, from what there is then; so an
/// event means something whatever other events are left out of the plan.
package struct PlannedEvent: Hashable, Sendable {
    /// Virtual milliseconds since the start.
    package var at: Int64
    /// Index of the member.
    package var node: Int
    package var action: PlannedAction
    package var salt: UInt64

    package init(at: Int64, node: Int, action: PlannedAction, salt: UInt64) {
        self.at = at
        self.node = node
        self.action = action
        self.salt = salt
    }
}

package enum PlannedAction: String, Hashable, Sendable, CaseIterable {
    // Operations of clients.
    case create, update, retry, move, hand, claw, parties, assign, rule, resolve, delete, propose,
        vote, backup

    // Faults.
    /// The power goes: of what was not synced any part is kept.
    case powerCut = "power-cut"
    /// The process is killed: what it wrote stays.
    case kill
    /// The node is stopped in order and started again.
    case restart
    /// Killed or cut off between two outputs of the engine.
    case crashBetween = "crash-between"
    /// The power goes in the middle of a commit.
    case crashWithin = "crash-within"
    case readFailure = "read-failure"
    case writeFailure = "write-failure"
    case syncFailure = "sync-failure"
    case fullDisk = "full-disk"
    /// One bit of the disk is inverted while the node is down.
    case corruption
    /// The disk is replaced by an older copy of itself.
    case restore
    /// The disk is replaced by an empty one.
    case replace
    /// A copy of the disk is started beside the node.
    case clone
    /// A copy of the whole machine goes on beside the node, under the same incarnation.
    case twin
    /// The wall clock is set by seconds or minutes, for a while.
    case clockStep = "clock-step"
    /// The wall clock is set by days or years, for a while.
    case clockLeap = "clock-leap"
    case clockDrift = "clock-drift"
    /// Connections of the node break.
    case cut
    /// Nothing passes between two nodes, in both directions.
    case partition
    /// Nothing passes from one node to another.
    case oneWay = "one-way"
    /// What the node sends takes long.
    case slow
    /// The node appends what no honest one would.
    case lie

    package static let operations: [PlannedAction] = [
        .create, .update, .retry, .move, .hand, .claw, .parties, .assign, .rule, .resolve,
        .delete, .propose, .vote, .backup,
    ]

    package static let faults: [PlannedAction] = allCases.filter { !operations.contains($0) }

    package var isFault: Bool { !PlannedAction.operations.contains(self) }

    /// Ends a process without its doing.
    package var isCrash: Bool {
        switch self {
        case .powerCut, .kill, .crashBetween, .crashWithin: true
        default: false
        }
    }
}
