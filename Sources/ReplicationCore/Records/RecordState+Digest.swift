package import AllianceModel

extension RecordState {
    /// SHA-256 over what two members must have alike of a record: its key and, for every written
    /// field of these scopes, its siblings, what was let go and what is void; with the widest scope
    /// also turns, assignments and whether it is deleted.
    ///
    /// What is shown is a function of these. Left out are the applied contexts, which name writes, not
    /// values, and what is forked: each member may hold another branch of it. What stands on a forked
    /// turn is `overruled` for those who hold that branch and `ground_gone` for the others: here they
    /// are alike.
    package func digest(
        scopes: Set<Scope>,
        definition: ItemDefinition,
        hash: HashFunction
    ) -> Digest {
        var writer = ProtobufWriter(capacity: 256)
        writer.bytes(1, key.encoded)
        for field in fields {
            guard let scope = definition.scope(of: field.name), scopes.contains(scope),
                let bare = field.compared
            else { continue }
            writer.message(2) { bare.encode(into: &$0) }
        }
        if scopes.contains(definition.widestScope) {
            for turn in turns { writer.message(3) { turn.encode(into: &$0) } }
            for assignment in assignments { writer.message(4) { assignment.encode(into: &$0) } }
            if isDeleted { writer.varint(5, 1) }
        }
        return writer.bytes.withUnsafeBytes { hash($0) }
    }

    /// Whether there is anything of that scope to compare: who has the scope and nothing else of the
    /// record does not have the record.
    ///
    /// What only a fork had is nothing to anybody: others hold another branch, or none.
    package func isWritten(_ scope: Scope, _ definition: ItemDefinition) -> Bool {
        fields.contains { definition.scope(of: $0.name) == scope && $0.compared != nil }
    }

    /// Home, accepting and the added parties, sorted.
    package func parties(_ definition: ItemDefinition) -> [MemberCode] {
        RecordView(self, definition).parties
    }
}

extension FieldState {
    /// Nil if there is nothing to compare.
    fileprivate var compared: FieldState? {
        var bare = self
        bare.applied = CausalContext()
        bare.reviewed = CausalContext()
        if !bare.voids.isEmpty {
            bare.voids.removeAll { $0.verdict == .forked }
            for index in bare.voids.indices {
                bare.voids[index].isCovered = false
                if bare.voids[index].verdict == .groundGone {
                    bare.voids[index].verdict = .overruled
                }
            }
            bare.voids.sort()
        }
        return bare.standing.isEmpty && bare.lost.isEmpty && bare.voids.isEmpty ? nil : bare
    }
}
