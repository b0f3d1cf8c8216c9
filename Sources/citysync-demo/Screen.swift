import ClusterHarness
import Foundation

/// What the audience sees: one line a step, with the seconds since the beginning.
struct Screen: Sendable {
    private let start = ContinuousClock.now

    static func complain(_ text: String) {
        FileHandle.standardError.write(Data("citysync-demo: \(text)\n".utf8))
    }

    func title(_ text: String) { put("\n\(text)\n") }

    func step(_ text: String) {
        let elapsed = Screen.seconds(ContinuousClock.now - start)
        put("\(padded(elapsed, 7))  \(text)")
    }

    /// A line that belongs to the step above.
    func more(_ text: String) { put(String(repeating: " ", count: 9) + text) }

    func blank() { put("") }

    func raw(_ text: String) { put(text) }

    private func put(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static func seconds(_ duration: Duration) -> String {
        let tenths = Int(milliseconds(duration) / 100)
        return "\(tenths / 10).\(tenths % 10) s"
    }

    static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1_000 + Double(attoseconds) / 1e15
    }

    /// A row a city: what it and each other city both may see, as count and digest.
    ///
    /// Returns whether every pair agrees.
    func show(_ convergence: Convergence) -> Bool {
        let members = convergence.members
        let width = 16
        row(["shared with"] + members, width)
        for asked in members {
            let cells = members.map { other -> String in
                guard asked != other else { return "-" }
                let pair = Convergence.Pair(asked: asked, other: other)
                guard let found = convergence.comparisons[pair] else { return "?" }
                guard found.failure == nil else { return "?" }
                return "\(found.records) \(found.digest.prefix(8))" + (found.isEqual ? "" : " !")
            }
            row([asked] + cells, width)
        }
        let differences = convergence.differences
        for difference in differences { raw("    NOT EQUAL  \(difference)") }
        return differences.isEmpty
    }

    private func row(_ cells: [String], _ width: Int) {
        let head = cells.dropLast().map { left($0, width) }.joined()
        raw("    " + head + (cells.last ?? ""))
    }

    private func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
