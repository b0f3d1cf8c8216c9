/// A table: for eyes with aligned columns, for programs with tabs.
struct Listing: Sendable {
    struct Column: Sendable {
        var title: String
        /// The name in the first line of `-o tsv`.
        var key: String
        var minimumWidth = 0
        /// Shown by `-o wide` and `-o tsv` only.
        var isWide = false
        /// Left out of `-o tsv`: another column has the same in exact form.
        var isForEyesOnly = false
    }

    struct Cell: Sendable {
        /// For people, abbreviated.
        var shown: String
        /// For programs, in full.
        var exact: String
        var colour: Ink.Colour

        init(_ shown: String, exact: String? = nil, colour: Ink.Colour = .plain) {
            self.shown = shown
            self.exact = exact ?? shown
            self.colour = colour
        }

        /// What is not there: `-` for people, nothing for programs.
        static let absent = Cell("-", exact: "")

        static func optional(_ text: String?) -> Cell {
            text.map { $0.isEmpty ? .absent : Cell($0) } ?? .absent
        }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    func text(_ format: OutputFormat, ink: Ink) -> String {
        format == .tsv ? tabSeparated() : table(wide: format == .wide, ink: ink)
    }

    func table(wide: Bool, ink: Ink) -> String {
        let chosen = columns.indices.filter { wide || !columns[$0].isWide }
        let cells = rows.map { row in chosen.map { (Escaping.shown(row[$0].shown), row[$0].colour) }
        }
        let titles = chosen.map { (columns[$0].title, Ink.Colour.bold) }
        let lines = [titles] + cells
        let widths = chosen.indices.map { position in
            lines.reduce(columns[chosen[position]].minimumWidth) {
                max($0, DisplayWidth.of($1[position].0))
            }
        }
        return lines.map { line(of: $0, widths: widths, ink: ink) }.joined()
    }

    /// Two blanks between columns, none behind the last.
    private func line(of cells: [(String, Ink.Colour)], widths: [Int], ink: Ink) -> String {
        var text = ""
        for (position, (cell, colour)) in cells.enumerated() {
            text += ink(cell, colour)
            guard position + 1 < cells.count else { break }
            text += String(repeating: " ", count: widths[position] - DisplayWidth.of(cell) + 2)
        }
        return text + "\n"
    }

    func tabSeparated() -> String {
        let chosen = columns.indices.filter { !columns[$0].isForEyesOnly }
        let head = chosen.map { columns[$0].key }.joined(separator: "\t")
        let lines = rows.map { row in
            chosen.map { Escaping.tabSeparated(row[$0].exact) }.joined(separator: "\t")
        }
        return ([head] + lines).map { $0 + "\n" }.joined()
    }
}
