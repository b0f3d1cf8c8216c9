import AllianceModel
import NodeStore
import ReplicationCore

extension Simulation {
    /// What rests at the end of a record that its node does not know: nobody has the record and may
    /// show it there.
    ///
    /// Of records that it knows the model says whether anything waits in vain.
    func checkResting() throws(StoreError) {
        for node in nodes where !node.isClone && !isLiar(node.member) {
            guard let ledger = node.engine?.ledger else { continue }
            for held in try ledger.store.held(after: 0, limit: .max) where held.rests {
                coverage.count(.held, "rests")
                guard let key = held.key, !isLiar(held.author), try ledger.store.record(key) == nil
                else { continue }
                for other in nodes where try isWithheld(key, from: node.member, by: other) {
                    find(
                        .stuck,
                        "\(name(node)) lets rest what \(name(other)) has of \(key.identifier): "
                            + held.reason.rawValue
                    )
                }
            }
        }
    }

    /// Whether an honest node has a record that a member may see.
    private func isWithheld(
        _ key: RecordKey,
        from member: MemberCode,
        by node: SimulatedNode
    ) throws(StoreError) -> Bool {
        guard !node.isClone, !isLiar(node.member), node.member != member,
            let ledger = node.engine?.ledger, let stored = try ledger.store.record(key)
        else { return false }
        let folding = RecordFolding(
            reader: ledger.store,
            agreement: ledger.agreement,
            facts: ledger.facts
        )
        let (state, definition) = try folding.state(of: stored)
        return definition.widestScope == .alliance
            || RecordView(state, definition).parties.contains(member)
    }
}
