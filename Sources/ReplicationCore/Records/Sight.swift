import AllianceModel

/// What a write may say that its writer had seen of a field: within the limits of an entry.
///
/// Saying less than one has seen is always honest: what is left out stays a sibling, or was covered
/// by something that is said. So a field that thousands of incarnations wrote can still be written.
struct Sight: Hashable {
    private(set) var context = CausalContext()
    private(set) var lost: [Dot] = []

    init() {}

    /// `lost` are the standing writes that are not shown, sorted.
    init(of field: FieldState, lost: [Dot]) {
        context = field.applied
        self.lost = lost
        if context.entries.count > EntryCoding.contextCountMaximum {
            // What stands covers, directly or through others, all the rest that was applied.
            var standing: [CausalContext.Entry] = []
            for write in field.standing where standing.last?.writer != write.dot.writer {
                let number = field.applied.number(of: write.dot.writer)
                standing.append(CausalContext.Entry(writer: write.dot.writer, number: number))
            }
            limit(to: Array(standing.prefix(EntryCoding.contextCountMaximum)))
            self.lost.removeAll { !context.contains($0) }
        }
        if self.lost.count > EntryCoding.lostCountMaximum {
            forget(self.lost[EntryCoding.lostCountMaximum...])
            self.lost.removeLast(self.lost.count - EntryCoding.lostCountMaximum)
        }
    }

    /// Has not seen these, nor what their writers wrote after them.
    private mutating func forget(_ dots: ArraySlice<Dot>) {
        var entries = context.entries
        for dot in dots.reversed() {
            guard let index = entries.firstIndex(where: { $0.writer == dot.writer }) else {
                continue
            }
            entries[index].number = min(entries[index].number, dot.number - 1)
        }
        limit(to: entries.filter { $0.number >= 1 })
    }

    private mutating func limit(to entries: [CausalContext.Entry]) {
        context = CausalContext(sorted: entries) ?? CausalContext()
    }
}
