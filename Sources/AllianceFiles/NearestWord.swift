/// The word that was probably meant.
enum NearestWord {
    /// The nearest of the words, if at most a third of the letters differ (two at least).
    static func to(_ word: String, of words: [String]) -> String? {
        let written = Array(word.prefix(64).lowercased().unicodeScalars)
        let bound = max(2, written.count / 3)
        let nearest = words.map { ($0, distance(written, Array($0.lowercased().unicodeScalars))) }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }
        guard let (candidate, distance) = nearest, distance <= bound,
            distance < candidate.unicodeScalars.count
        else { return nil }
        return candidate
    }

    /// Levenshtein's: insertions, deletions and replacements.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
