import AllianceModel
import NodeStore
import ReplicationCore

/// What the clients of all nodes know: records they made, tokens they read, requests whose answer
/// they may ask for again.
struct Clients {
    /// Counts requests and values: each value that is written is another one.
    private(set) var lastNumber = 0
    /// Ids that a node answered with, in that order.
    private(set) var records: [RecordIdentifier] = []
    /// The last tokens read at each node.
    private var tokens: [Int: [(id: RecordIdentifier, token: String)]] = [:]
    /// The last requests with a key sent to each node, answered or not.
    private var requests: [Int: [ClientRequest]] = [:]
    /// Of these the additions, which must count once however often they are sent.
    private var additions: [Int: [ClientRequest]] = [:]
    /// Additions that a node may know nothing of any more, since its disk was set back.
    private var forgotten: [Int: [ClientRequest]] = [:]

    mutating func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    mutating func learn(_ id: RecordIdentifier, token: String, at node: Int) {
        if !records.contains(id) { records.append(id) }
        tokens[node, default: []].append((id, token))
        if tokens[node, default: []].count > 40 { tokens[node]?.removeFirst() }
    }

    /// A token of that record that was read there before, perhaps long ago.
    func token(of id: RecordIdentifier, at node: Int, _ random: inout SeededRandom) -> String? {
        random.pick((tokens[node] ?? []).filter { $0.id == id })?.token
    }

    mutating func sent(_ request: ClientRequest, to node: Int) {
        guard request.caller.idempotencyKey != nil else { return }
        requests[node, default: []].append(request)
        if requests[node, default: []].count > 20 { requests[node]?.removeFirst() }
        guard !request.additions.isEmpty else { return }
        additions[node, default: []].append(request)
        if additions[node, default: []].count > 8 { additions[node]?.removeFirst() }
    }

    /// A node's disk was set back.
    mutating func setBack(_ node: Int) { forgotten[node] = additions[node] }

    mutating func earlierRequest(
        to node: Int,
        _ random: inout SeededRandom
    ) -> ClientRequest? {
        if let count = forgotten[node]?.count, count > 0, random.chance(800) {
            return forgotten[node]?.remove(at: count - 1 - random.below(min(count, 3)))
        }
        return random.pick(requests[node] ?? [])
    }
}
