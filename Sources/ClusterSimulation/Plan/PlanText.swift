/// A plan as text, so that what found a bug is kept as it was shortened.
///
/// | line                      | meaning                                               |
/// |---------------------------|-------------------------------------------------------|
/// | `# ...`                   | a remark                                              |
/// | `seed 17`                 | of what is drawn beside the events                    |
/// | `members 3`               | how many nodes                                        |
/// | `sync off`                | syncs do nothing; `on` if left out                    |
/// | `liar 2`                  | the member that lies; left out: none does             |
/// | `faults-until 60000`      | virtual milliseconds                                  |
/// | `1500 1 create 9f3a12`    | at 1,500 ms, at node 1: the action, and its salt      |
extension SimulationPlan {
    package var text: String {
        var lines = [
            "seed \(seed)", "members \(memberCount)", "sync \(syncs ? "on" : "off")",
            "faults-until \(faultMilliseconds)",
        ]
        if let liar { lines.append("liar \(liar)") }
        for event in events {
            let salt = String(event.salt, radix: 16)
            lines.append("\(event.at) \(event.node) \(event.action.rawValue) \(salt)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Throws with the first line that is none of a plan's.
    package init(text: String) throws(PlanTextError) {
        self.init(seed: 0, memberCount: 3, syncs: true, faultMilliseconds: 60_000, events: [])
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        where !line.isEmpty && !line.hasPrefix("#") {
            guard read(line.split(separator: " ").map(String.init)) else {
                throw PlanTextError(line: index + 1, text: String(line))
            }
        }
        if let liar, liar >= memberCount {
            throw PlanTextError(line: 0, text: "liar \(liar) of \(memberCount) members")
        }
        for event in events where !(0..<memberCount).contains(event.node) {
            throw PlanTextError(line: 0, text: "node \(event.node) of \(memberCount) members")
        }
    }

    private mutating func read(_ words: [String]) -> Bool {
        switch (words.first, words.dropFirst().first, words.count) {
        case ("seed"?, let value?, 2): seed = UInt64(value) ?? 0
        case ("members"?, let value?, 2):
            guard let count = Int(value), count >= 2 else { return false }
            memberCount = count
        case ("sync"?, let value?, 2): syncs = value == "on"
        case ("liar"?, let value?, 2):
            guard let index = Int(value), index >= 0 else { return false }
            liar = index
        case ("faults-until"?, let value?, 2):
            guard let until = Int64(value) else { return false }
            faultMilliseconds = until
        case (let at?, let node?, 4):
            guard let at = Int64(at), let node = Int(node),
                let action = PlannedAction(rawValue: words[2]),
                let salt = UInt64(words[3], radix: 16)
            else { return false }
            events.append(PlannedEvent(at: at, node: node, action: action, salt: salt))
        default: return false
        }
        return true
    }
}

package struct PlanTextError: Error, CustomStringConvertible {
    /// From 1; 0 for the whole.
    package let line: Int
    package let text: String

    package var description: String { "line \(line) is none of a scenario's: \(text)" }
}
