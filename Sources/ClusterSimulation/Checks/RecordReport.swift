import AllianceModel
import ClusterChecker
import NodeStore
import ReplicationCore

extension Simulation {
    /// Everything that the nodes have of a record by its printed id, line by line, for a reader who
    /// looks for what went wrong.
    package func report(on id: String) -> [String] {
        var lines: [String] = []
        for node in nodes where !node.isClone {
            guard let ledger = node.engine?.ledger else { continue }
            do throws(StoreError) {
                let observation = try Observation(node, ledger).model(isHonest: true)
                for (key, sight) in observation.records.sorted(by: { $0.key < $1.key })
                where key.description == id {
                    lines.append(
                        "at \(name(node)): home \(key.home), parties \(sight.shown.parties)"
                    )
                    lines += words(sight)
                    lines += words(ledger.facts)
                }
            } catch {
                lines.append("\(name(node)) cannot be read: \(error.kind)")
            }
        }
        return lines
    }

    /// What was said of incarnations and feeds, as far as this node goes by it.
    private func words(_ facts: RecordFacts) -> [String] {
        facts.gone.map { "  \($0) is gone" }.sorted()
            + facts.ceilings.map { "  \($0) counts as at most \($1)" }.sorted()
            + facts.forks.map { "  feed \($0) is forked from \($1)" }.sorted()
    }

    private func words(_ sight: ModelSight) -> [String] {
        let order = sight.received.sorted {
            ($0.field, $0.timestamp, $0.dot) < ($1.field, $1.timestamp, $1.dot)
        }
        var lines = order.map { write in
            let context = write.context.sorted { $0.key < $1.key }
                .map { "\($0.key)#\($0.value)" }.joined(separator: " ")
            let ground = write.ground.map { ", on \($0)" } ?? ""
            let lost = write.lost.isEmpty ? "" : ", lost \(write.lost.sorted())"
            let state =
                sight.shown.held[write.id].map { "held \($0.rawValue)" }
                ?? sight.shown.verdicts[write.id].map(\.rawValue) ?? "not applied"
            let request = write.requestID.map { ", request \($0.prefix(3))" } ?? ""
            let feed = Hexadecimal.encode(write.place.feed.prefix(3))
            return
                "  \(write.field) \(write.dot) at \(write.timestamp), \(write.place.sequence) of "
                + "\(feed): \(write.value), "
                + "saw [\(context)]\(ground)\(lost)\(request): \(state)"
        }
        for (field, shown) in sight.shown.shown.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(field) shows \(shown)")
        }
        for conflict in sight.shown.conflicts.sorted(by: { $0.name < $1.name }) {
            lines.append(
                "  conflict \(conflict.name) \(conflict.field?.string ?? ""): "
                    + "\(conflict.dots.sorted())"
            )
        }
        return lines
    }
}
