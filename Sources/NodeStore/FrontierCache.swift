import ReplicationCore
import Synchronization

/// Frontiers of feeds at sizes where pages ended, shared by all readers: the next page of a catch-up
/// begins where the last one ended, so its root costs one inner node an entry.
final class FrontierCache: Sendable {
    private struct Place: Hashable {
        var feed: FeedRow
        var size: UInt64
    }

    private struct State {
        var frontiers: [Place: MerkleFrontier] = [:]
        /// Places in the order of their coming, as a ring.
        var places: [Place] = []
        var oldest = 0
    }

    /// Of at most 1.3 kB each.
    static let countMaximum = 512

    private let state = Mutex(State())

    func frontier(of feed: FeedRow, at size: UInt64) -> MerkleFrontier? {
        state.withLock { $0.frontiers[Place(feed: feed, size: size)] }
    }

    func insert(_ frontier: MerkleFrontier, of feed: FeedRow) {
        let place = Place(feed: feed, size: frontier.size)
        state.withLock { state in
            guard state.frontiers.updateValue(frontier, forKey: place) == nil else { return }
            if state.places.count < FrontierCache.countMaximum {
                state.places.append(place)
            } else {
                state.frontiers[state.places[state.oldest]] = nil
                state.places[state.oldest] = place
                state.oldest = (state.oldest + 1) % FrontierCache.countMaximum
            }
        }
    }
}
