package import AllianceModel

extension RecordState {
    /// A record of which nothing is applied yet.
    init(beginning key: RecordKey, _ header: RecordHeader, at timestamp: HybridTimestamp) {
        self.init(
            key: key,
            header: header,
            created: timestamp,
            updated: timestamp,
            fields: [],
            turns: []
        )
    }

    package func field(_ name: Text) -> FieldState? {
        // A record has a handful of written fields: a scan beats a search.
        fields.first { $0.name == name }
    }

    /// Joins one write, all of whose predecessors are applied.
    ///
    /// So nothing applied before can cover it: it takes away what it had seen, and stands.
    mutating func apply(
        _ write: Write,
        _ register: Register,
        at timestamp: HybridTimestamp,
        _ journal: inout [JournalEntry]
    ) {
        let index = indexMakingRoom(for: write.field)
        fields[index].applied.insert(write.dot)
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
        case .union: fields[index].joinElements(write, timestamp)
        case .latest, .stage: fields[index].joinSibling(write, timestamp, &journal)
        // Held by the judge: nothing says how it would join.
        case .unsupported: return
        }
    }

    private mutating func indexMakingRoom(for name: Text) -> Int {
        if let last = fields.last, last.name < name {
            fields.append(FieldState(name))
            return fields.count - 1
        }
        let index = fields.firstIndex { $0.name >= name } ?? fields.count
        if index == fields.count || fields[index].name != name {
            fields.insert(FieldState(name), at: index)
        }
        return index
    }
}

extension FieldState {
    fileprivate init(_ name: Text) {
        self.init(name: name, applied: CausalContext(), standing: [], lost: [])
    }

    /// The write replaces the siblings that it had seen; those that it saw standing but not shown go
    /// to the journal.
    fileprivate mutating func joinSibling(
        _ write: Write,
        _ timestamp: HybridTimestamp,
        _ journal: inout [JournalEntry]
    ) {
        lost.formSortedUnion(write.lost)
        for dot in write.lost {
            guard let gone = standing.first(where: { $0.dot == dot }) else { continue }
            journal.append(
                JournalEntry(
                    field: name,
                    dot: dot,
                    timestamp: gone.timestamp,
                    value: gone.value,
                    decidedBy: write.dot
                )
            )
        }
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
    fileprivate mutating func formSortedUnion(_ other: [Dot]) {
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
