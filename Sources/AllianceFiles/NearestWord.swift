/// The word that was probably meant.
enum NearestWord {
    /// The nearest of the words, if at most a third of the letters differ (one at least).
    static func to(_ word: String, of words: [String]) -> String? {
        let written = Array(word.prefix(64).lowercased().unicodeScalars)
        let bound = max(1, written.count / 3)
        let nearest = words.map { ($0, distance(written, Array($0.lowercased().unicodeScalars))) }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }
        guard let (candidate, distance) = nearest, distance <= bound,
            distance < candidate.unicodeScalars.count
        else { return nil }
        return candidate
    }

    /// Insertions, deletions, replacements and exchanges of neighbours (optimal string alignment).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = last[column] + (letter == other ? 0 : 1)
                var least = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
