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
    }

    func earlierRequest(to node: Int, _ random: inout SeededRandom) -> ClientRequest? {
        random.pick(requests[node] ?? [])
    }
}
