package import AllianceModel

extension RecordState {
    /// SHA-256 over what two members must have alike of a record: its key and, for every written
    /// field of these scopes, its siblings and what was let go; with the widest scope also the
    /// turns.
    ///
    /// What is shown is a function of these. The applied contexts are left out: they name writes,
    /// not values.
    package func digest(
        scopes: Set<Scope>,
        definition: ItemDefinition,
        hash: HashFunction
    ) -> Digest {
        var writer = ProtobufWriter(capacity: 256)
        writer.bytes(1, key.encoded)
        for field in fields {
            guard let scope = definition.scope(of: field.name), scopes.contains(scope) else {
                continue
            }
            var bare = field
            bare.applied = CausalContext()
            guard !bare.standing.isEmpty || !bare.lost.isEmpty else { continue }
            writer.message(2) { bare.encode(into: &$0) }
        }
        if scopes.contains(definition.widestScope) {
            for turn in turns { writer.message(3) { turn.encode(into: &$0) } }
        }
        return writer.bytes.withUnsafeBytes { hash($0) }
    }

    /// Home, accepting and the added parties, sorted.
    package func parties(_ definition: ItemDefinition) -> [MemberCode] {
        RecordView(self, definition).parties
    }
}
