import ClusterHarness
import Foundation

/// A link with nothing to do: CPU of both nodes, and TCP payload both ways.
enum Idle {
    private static let secondsLeast = 60

    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        let seconds = max(plan.seconds, secondsLeast)
        let rounds = try await plan.rounds { _ in
            try await Pair.with(counted: true) { pair in
                try await Task.sleep(for: .seconds(5))
                let (ticks, bytes) = (cpuTicks(pair), pair.cluster.links.bytesPassed)
                try await Task.sleep(for: .seconds(seconds))
                let spent = Double(cpuTicks(pair) - ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
                let passed = Double(pair.cluster.links.bytesPassed - bytes)
                return (
                    100 * spent / Double(seconds) / 2, passed * 60 / Double(seconds)
                )
            }
        }
        return [
            ReportLine("idle-cpu", rounds.map(\.0), "% of a core per node", plan),
            ReportLine("idle-bytes", rounds.map(\.1), "bytes/minute, TLS", plan),
        ]
    }

    private static func cpuTicks(_ pair: Pair) -> Int {
        [pair.a, pair.b].compactMap { $0.process?.pid }.map { pid in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            // Behind the name in brackets: the 12th and 13th field are user and system time.
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12 else { return 0 }
            return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
        }.reduce(0, +)
    }
}
