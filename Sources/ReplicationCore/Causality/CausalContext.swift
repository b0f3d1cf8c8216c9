/// The writes to one field that a writer had applied: for each writer, all numbers up to one.
///
/// A version vector, not a timestamp, because a timestamp cannot say that something is missing.
package struct CausalContext: Hashable, Sendable {
    /// One writer's share: every number from 1 to `number`, which is at least 1.
    package struct Entry: Hashable, Sendable {
        package var writer: Writer
        package var number: UInt64

        package init(writer: Writer, number: UInt64) {
            self.writer = writer
            self.number = number
        }
    }

    /// Sorted by writer, each writer once.
    package private(set) var entries: [Entry] = []

    package init() {}

    /// Nil unless the entries are strictly sorted by writer and every number is at least 1: there is
    /// one encoding of one context.
    package init?(sorted entries: [Entry]) {
        for index in entries.indices {
            guard entries[index].number >= 1 else { return nil }
            guard index == 0 || entries[index - 1].writer < entries[index].writer else {
                return nil
            }
        }
        self.entries = entries
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The greatest number of that writer, 0 if none.
    package func number(of writer: Writer) -> UInt64 {
        guard let index = index(of: writer) else { return 0 }
        return entries[index].number
    }

    package func contains(_ dot: Dot) -> Bool { dot.number <= number(of: dot.writer) }

    /// True if every write of `other` is one of this context's.
    package func covers(_ other: CausalContext) -> Bool {
        other.entries.allSatisfy { $0.number <= number(of: $0.writer) }
    }

    package mutating func insert(_ dot: Dot) {
        let index = insertionIndex(of: dot.writer)
        if index == entries.count {
            entries.append(Entry(writer: dot.writer, number: dot.number))
        } else if entries[index].writer == dot.writer {
            entries[index].number = max(entries[index].number, dot.number)
        } else {
            entries.insert(Entry(writer: dot.writer, number: dot.number), at: index)
        }
    }

    /// Afterwards every write of either is one of this context's.
    package mutating func formUnion(_ other: CausalContext) {
        guard !other.isEmpty else { return }
        guard !isEmpty else {
            self = other
            return
        }
        var union: [Entry] = []
        union.reserveCapacity(max(entries.count, other.entries.count))
        var rest = other.entries[...]
        for entry in entries {
            while let next = rest.first, next.writer < entry.writer {
                union.append(next)
                rest.removeFirst()
            }
            if let next = rest.first, next.writer == entry.writer {
                let number = max(entry.number, next.number)
                union.append(Entry(writer: entry.writer, number: number))
                rest.removeFirst()
            } else {
                union.append(entry)
            }
        }
        entries = union + rest
    }

    private func index(of writer: Writer) -> Int? {
        let index = insertionIndex(of: writer)
        return index < entries.count && entries[index].writer == writer ? index : nil
    }

    private func insertionIndex(of writer: Writer) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].writer < writer { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
