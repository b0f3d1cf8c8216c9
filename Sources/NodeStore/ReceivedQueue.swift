import AllianceModel
import ReplicationCore

/// Received batches that wait for their commit: urgent ones first, each class in its order.
///
/// A feed is of one class, so no feed's entries overtake each other.
struct ReceivedQueue {
    typealias Item = (link: LinkID, batch: ReceivedBatch)

    /// What is taken leaves nothing behind: a busy queue may not be empty for a long time.
    private var urgent: [Item?] = []
    private var normal: [Item?] = []
    /// How many of `urgent` and `normal` are taken already.
    private var urgentTaken = 0
    private var normalTaken = 0

    var isEmpty: Bool { urgent.isEmpty && normal.isEmpty }

    mutating func add(_ batch: ReceivedBatch, from link: LinkID) {
        if batch.parts.contains(where: { $0.identity.deliveryClass == .urgent }) {
            urgent.append((link, batch))
        } else {
            normal.append((link, batch))
        }
    }

    mutating func next() -> Item? {
        Self.next(&urgent, &urgentTaken) ?? Self.next(&normal, &normalTaken)
    }

    private static func next(_ items: inout [Item?], _ taken: inout Int) -> Item? {
        guard taken < items.count else { return nil }
        let item = items[taken]
        items[taken] = nil
        taken += 1
        if taken == items.count {
            items.removeAll(keepingCapacity: true)
            taken = 0
        } else if taken >= takenMaximum {
            items.removeFirst(taken)
            taken = 0
        }
        return item
    }

    private static let takenMaximum = 256
}
