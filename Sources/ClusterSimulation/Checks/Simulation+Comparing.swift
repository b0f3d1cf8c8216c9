import AllianceModel
import NodeStore
import ReplicationCore

/// What nodes do in the background once all is quiet: any two compare what both may see, and ask for
/// what one of them lacks.
extension Simulation {
    /// True if anything was asked for.
    func compareAll() -> Bool {
        var asked = 0
        do throws(StoreError) {
            for (node, peer) in comparedPairs {
                let keys = try differences(node, peer).filter(\.isWanted).map(\.key)
                guard !keys.isEmpty else { continue }
                asked += keys.count
                coverage.count(.operation, "asked for after a comparison", keys.count)
                tell(node, .ask(keys, of: peer.member))
            }
        } catch {
            find(.broken, "a store cannot be read for a comparison: \(error)")
        }
        if asked > 0 {
            trace.note(now, 42, UInt64(asked), text: "\(asked) records are asked for")
        }
        return asked > 0
    }

    /// Every honest node with every other; of a large alliance each with the next ones.
    private var comparedPairs: [(SimulatedNode, SimulatedNode)] {
        let honest = nodes.filter { !$0.isClone && !isLiar($0.member) }
        let distance = min(honest.count - 1, 6)
        guard distance > 0 else { return [] }
        return honest.indices.flatMap { index in
            (1...distance).map { (honest[index], honest[(index + $0) % honest.count]) }
        }
    }

    /// Any two nodes show the same of what both may see.
    func checkDigests() throws(StoreError) {
        for (node, peer) in comparedPairs {
            let differences = try differences(node, peer)
            guard let first = differences.first else { continue }
            find(
                .differs,
                "\(name(node)) and \(name(peer)) show \(differences.count) records differently: "
                    + "\(first.key.identifier) \(first.reason.rawValue)"
            )
        }
    }

    private func differences(
        _ node: SimulatedNode,
        _ peer: SimulatedNode
    ) throws(StoreError) -> [RecordComparison.Difference] {
        guard let own = comparison(node, peer), let other = comparison(peer, node) else {
            return []
        }
        let (here, there) = (try own.buckets(), try other.buckets())
        guard here.digest != there.digest,
            let buckets = RecordComparison.differingBuckets(here.digests, there.digests)
        else { return [] }
        // What a liar stamped ahead of the time waits for it, and is there already where the clock was
        // ahead as well.
        let excepted = try postdated(node).union(postdated(peer)).union(halved())
        var differences: [RecordComparison.Difference] = []
        // Each bucket costs a reading of everything; what differs is seen in a few.
        for bucket in buckets.prefix(16) {
            differences += RecordComparison.differences(
                try own.records(inBucket: bucket),
                try other.records(inBucket: bucket)
            )
        }
        return differences.filter { !excepted.contains($0.key) }
    }

    /// Records of which the two halves of a copied machine changed the parties under one number, each
    /// in a feed of its own.
    ///
    /// No feed is forked by that, and nobody may be shown what the other half wrote for others: who has
    /// one copy takes it for valid until the member writes again.
    private func halved() throws(StoreError) -> Set<RecordKey> {
        var keys: Set<RecordKey> = []
        for node in nodes where !node.isClone && nodes.contains(where: { $0.isClone }) {
            guard let ledger = node.engine?.ledger else { continue }
            let folding = RecordFolding(
                reader: ledger.store,
                agreement: ledger.agreement,
                facts: ledger.facts
            )
            for stored in try ledger.store.records(after: nil, limit: .max) {
                let state = try folding.state(of: stored).state
                let voids = state.field(SystemField.parties)?.voids ?? []
                let isHalved = voids.contains { void in
                    void.verdict == .numberUsedTwice
                        && forkedIncarnations.contains(void.dot.writer.incarnation)
                }
                if isHalved { keys.insert(stored.key) }
            }
        }
        return keys
    }

    /// Records of which a node holds something of the liar's until its time has come.
    private func postdated(_ node: SimulatedNode) throws(StoreError) -> Set<RecordKey> {
        guard plan.liar != nil, let store = node.engine?.ledger.store else { return [] }
        let held = try store.held(after: 0, limit: .max)
        return Set(
            held.filter { $0.reason == .clockAhead && isLiar($0.author) }.compactMap(\.key)
        )
    }

    private func comparison(_ node: SimulatedNode, _ peer: SimulatedNode) -> RecordComparison? {
        guard let ledger = node.engine?.ledger else { return nil }
        return RecordComparison(
            reader: ledger.store,
            folding: RecordFolding(
                reader: ledger.store,
                agreement: ledger.agreement,
                facts: ledger.facts
            ),
            me: node.member,
            peer: peer.member,
            hash: Hashing.sha256
        )
    }
}
