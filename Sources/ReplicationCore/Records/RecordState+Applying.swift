package import AllianceModel

extension RecordState {
    /// A record of which nothing is applied yet: created when its id was drawn, as far as is known.
    init(beginning key: RecordKey, _ header: RecordHeader) {
        self.init(
            key: key,
            header: header,
            created: HybridTimestamp(milliseconds: key.identifier.uuid.high >> 16, counter: 0),
            updated: .zero,
            fields: [],
            turns: []
        )
    }

    /// Takes the origin's changesets for what they say of the creation: the earliest of them is it.
    ///
    /// `isFirst`: nothing of the origin's is applied yet.
    mutating func noteCreation(_ changeset: Changeset, isFirst: Bool) {
        if isFirst || changeset.timestamp < created {
            created = changeset.timestamp
            creationRequest = changeset.requestID
        } else if changeset.timestamp == created {
            creationRequest = Self.least(creationRequest, changeset.requestID)
        }
    }

    static func least(_ left: Bytes?, _ right: Bytes?) -> Bytes? {
        guard let left, let right else { return left ?? right }
        return left.lexicographicallyPrecedes(right) ? left : right
    }

    package func field(_ name: Text) -> FieldState? { fields.place(of: name).map { fields[$0] } }

    /// Joins one valid write, all of whose predecessors are applied.
    ///
    /// So nothing applied before can cover it: it takes away what it had seen, and stands.
    mutating func join(
        _ write: Write,
        _ register: Register,
        at timestamp: HybridTimestamp
    ) {
        if register.hasSiblings, fields.isEmpty || fields[fields.count - 1].name < write.field {
            // The first write of a field, as in every creation: made as a whole.
            fields.append(FieldState(first: write, at: timestamp))
            return
        }
        let index = indexMakingRoom(for: write.field)
        fields[index].applied.insert(write.dot)
        if !write.lost.isEmpty { fields[index].lost.formSortedUnion(write.lost) }
        if !fields[index].isPlain { fields[index].coverVoids(write.context) }
        switch register {
        case .turn:
            guard case .single(.member(let holder)) = ValueCoding.decode(write.value) else {
                return
            }
            turns.insertSorted(
                Turn(
                    dot: write.dot,
                    ground: write.ground,
                    holder: holder,
                    timestamp: timestamp
                )
            )
        case .union, .parties: fields[index].joinElements(write, timestamp)
        case .sum: fields[index].joinAddition(write, timestamp)
        case .latest, .review, .maximum, .minimum, .once, .stage, .handling, .deletion:
            fields[index].joinSibling(write, timestamp)
        // Held by the judge: nothing says how it would join.
        case .unsupported: return
        }
        guard register == .parties else { return }
        everParties = Set(everParties).union(Self.added(write)).sorted()
    }

    private static func added(_ write: Write) -> [MemberCode] {
        guard case .elements(let add, _) = ValueCoding.decode(write.value) else { return [] }
        return add.compactMap { if case .member(let member) = $0 { member } else { nil } }
    }

    /// Takes in a write that counts for nothing.
    mutating func note(_ write: Write, _ verdict: Verdict, at timestamp: HybridTimestamp) {
        let index = indexMakingRoom(for: write.field)
        fields[index].applied.insert(write.dot)
        fields[index].voids.append(
            VoidWrite(
                dot: write.dot,
                verdict: verdict,
                timestamp: timestamp,
                ground: write.ground,
                value: write.value.copied
            )
        )
        fields[index].voids.sort()
    }

    private mutating func indexMakingRoom(for name: Text) -> Int {
        if fields.isEmpty || fields[fields.count - 1].name < name {
            fields.append(FieldState(name))
            return fields.count - 1
        }
        if let place = fields.place(of: name) { return place }
        let index = fields.firstIndex { $0.name > name } ?? fields.count
        fields.insert(FieldState(name), at: index)
        return index
    }
}

extension Changeset {
    /// The request that made it; nil if its client gave no key.
    package var requestID: Bytes? {
        // By index: a loop over the writes themselves would copy each.
        for index in writes.indices {
            if let requestID = writes[index].requestID { return requestID }
        }
        return nil
    }
}

extension [FieldState] {
    /// A record has a handful of written fields: a scan beats a search.
    func place(of name: Text) -> Int? {
        withUnsafeBufferPointer { fields in
            for index in fields.indices where fields[index].name.utf8 == name.utf8 { return index }
            return nil
        }
    }
}

extension FieldState {
    /// Of a register with siblings, with the first write to it.
    fileprivate init(first write: Write, at timestamp: HybridTimestamp) {
        var applied = CausalContext()
        applied.insert(write.dot)
        let standing = StandingWrite(
            dot: write.dot,
            timestamp: timestamp,
            ground: write.ground,
            value: write.value.copied
        )
        self.init(name: write.field, applied: applied, standing: [standing], lost: write.lost)
    }

    init(_ name: Text) {
        self.init(name: name, applied: CausalContext(), standing: [], lost: [])
    }

    fileprivate mutating func coverVoids(_ context: CausalContext) {
        var seen = voids
        for index in seen.indices where context.contains(seen[index].dot) {
            seen[index].isCovered = true
        }
        if seen != voids { voids = seen }
    }

    /// Every addition stands: what was seen of others changes no total.
    fileprivate mutating func joinAddition(_ write: Write, _ timestamp: HybridTimestamp) {
        if !write.context.isEmpty { reviewed.formUnion(write.context) }
        standing.insertSorted(
            StandingWrite(
                dot: write.dot,
                timestamp: timestamp,
                ground: write.ground,
                value: write.value.copied,
                requestID: write.requestID
            )
        )
    }

    /// The write replaces the siblings that it had seen.
    fileprivate mutating func joinSibling(_ write: Write, _ timestamp: HybridTimestamp) {
        if !standing.isEmpty { standing.removeAll { write.context.contains($0.dot) } }
        standing.insertSorted(
            StandingWrite(
                dot: write.dot,
                timestamp: timestamp,
                ground: write.ground,
                value: write.value.copied
            )
        )
    }

    /// Observed-remove set: a remove covers the adds that it had seen, and an add renews the same
    /// element; an add that the remover had not seen stands.
    fileprivate mutating func joinElements(_ write: Write, _ timestamp: HybridTimestamp) {
        guard case .elements(let add, let remove) = ValueCoding.decode(write.value) else { return }
        if !standing.isEmpty {
            let named = Set(add).union(remove)
            standing = standing.compactMap { earlier in
                write.context.contains(earlier.dot) ? earlier.leaving(out: named) : earlier
            }
        }
        guard !add.isEmpty else { return }
        standing.insertSorted(
            StandingWrite(
                dot: write.dot,
                timestamp: timestamp,
                ground: write.ground,
                value: ValueCoding.encode(.elements(add: add, remove: []))
            )
        )
    }
}

extension StandingWrite {
    /// The write without those elements; nil if none is left.
    fileprivate func leaving(out named: Set<FieldValue>) -> StandingWrite? {
        guard case .elements(let elements, _) = ValueCoding.decode(value[...]) else { return self }
        let left = elements.filter { !named.contains($0) }
        guard !left.isEmpty else { return nil }
        guard left.count < elements.count else { return self }
        var rest = self
        rest.value = ValueCoding.encode(.elements(add: left, remove: []))
        return rest
    }
}

extension VoidWrite: Comparable {
    package static func < (left: VoidWrite, right: VoidWrite) -> Bool {
        if left.dot != right.dot { return left.dot < right.dot }
        if left.verdict != right.verdict { return left.verdict.rawValue < right.verdict.rawValue }
        if left.timestamp != right.timestamp { return left.timestamp < right.timestamp }
        if left.value != right.value { return left.value.lexicographicallyPrecedes(right.value) }
        switch (left.ground, right.ground) {
        case (nil, nil), (_, nil): return false
        case (nil, _): return true
        case (let left?, let right?): return left < right
        }
    }
}

/// What is kept sorted by its dot.
private protocol Dotted {
    var dot: Dot { get }
}

extension StandingWrite: Dotted {}
extension Turn: Dotted {}

extension Array where Element: Dotted {
    fileprivate mutating func insertSorted(_ element: Element) {
        guard !isEmpty, element.dot < self[count - 1].dot else {
            append(element)
            return
        }
        insert(element, at: firstIndex { $0.dot > element.dot } ?? count)
    }
}

extension [Dot] {
    /// Both sorted, each dot once.
    mutating func formSortedUnion(_ other: [Dot]) {
        guard !other.isEmpty else { return }
        var union: [Dot] = []
        union.reserveCapacity(count + other.count)
        var rest = other[...]
        for dot in self {
            let before = rest.prefix { $0 < dot }
            union.append(contentsOf: before)
            rest = rest.dropFirst(before.count)
            if rest.first == dot { rest.removeFirst() }
            union.append(dot)
        }
        self = union + rest
    }
}
